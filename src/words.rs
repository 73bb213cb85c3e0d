//! Times, counts, and files that cannot be read or written, as they are told to people.

use std::fmt::{self, Display};
use std::io;
use std::time::Duration;

use rustls_pki_types::pem;

/// A time in the largest unit of which it is a whole number: `20 seconds`, `15 minutes`, `24 hours`. Never rounded: it
/// is told beside `Retry-After`, and must say the same.
pub fn time(time: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    let (seconds, part) = (time.as_secs(), time.subsec_nanos());
    match seconds {
        _ if part > 0 => format!("{} seconds", time.as_secs_f64()),
        HOUR.. if seconds.is_multiple_of(HOUR) => counted(seconds / HOUR, "hour"),
        MINUTE.. if seconds.is_multiple_of(MINUTE) => counted(seconds / MINUTE, "minute"),
        _ => counted(seconds, "second"),
    }
}

/// So many of something: `1 session`, `2 sessions`.
pub fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Why a file that the operator has named cannot be read. Whoever runs the bridge in a container or as a service mostly
/// does not know as whom: where rights are lacking, this says whose.
#[derive(Debug)]
pub struct Unreadable(pub io::Error);

impl Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unreadable(error) = self;
        if error.kind() != io::ErrorKind::PermissionDenied {
            return write!(f, "cannot be read: {error}");
        }
        let user = rustix::process::geteuid().as_raw();
        write!(f, "cannot be read by uid {user}: {error}; let this user read it and enter its folders")
    }
}

/// Why a file, folder or socket that the operator has named cannot be made or written, and what to do: whose rights are
/// lacking, or that no rights would help.
#[derive(Debug)]
pub struct Unwritable<'a>(pub &'a io::Error);

impl Display for Unwritable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unwritable(error) = self;
        let said = error.to_string();
        // Of a temporary file it also has the name, which is a random one and helps nobody.
        let said = said.split(" at path ").next().unwrap_or(&said);
        let user = rustix::process::geteuid().as_raw();
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                write!(f, "{said} for uid {user}; let this user write there and enter the folders above")
            }
            io::ErrorKind::ReadOnlyFilesystem => {
                write!(f, "{said}; in a container put it on a volume, in a unit below ReadWritePaths=")
            }
            io::ErrorKind::NotFound => write!(f, "{said}; make its folder first"),
            _ => f.write_str(said),
        }
    }
}

/// The same as [`Unreadable`] of a file of PEM, in which something may be wrong, too.
pub fn unusable_pem(error: pem::Error) -> String {
    match error {
        pem::Error::Io(error) => Unreadable(error).to_string(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_rights_are_lacking_is_told_and_nothing_of_rights_where_they_do_not_lack() {
        let denied = Unreadable(io::Error::from_raw_os_error(13)).to_string();
        let user = rustix::process::geteuid().as_raw();
        let wanted =
            format!("cannot be read by uid {user}: Permission denied (os error 13); let this user read");
        assert!(denied.starts_with(&wanted), "{denied}");
        let missing = || io::Error::from_raw_os_error(2);
        let wanted = "cannot be read: No such file or directory (os error 2)";
        assert_eq!(Unreadable(missing()).to_string(), wanted);
        assert_eq!(unusable_pem(pem::Error::Io(missing())), wanted);
        assert_eq!(unusable_pem(pem::Error::NoItemsFound), pem::Error::NoItemsFound.to_string());
    }

    #[test]
    fn what_lacks_to_write_is_told_and_the_random_name_of_a_temporary_file_is_not() {
        let user = rustix::process::geteuid().as_raw();
        let folder = tempfile::tempdir().unwrap();
        for (error, wanted) in [
            (io::Error::from_raw_os_error(13), format!("(os error 13) for uid {user}; let this user write")),
            (io::Error::from_raw_os_error(30), "(os error 30); in a container put it on a volume".to_owned()),
            (io::Error::from_raw_os_error(2), "(os error 2); make its folder first".to_owned()),
            (
                tempfile::NamedTempFile::new_in(folder.path().join("missing")).unwrap_err(),
                "No such file or directory (os error 2); make its folder first".to_owned(),
            ),
        ] {
            let said = Unwritable(&error).to_string();
            assert!(said.contains(&wanted) && !said.contains("missing"), "{said}");
        }
        let said = Unwritable(&io::Error::from_raw_os_error(28)).to_string();
        assert_eq!(said, "No space left on device (os error 28)");
    }

    #[test]
    fn a_time_is_told_in_the_largest_unit_that_is_exact() {
        for (millis, told) in [
            (0, "0 seconds"),
            (500, "0.5 seconds"),
            (1_000, "1 second"),
            (1_500, "1.5 seconds"),
            (20_000, "20 seconds"),
            (60_000, "1 minute"),
            (75_000, "75 seconds"),
            (900_000, "15 minutes"),
            (3_600_000, "1 hour"),
            (5_400_000, "90 minutes"),
            (86_400_000, "24 hours"),
        ] {
            assert_eq!(time(Duration::from_millis(millis)), told);
        }
    }
}
