//! Arguments in, exit code out. Everything else is in the library.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use sftpbridge::cli::Cli;
use sftpbridge::commands;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { commands::USAGE.into() } else { ExitCode::SUCCESS };
        }
    };
    // One thread accepts and handles signals; `serve` starts a worker per processor beside it.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(commands::run(cli.command));
    // A thread that still waits for the terminal must not keep us.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&failure.to_string());
            failure.exit_code()
        }
    }
}

/// The exit code stands also where nobody can be told.
fn say(problem: &str) {
    let _ = writeln!(std::io::stderr(), "sftpbridge: {problem}");
}
