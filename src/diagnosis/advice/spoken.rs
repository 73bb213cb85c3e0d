//! What speaks in place of SSH, told by its first words.

use crate::config::HostPort;
use crate::diagnosis::step::Advice;

/// `text` is escaped, as it was kept.
pub(in crate::diagnosis) fn spoken_instead(text: &str, address: &HostPort) -> Advice {
    let port = address.port;
    if text.contains("MaxStartups") {
        return Advice::new(
            "sshd is there, and has too many logins under way (MaxStartups)",
            "raise MaxStartups in sshd_config there; all people behind the bridge come from its one address, so \
             PerSourceMaxStartups counts them together",
        );
    }
    if text.contains("Not allowed at this time") {
        return Advice::new(
            "sshd is there, and has banned this machine for a while after failed logins (PerSourcePenalties)",
            "put the bridge's address into PerSourcePenaltyExemptList in sshd_config there; the bridge throttles by \
             itself",
        );
    }
    let speaks = |what: &str, hint: &str| {
        Advice::new(
            format!("{what} listens on port {port}, not an SSH server"),
            format!("{hint} Write the port of sshd, mostly 22, into the address of this upstream"),
        )
    };
    if text.starts_with("HTTP/") || text.starts_with("<") {
        speaks("a web server", "is it a proxy, or the bridge itself?")
    } else if text.starts_with("220") {
        speaks("an FTP or mail server", "SFTP is not FTP.")
    } else if text.starts_with("\\x15\\x03") || text.starts_with("\\x16\\x03") {
        speaks("a server for TLS", "FTPS and HTTPS are not SFTP.")
    } else {
        speaks("something else", "what it says is above.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_words_tell_what_it_is() {
        let address: HostPort = "host:21".parse().unwrap();
        for (text, cause) in [
            ("Exceeded MaxStartups\\r\\n", "MaxStartups"),
            ("Not allowed at this time\\r\\n", "PerSourcePenalties"),
            ("HTTP/1.1 400 Bad Request\\r\\n", "a web server listens on port 21"),
            ("220 ProFTPD\\r\\n", "an FTP or mail server listens on port 21"),
            ("\\x15\\x03\\x01", "TLS"),
            ("hello", "something else"),
        ] {
            let advice = spoken_instead(text, &address);
            assert!(advice.cause.contains(cause) && !advice.remedy.is_empty(), "{text}: {advice:?}");
        }
    }
}
