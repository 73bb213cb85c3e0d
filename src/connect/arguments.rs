//! The arguments that sftp, sshfs, rclone and lftp append, because they take us for ssh.

/// What an SSH client would have been asked to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SshArguments {
    /// `-s`: the command is the name of a subsystem.
    pub subsystem: bool,
    /// `-l`
    pub user: Option<String>,
    /// `-o`: options of ssh_config(5).
    pub options: Vec<String>,
    /// Destination and command, as they came.
    pub rest: Vec<String>,
}

impl SshArguments {
    /// The user that the calling program wants to be, from `-l` or `user@host`.
    pub fn user(&self) -> Option<&str> {
        let destination = || self.rest.first()?.rsplit_once('@').map(|(user, _)| user);
        self.user.as_deref().or_else(destination).filter(|user| !user.is_empty())
    }

    /// Whether nobody may be asked: `sftp -b` and scripts say so, and would wait for ever. Of several values the first
    /// counts, as in ssh.
    pub fn is_batch(&self) -> bool {
        let mut values = self.options.iter().filter_map(|option| {
            let (name, value) = option.trim().split_once(|c: char| c == '=' || c.is_ascii_whitespace())?;
            name.eq_ignore_ascii_case("BatchMode").then_some(value)
        });
        let value = values.next().unwrap_or_default();
        let value = value.trim_matches(|c: char| c == '=' || c == '"' || c.is_ascii_whitespace());
        value.eq_ignore_ascii_case("yes") || value.eq_ignore_ascii_case("true")
    }

    /// Whether it is SFTP that is asked for. rclone for one also tries to run commands, and must learn at
    /// once that there is no shell.
    ///
    /// # Errors
    /// A sentence for the user.
    pub fn check(&self) -> Result<(), String> {
        match (self.subsystem, self.rest.last().map(String::as_str)) {
            (false, None) | (true, None | Some("sftp")) => Ok(()),
            (true, Some(other)) => {
                Err(format!("there is no subsystem but sftp here, and {other:?} was asked for"))
            }
            (false, Some(_)) => Err("there is no shell here, only the subsystem sftp (-s sftp)".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(subsystem: bool, rest: &[&str]) -> SshArguments {
        let rest = rest.iter().map(|text| (*text).to_owned()).collect();
        SshArguments { subsystem, rest, ..SshArguments::default() }
    }

    #[test]
    fn what_sftp_sshfs_rclone_and_lftp_append_is_understood() {
        for (subsystem, rest) in [
            (false, &[][..]),               // sftp -D
            (true, &["user@host", "sftp"]), // sshfs, sftp -S
            (true, &["sftp"]),              // rclone
            (true, &["host", "sftp"]),      // lftp
        ] {
            assert_eq!(arguments(subsystem, rest).check(), Ok(()), "{rest:?}");
        }
    }

    #[test]
    fn a_shell_command_fails_at_once() {
        for rest in [&["echo x"][..], &["host", "md5sum", "x"], &["sftp"]] {
            assert!(arguments(false, rest).check().is_err(), "{rest:?}");
        }
        assert!(arguments(true, &["host", "netconf"]).check().is_err());
    }

    #[test]
    fn the_user_comes_from_dash_l_or_the_destination() {
        assert_eq!(arguments(true, &["a@b@host", "sftp"]).user(), Some("a@b"));
        assert_eq!(arguments(true, &["host", "sftp"]).user(), None);
        let named = SshArguments { user: Some("l".to_owned()), ..arguments(true, &["a@host", "sftp"]) };
        assert_eq!(named.user(), Some("l"));
    }

    #[test]
    fn batch_mode_is_understood_in_every_spelling_and_the_first_one_counts() {
        let is_batch = |options: &[&str]| {
            let options = options.iter().map(|text| (*text).to_owned()).collect();
            SshArguments { options, ..SshArguments::default() }.is_batch()
        };
        for option in ["batchmode yes", "BatchMode=yes", " BatchMode = \"yes\"", "BATCHMODE\ttrue"] {
            assert!(is_batch(&["ForwardX11 no", option]), "{option}");
        }
        for options in [&[][..], &["BatchMode no", "BatchMode yes"], &["BatchMode"], &["BatchModeX yes"]] {
            assert!(!is_batch(options), "{options:?}");
        }
    }
}
