//! A program that asks for us: for desktops without a terminal, and for scripts.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use zeroize::{Zeroize, Zeroizing};

use super::LONGEST;
use crate::config::Secret;

/// Runs `program` with the question as its argument. The first line of its output is the answer; failing means
/// that there is none. It is killed when this is dropped.
pub(super) async fn ask(program: &Path, question: &str) -> io::Result<Secret> {
    let failed = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", program.display()));
    let mut child = Command::new(program)
        .arg(question)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .env_remove("SFTPBRIDGE_PASSWORD")
        .env_remove("SFTPBRIDGE_TOKEN")
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let mut answer = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    if let Some(output) = child.stdout.take() {
        output.take(LONGEST as u64 + 1).read_to_end(&mut answer).await.map_err(failed)?;
    }
    if !child.wait().await.map_err(failed)?.success() {
        return Err(failed(io::ErrorKind::Interrupted.into()));
    }
    if let Some(end) = answer.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        answer.truncate(end);
    }
    if answer.len() > LONGEST {
        return Err(failed(io::Error::other(format!("an answer of more than {LONGEST} bytes"))));
    }
    String::from_utf8(std::mem::take(&mut *answer)).map(Secret::new).map_err(|error| {
        error.into_bytes().zeroize();
        failed(io::Error::other("an answer that is not UTF-8"))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    async fn answer(script: &str) -> io::Result<Secret> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("askpass");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        ask(&program, "a question; $(exit 3)").await
    }

    #[tokio::test]
    async fn the_first_line_is_the_answer_and_the_question_is_one_argument() {
        assert_eq!(answer("echo \"$#: $1\"; echo more").await.unwrap().expose(), "1: a question; $(exit 3)");
        assert_eq!(answer("printf ' x '").await.unwrap().expose(), " x ");
        assert_eq!(answer("cat; echo").await.unwrap().expose(), "");
    }

    #[tokio::test]
    async fn a_program_that_fails_has_no_answer() {
        assert_eq!(answer("echo secret; exit 1").await.unwrap_err().kind(), io::ErrorKind::Interrupted);
        assert!(answer("head -c 5000 /dev/zero").await.is_err());
        assert!(answer("printf '\\377'").await.is_err());
        assert!(ask(Path::new("/no/such/program"), "?").await.is_err());
    }
}
