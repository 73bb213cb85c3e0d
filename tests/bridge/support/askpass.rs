//! A program for SSH_ASKPASS: it answers by the text of the question, and keeps a list of what it was asked.

use std::fmt::Write as _;
use std::fs;

use super::files::Scratch;
use super::process::read_lossy;

pub struct Askpass {
    program: String,
    scratch: Scratch,
}

impl Askpass {
    /// Pairs of a part of the question and the answer to it. To another question it has no answer, and fails.
    pub fn new(answers: &[(&str, &str)]) -> Askpass {
        let scratch = Scratch::new();
        let asked = scratch.join("asked");
        let mut body = format!("printf '%s\\n' \"$1\" >>'{}'\ncase $1 in\n", asked.display());
        for (number, (part, answer)) in answers.iter().enumerate() {
            let file = scratch.join(&format!("answer-{number}"));
            fs::write(&file, format!("{answer}\n")).unwrap();
            writeln!(body, "*'{part}'*) exec cat '{}' ;;", file.display()).unwrap();
        }
        body.push_str("esac\nexit 1");
        let program = scratch.script("askpass", &body).to_str().unwrap().to_owned();
        Askpass { program, scratch }
    }

    /// The variables that make a program ask it, although there may be a terminal.
    pub fn variables(&self) -> [(&str, &str); 3] {
        [("SSH_ASKPASS", &self.program), ("SSH_ASKPASS_REQUIRE", "force"), ("DISPLAY", ":0")]
    }

    /// The questions so far, line by line.
    pub fn asked(&self) -> Vec<String> {
        read_lossy(&self.scratch.join("asked")).lines().map(str::to_owned).collect()
    }
}
