//! Who logs in, and where the password comes from: a file, the environment, or the person at the terminal.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::config::Secret;

/// User and password, as far as they are known.
#[derive(Debug, Default)]
pub struct Login {
    /// The user name.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// Set once the terminal was asked: only then a refusal is worth another question.
    pub asked: bool,
}

impl Login {
    /// The value of `Authorization: Basic` (RFC 7617), once both parts are known.
    pub(super) fn basic(&self) -> Option<Zeroizing<String>> {
        let (user, password) = (self.user.as_deref()?, self.password.as_ref()?);
        let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
        Some(Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes()))))
    }

    /// Asks at the terminal for what is missing. stdin and stdout belong to SFTP, so it is `/dev/tty`.
    pub(super) fn ask(&mut self, target: &str, instructions: &str) -> io::Result<()> {
        if self.asked {
            self.password = None;
        }
        self.asked = true;
        if !instructions.is_empty() {
            eprintln!("{}", instructions.escape_debug());
        }
        let user = match &self.user {
            Some(user) => user.clone(),
            None => std::env::var("USER").map_err(|_| io::Error::other("no user name; give --user"))?,
        };
        let password = rpassword::prompt_password(format!("{}@{target}'s password: ", user.escape_debug()))?;
        self.user = Some(user);
        self.password = Some(Secret::new(password));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_needs_both_parts() {
        let login = |user: Option<&str>, password: Option<&str>| Login {
            user: user.map(str::to_owned),
            password: password.map(|password| Secret::new(password.to_owned())),
            asked: false,
        };
        assert!(login(None, Some("p")).basic().is_none());
        assert!(login(Some("u"), None).basic().is_none());
        let both = login(Some("u"), Some("p"));
        assert_eq!(both.basic().as_deref().map(String::as_str), Some("Basic dTpw"));
        assert!(!format!("{both:?}").contains("\"p\""));
    }
}
