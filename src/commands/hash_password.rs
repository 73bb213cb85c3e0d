//! `sftpbridge hash-password`: from a password to a line for the users file. The password is no argument, where
//! others on the machine could see it.

use std::io::{self, BufRead, IsTerminal, Write};

use zeroize::Zeroizing;

use super::Failure;
use crate::auth::{hash_password, is_user_name};
use crate::config::Secret;
use crate::terminal;

/// Longest password in bytes: more than a header can carry.
const LONGEST: usize = 64 * 1024;

/// Asks for a password and prints its hash, after `user` and a colon if there is one.
pub(super) async fn run(user: Option<&str>) -> Result<(), Failure> {
    if let Some(user) = user.filter(|user| !is_user_name(user)) {
        let name = user.escape_debug();
        return Err(usage(format!(
            "--user {name}: expected 1 to 256 bytes without a colon, control characters, white space at an end, \
             or a hyphen or # at the start"
        )));
    }
    let password = match io::stdin().is_terminal() {
        true => ask().await?,
        false => read(io::stdin().lock())?,
    };
    let line = line(user, &password, salt()?)?;
    writeln!(io::stdout(), "{line}").map_err(|error| Failure::System("cannot write", error))
}

/// Twice, for nobody sees what they type. At the terminal itself: stdout is for the line.
async fn ask() -> Result<Secret, Failure> {
    let failed = |error| Failure::System("cannot ask for the password", error);
    let first = terminal::ask("Password: ", false).await.map_err(failed)?;
    let second = terminal::ask("The same again: ", false).await.map_err(failed)?;
    match first.expose() == second.expose() {
        true => Ok(first),
        false => Err(usage("the two passwords differ")),
    }
}

/// The first line, whatever comes after it.
fn read(input: impl BufRead) -> Result<Secret, Failure> {
    // Room for everything at once: a buffer that grew would leave copies behind.
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST + 2));
    input
        .take(LONGEST as u64 + 2)
        .read_until(b'\n', &mut line)
        .map_err(|error| Failure::System("cannot read the password", error))?;
    let text = std::str::from_utf8(&line).map_err(|_| usage("the password is not UTF-8 text"))?;
    let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Secret::new(text.to_owned()))
}

fn line(user: Option<&str>, password: &Secret, salt: [u8; 16]) -> Result<String, Failure> {
    let text = password.expose();
    if text.is_empty() {
        return Err(usage("the password is empty"));
    }
    if text.len() > LONGEST || text.contains('\0') {
        return Err(usage("the password is longer than 64 KiB or has a character that cannot be sent"));
    }
    let hash = hash_password(password, salt)
        .map_err(|error| Failure::System("cannot hash the password", io::Error::other(error)))?;
    Ok(user.map_or(hash.clone(), |user| format!("{user}:{hash}")))
}

fn salt() -> Result<[u8; 16], Failure> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)
        .map_err(|error| Failure::System("cannot get random numbers", io::Error::other(error)))?;
    Ok(salt)
}

fn usage(problem: impl Into<String>) -> Failure {
    Failure::Usage(problem.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn one_line_is_read_without_its_end() {
        for (input, password) in [
            ("pw", "pw"),
            ("pw\n", "pw"),
            ("pw\r\n", "pw"),
            ("pw\nmore\n", "pw"),
            (" p w \n", " p w "),
            ("pw\r", "pw\r"),
            ("", ""),
        ] {
            assert_eq!(read(input.as_bytes()).unwrap().expose(), password, "{input:?}");
        }
    }

    #[test]
    fn a_line_is_the_name_and_a_hash_with_a_salt_of_its_own() {
        let one = line(Some("ann"), &secret("pw"), [1; 16]).unwrap();
        assert!(one.starts_with("ann:$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        let other = line(None, &secret("pw"), [2; 16]).unwrap();
        assert!(other.starts_with("$argon2id$"), "{other}");
        assert!(!one.ends_with(other.rsplit('$').next().unwrap()));
    }

    #[test]
    fn what_nobody_could_log_in_with_is_refused_and_not_repeated() {
        let long = "canary".repeat(20_000);
        for text in ["", "canary\0", &long] {
            let error = line(None, &secret(text), [1; 16]).unwrap_err();
            assert!(matches!(&error, Failure::Usage(problem) if !problem.contains("canary")), "{error}");
        }
        assert!(
            matches!(read(&b"canary\xff\n"[..]), Err(Failure::Usage(problem)) if !problem.contains("canary"))
        );
        assert!(read(long.as_bytes()).unwrap().expose().len() > LONGEST);
    }
}
