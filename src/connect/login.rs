//! What somebody logs in with, as far as it is known before anybody is asked.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::identities::KeyFiles;
use super::person::Person;
use super::shown;
use crate::config::Secret;

/// Who logs in, and with what.
#[derive(Debug, Default)]
pub struct Login {
    /// The user name.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// A bearer token (RFC 6750).
    pub token: Option<Token>,
    /// The keys.
    pub keys: KeyFiles,
}

/// A bearer token in the form of RFC 6750, section 2.1.
#[derive(Debug, Clone)]
pub struct Token(Secret);

impl Token {
    /// Takes a text that is in the form of a token. There is no error to tell more: it would have to show it.
    pub fn new(text: Secret) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        let token = text.expose();
        (!token.is_empty() && token.bytes().all(allowed)).then_some(Self(text))
    }

    pub(super) fn secret(&self) -> Secret {
        self.0.clone()
    }

    /// The value of `Authorization`.
    pub(super) fn authorization(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("Bearer {}", self.0.expose()))
    }
}

/// User and password for `Authorization: Basic` (RFC 7617).
#[derive(Debug)]
pub(super) struct Basic {
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    /// Set once the person was asked: only then a refusal is worth another question.
    pub(super) asked: bool,
}

impl Basic {
    /// Whether there is a user name that can be told in this way. With a colon it would be cut there, and what follows be
    /// a part of the password (RFC 7617, section 2).
    pub(super) fn fits(&self) -> bool {
        self.user.as_deref().is_none_or(|user| !user.contains(':'))
    }

    /// The value of `Authorization`, once both parts are known.
    pub(super) fn authorization(&self) -> Option<Zeroizing<String>> {
        let (user, password) = (self.user.as_deref()?, self.password.as_ref()?);
        let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
        Some(Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes()))))
    }

    /// Asks for the password.
    pub(super) async fn ask(&mut self, person: &Person, target: &str) -> io::Result<()> {
        self.asked = true;
        let user = self.user.as_deref().ok_or_else(|| io::Error::other("no user name; give --user"))?;
        let question = format!("{}@{target}'s password: ", shown::line(user));
        self.password = Some(person.ask(&question, false).await?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_needs_both_parts() {
        let login = |user: Option<&str>, password: Option<&str>| Basic {
            user: user.map(str::to_owned),
            password: password.map(|password| Secret::new(password.to_owned())),
            asked: false,
        };
        assert!(login(None, Some("p")).authorization().is_none());
        assert!(login(Some("u"), None).authorization().is_none());
        let both = login(Some("u"), Some("p"));
        assert_eq!(both.authorization().as_deref().map(String::as_str), Some("Basic dTpw"));
        assert!(!format!("{both:?}").contains("\"p\""));
        assert!(both.fits() && !login(Some("u:x"), Some("p")).fits());
    }

    #[test]
    fn a_token_fits_in_a_header() {
        let token = |text: &str| Token::new(Secret::new(text.to_owned()));
        let good = token("a.b-c_d~e+f/g==").unwrap();
        assert_eq!(&*good.authorization(), "Bearer a.b-c_d~e+f/g==");
        assert!(!format!("{good:?}").contains("a.b"));
        for bad in ["", "a b", "a\r\nX: y", "ü"] {
            assert!(token(bad).is_none(), "{bad:?}");
        }
    }
}
