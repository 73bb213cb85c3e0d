//! `/dev/tty`: the terminal of whoever started us, wherever stdin and stdout go.

mod line;

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::config::Secret;
use line::Line;

/// The longest line in bytes that is taken, as in ssh.
pub const LONGEST: usize = 1024;

fn open() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/tty").map_err(unusable)
}

/// A terminal that hung up, that belongs to others while we are in the background, or that cannot hide what is typed.
fn unusable(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("the terminal cannot be used: {error}"))
}

/// Whether there is one.
pub fn is_there() -> bool {
    open().is_ok()
}

/// Shows lines.
///
/// # Errors
/// When there is no terminal.
pub fn show(text: &str) -> io::Result<()> {
    writeln!(open()?, "{text}")
}

/// Asks one question. When this is dropped the terminal is as it was before, although a thread of ours may still
/// wait for a key; the process ends soon then.
///
/// # Errors
/// When there is no terminal, or it gives no line.
pub async fn ask(question: &str, echo: bool) -> io::Result<Secret> {
    let tty = Arc::new(open()?);
    let asked = Asked::new(Arc::clone(&tty), question, echo).map_err(unusable)?;
    let answer = tokio::task::spawn_blocking(move || read(&tty)).await?;
    if echo && answer.is_ok() {
        asked.line_is_broken();
    }
    answer
}

fn read(mut tty: &File) -> io::Result<Secret> {
    let mut line = Line::new();
    let mut byte = [0];
    loop {
        match tty.read(&mut byte) {
            Ok(0) if line.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(0) => return line.finish(),
            Ok(_) => {
                let [byte] = byte;
                if let Some(answer) = line.push(byte) {
                    return answer;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unusable(error)),
        }
    }
}

/// A question that stands on the terminal. Drop ends its line, and shows again what is typed.
struct Asked {
    tty: Arc<File>,
    before: Option<Termios>,
    /// Whether the line still has to be ended: the terminal shows no Enter while it shows nothing.
    open: bool,
}

impl Asked {
    fn new(tty: Arc<File>, question: &str, echo: bool) -> io::Result<Self> {
        let before = if echo { None } else { Some(hide(&tty)?) };
        let asked = Self { tty, before, open: true };
        (&*asked.tty).write_all(question.as_bytes())?;
        Ok(asked)
    }

    fn line_is_broken(mut self) {
        self.open = false;
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(&*self.tty, OptionalActions::Flush, before);
        }
        if self.open {
            let _ = (&*self.tty).write_all(b"\n");
        }
    }
}

/// Keys come one by one, unseen, and without a meaning for the terminal. What was typed before the question is
/// thrown away, as ssh does: it was not meant for it.
fn hide(tty: &File) -> io::Result<Termios> {
    let before = tcgetattr(tty)?;
    let mut hidden = before.clone();
    hidden.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN;
    hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
    hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(tty, OptionalActions::Flush, &hidden)?;
    Ok(before)
}
