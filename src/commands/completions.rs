//! `sftpbridge completions`: a script for a shell.

use std::io::Write;

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use super::Failure;
use crate::cli::Cli;

const NAME: &str = "sftpbridge";

/// Prints it.
pub(super) fn run(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut visible(&Cli::command()), NAME, &mut script);
    std::io::stdout().write_all(&script).map_err(|error| Failure::System("cannot write", error))
}

/// The same command without what is hidden: options that other programs append are not for people to type, and the
/// scripts would offer them.
fn visible(command: &Command) -> Command {
    // clap wants names for ever; the process ends soon.
    let mut seen = Command::new(&*String::leak(command.get_name().to_owned()));
    if let Some(about) = command.get_about() {
        seen = seen.about(about.clone());
    }
    if command.get_version().is_some() {
        seen = seen.version(env!("CARGO_PKG_VERSION"));
    }
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set()).cloned();
    let commands = command.get_subcommands().filter(|command| !command.is_hide_set()).map(visible);
    seen.args(arguments).subcommands(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_gets_all_commands_and_no_hidden_option() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut visible(&Cli::command()), NAME, &mut script);
            let script = String::from_utf8(script).unwrap();
            for word in ["serve", "check", "keyscan", "healthcheck", "completions", "password-file"] {
                assert!(script.contains(word), "{shell} does not know {word}");
            }
        }
        let connect = Cli::command().find_subcommand("connect").map(visible).unwrap();
        let options: Vec<char> = connect.get_arguments().filter_map(clap::Arg::get_short).collect();
        assert_eq!(options, ['i', 's']);
    }
}
