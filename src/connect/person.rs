//! Whoever can be asked: at the terminal, or through the program SSH_ASKPASS, by the rules of ssh(1). stdin and
//! stdout belong to SFTP.

mod askpass;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::shown;
use crate::config::Secret;
use crate::terminal::{self, LONGEST};

/// The program of ssh for those who have set none.
const DEFAULT_ASKPASS: &str = "/usr/bin/ssh-askpass";

/// Who answers questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Person {
    /// Somebody at `/dev/tty`.
    Terminal,
    /// Somebody, or something, behind a program: it gets the question as its argument, and prints the answer.
    Askpass(PathBuf),
    /// Nobody.
    Nobody,
}

impl Person {
    /// Looks at the environment and for a terminal.
    pub(super) fn find() -> Self {
        let variable = std::env::var_os;
        let desktop = variable("DISPLAY").is_some() || variable("WAYLAND_DISPLAY").is_some();
        let program = variable("SSH_ASKPASS").filter(|path| !path.is_empty()).map(PathBuf::from);
        let program =
            program.or_else(|| Some(DEFAULT_ASKPASS.into()).filter(|path: &PathBuf| path.is_file()));
        choose(variable("SSH_ASKPASS_REQUIRE").as_deref(), desktop, program.as_deref(), terminal::is_there())
    }

    /// Whether there is anybody.
    pub(super) fn is_there(&self) -> bool {
        *self != Self::Nobody
    }

    /// Asks one question. `question` is shown as it is: what is of others in it must be harmless already.
    ///
    /// Dropping it takes the question back, and leaves the terminal as it was.
    ///
    /// # Errors
    /// When there is nobody, or no answer: see [`is_declined`].
    pub(super) async fn ask(&self, question: &str, echo: bool) -> io::Result<Secret> {
        match self {
            Self::Terminal => terminal::ask(question, echo).await,
            Self::Askpass(program) => askpass::ask(program, question).await,
            Self::Nobody => Err(io::Error::other("there is no terminal to ask at")),
        }
    }

    /// Shows a text of others, which may have several lines.
    pub(super) fn show(&self, text: &str) {
        let text = shown::lines(text);
        if text.is_empty() || (*self == Self::Terminal && terminal::show(&text).is_ok()) {
            return;
        }
        eprintln!("{text}");
    }
}

/// Whether the person was asked, and did not want to answer.
pub(super) fn is_declined(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::UnexpectedEof)
}

/// `SSH_ASKPASS_REQUIRE` is `never`, `prefer`, `force` or unset: then the program is for those who have a desktop
/// and no terminal.
fn choose(require: Option<&OsStr>, desktop: bool, program: Option<&Path>, terminal: bool) -> Person {
    let require = require.and_then(OsStr::to_str).unwrap_or_default();
    let usable = match require {
        "never" => None,
        "force" => program,
        _ => program.filter(|_| desktop),
    };
    match usable {
        Some(program) if matches!(require, "force" | "prefer") || !terminal => {
            Person::Askpass(program.to_owned())
        }
        _ if terminal => Person::Terminal,
        _ => Person::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_asked_follows_the_rules_of_ssh() {
        let program = Path::new("askpass");
        let askpass = Person::Askpass(program.to_owned());
        for (require, desktop, terminal, expected) in [
            (None, true, true, &Person::Terminal),
            (None, true, false, &askpass),
            (None, false, false, &Person::Nobody),
            (Some("never"), true, false, &Person::Nobody),
            (Some("prefer"), true, true, &askpass),
            (Some("prefer"), false, true, &Person::Terminal),
            (Some("force"), false, true, &askpass),
            (Some("force"), false, false, &askpass),
        ] {
            let found = choose(require.map(OsStr::new), desktop, Some(program), terminal);
            assert_eq!(&found, expected, "{require:?} {desktop} {terminal}");
            let without = choose(require.map(OsStr::new), desktop, None, terminal);
            assert_eq!(without, if terminal { Person::Terminal } else { Person::Nobody });
        }
    }
}
