//! Clients in JavaScript, under Node.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::process::{Running, tool};

const QUICK: Duration = Duration::from_secs(60);

/// A script of tests/node, with its parameters as JSON on stdin.
pub fn node(script: &str, parameters: &Value) -> Running {
    node_with(script, parameters, &[])
}

/// The same with variables in its environment.
pub fn node_with(script: &str, parameters: &Value, variables: &[(&str, String)]) -> Running {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    assert!(dir.join("node_modules/sftp-ws").is_dir(), "sftp-ws is not installed; run: tests/setup.sh");
    let mut command = Command::new(tool("node"));
    command.arg(dir.join(script)).current_dir(&dir).env("WS_NO_BUFFER_UTIL", "1");
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let mut running = Running::spawn(&mut command);
    std::io::Write::write_all(running.stdin(), parameters.to_string().as_bytes()).unwrap();
    running.close_stdin();
    running
}

/// The JSON in the last line of the script's output.
#[track_caller]
pub fn result(mut running: Running) -> Value {
    let said = running.wait(QUICK).ok();
    let last = said.stdout.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {}{}", said.stdout, said.stderr))
}

/// What the login script has heard, and its result.
pub struct Login {
    /// The text messages of the bridge; resume tokens are taken out.
    pub messages: Vec<Value>,
    pub result: Value,
    /// All that was printed, errors included.
    pub output: String,
}

impl Login {
    /// Runs tests/node/login.js.
    #[track_caller]
    pub fn run(parameters: &Value) -> Login {
        let said = node("login.js", parameters).wait(QUICK).ok();
        let mut messages: Vec<Value> =
            said.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        let result = messages.pop().expect("a result");
        let messages = messages.into_iter().map(|mut line| line["received"].take()).collect();
        Login { messages, result, output: said.stdout + &said.stderr }
    }

    /// How many messages of a type were heard.
    pub fn count(&self, kind: &str) -> usize {
        self.messages.iter().filter(|message| message["type"] == kind).count()
    }

    /// The texts of all questions, in their order.
    pub fn questions(&self) -> Vec<&str> {
        let prompts = self.messages.iter().filter_map(|message| message["prompts"].as_array());
        prompts.flatten().filter_map(|prompt| prompt["text"].as_str()).collect()
    }

    /// It came as far as SFTP, and said goodbye.
    #[track_caller]
    pub fn assert_worked(&self, user: &str) {
        assert_eq!(self.result["user"], user, "{}", self.output);
        assert_eq!(self.result["version"], 3, "{}", self.output);
        assert!(
            self.result["realpath"].as_str().is_some_and(|path| path.starts_with('/')),
            "{}",
            self.output
        );
        assert_eq!(self.result["close"], 1000, "{}", self.output);
    }
}
