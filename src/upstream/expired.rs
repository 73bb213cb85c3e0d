//! How it shows that a password must be changed, where the protocol has no message for it.
//!
//! Over keyboard-interactive PAM asks for a new password like for anything else. After a plain password sshd
//! lets the user in with PAM's text as a banner, grants the subsystem, and ends it at once, as there is no
//! terminal to ask on; the channel itself says no more than exit status 1.

/// Whether `text` is what a PAM module says of an expired password. sshd leaves PAM's texts in English,
/// whatever the language of the system.
///
/// pam_unix: "You are required to change your password immediately (password expired)."; pam_ldap and pam_krb5
/// alike; pam_sss: "Password expired. Change your password now."; pam_winbind: "Your password has expired".
/// It is a hint that something else must confirm: a site's own banner may have such words too.
pub(super) fn is_told_by(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("password") && (text.contains("required to change your") || text.contains("expired"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pam_says_of_an_expired_password_is_recognised() {
        for text in [
            "You are required to change your password immediately (administrator enforced).\n",
            "You are required to change your password immediately (password expired).\n",
            "You are required to change your LDAP password immediately.",
            "Password expired. Change your password now.",
            "Your password has expired\r\n",
            "(root) PASSWORD HAS EXPIRED",
        ] {
            assert!(is_told_by(text), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not() {
        for text in [
            "",
            "Password: ",
            "Warning: your password will expire in 5 days.",
            "Your account has expired; please contact your system administrator.",
            "Authorized use only.",
        ] {
            assert!(!is_told_by(text), "{text}");
        }
    }
}
