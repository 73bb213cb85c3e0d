//! `sftpbridge hash-password`: its line lets the user in, and nobody sees the password.

use std::fs;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

use sftpbridge::auth::Identities;
use sftpbridge::config::{Identity, Secret};

use crate::support::bridge::binary;
use crate::support::files::Scratch;
use crate::support::process::{Running, Said, command_name, descendants, run, tool};
use crate::support::wait::{SOON, wait_until};

const QUICK: Duration = Duration::from_secs(20);
const PASSWORD: &str = "pä:ss wörd";

fn hash(arguments: &[&str], input: &[u8]) -> Said {
    run(Command::new(binary()).arg("hash-password").args(arguments), input, QUICK)
}

/// Whether the only user of a file with this line gets in.
fn lets_in(line: &str, user: &str, password: &str) -> bool {
    let scratch = Scratch::new();
    let users_file = scratch.join("users");
    fs::write(&users_file, line).unwrap();
    let identities =
        Identities::new(&Identity { users_file: Some(users_file), ..Identity::default() }).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(identities.by_password(user, &Secret::new(password.to_owned()))).is_ok()
}

#[test]
fn the_line_from_stdin_is_one_for_the_users_file() {
    let said = hash(&["--user", "ann"], format!("{PASSWORD}\n").as_bytes()).ok();
    assert_eq!((said.stdout.lines().count(), said.stderr.as_str()), (1, ""));
    assert!(said.stdout.starts_with("ann:$argon2id$v=19$m=19456,t=2,p=1$"), "{}", said.stdout);
    assert!(lets_in(&said.stdout, "ann", PASSWORD));
    assert!(!lets_in(&said.stdout, "ann", "other"));
    assert!(!lets_in(&said.stdout, "bob", PASSWORD));
}

#[test]
fn without_a_user_it_is_the_hash_and_each_is_salted() {
    let (one, other) = (hash(&[], b"pw").ok().stdout, hash(&[], b"pw\n").ok().stdout);
    assert!(one.starts_with("$argon2id$") && one != other, "{one}");
    assert!(lets_in(&format!("ann:{one}"), "ann", "pw") && lets_in(&format!("ann:{other}"), "ann", "pw"));
}

#[test]
fn what_cannot_be_used_is_64_and_one_sentence() {
    for (arguments, input, mention) in [
        (&[][..], &b""[..], "empty"),
        (&[], b"\n", "empty"),
        (&[], b"canary\xff\n", "not UTF-8"),
        (&["--user", "a:b"], b"canary\n", "--user a:b"),
        (&["--user", ""], b"canary\n", "--user"),
        (&["canary"], b"", "unexpected argument"),
    ] {
        let said = hash(arguments, input);
        assert_eq!(said.status.code(), Some(64), "{}", said.stderr);
        assert!(said.stderr.contains(mention) && said.stdout.is_empty(), "{}{}", said.stdout, said.stderr);
        assert!(input.is_empty() || !said.stderr.contains("canary"), "{}", said.stderr);
    }
}

/// A terminal with the command on it, by script(1).
fn at_a_terminal() -> Running {
    let line = format!("'{}' hash-password --user ann", binary().display());
    Running::spawn(Command::new(tool("script")).args(["-qefc", &line, "/dev/null"]))
}

/// Types once the prompt is there and the echo is off, as no person could be too quick for.
fn type_at(terminal: &mut Running, prompt: &str, text: &str) {
    wait_until(prompt, SOON, || terminal.stdout().contains(prompt));
    wait_until("the echo to be off", SOON, || !echoes(terminal));
    terminal.stdin().write_all(format!("{text}\n").as_bytes()).unwrap();
}

fn echoes(terminal: &Running) -> bool {
    let family = descendants(terminal.pid());
    let Some(asking) = family.into_iter().find(|pid| command_name(*pid) == "sftpbridge") else {
        return true;
    };
    let tty = format!("/proc/{}/fd/0", asking.as_raw_nonzero());
    let said = run(Command::new(tool("stty")).args(["-a", "-F", &tty]), b"", QUICK);
    !said.stdout.split_whitespace().any(|word| word == "-echo")
}

#[test]
fn the_terminal_is_asked_twice_and_shows_nothing_of_what_is_typed() {
    let mut terminal = at_a_terminal();
    type_at(&mut terminal, "Password: ", PASSWORD);
    type_at(&mut terminal, "The same again: ", PASSWORD);
    let said = terminal.wait(QUICK).ok();
    assert!(!said.stdout.contains(PASSWORD), "{}", said.stdout);
    let line = said.stdout.lines().find(|line| line.starts_with("ann:")).expect(&said.stdout);
    assert!(lets_in(line, "ann", PASSWORD));
}

#[test]
fn two_different_passwords_are_64() {
    let mut terminal = at_a_terminal();
    type_at(&mut terminal, "Password: ", "canary");
    type_at(&mut terminal, "The same again: ", "canarY");
    let said = terminal.wait(QUICK);
    assert_eq!(said.status.code(), Some(64), "{}", said.stdout);
    assert!(
        said.stdout.contains("the two passwords differ") && !said.stdout.contains("canar"),
        "{}",
        said.stdout
    );
}
