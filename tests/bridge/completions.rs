//! `sftpbridge completions`: scripts that a real shell takes.

use std::fs;
use std::process::Command;

use crate::support::bridge::binary;
use crate::support::files::Scratch;
use crate::support::process::{Said, run, tool};
use crate::support::wait::SOON;

fn completions(shell: &str) -> Said {
    run(Command::new(binary()).args(["completions", shell]), b"", SOON)
}

/// What bash offers at the end of `line`.
fn offered(line: &[&str]) -> Vec<String> {
    let scratch = Scratch::new();
    let script = scratch.join("sftpbridge.bash");
    fs::write(&script, completions("bash").ok().stdout).unwrap();
    let words: Vec<String> = line.iter().map(|word| format!("'{word}'")).collect();
    let (last, before) = (line[line.len() - 1], line[line.len() - 2]);
    let ask = format!(
        "source '{}'; COMP_WORDS=({}); COMP_CWORD={}; _sftpbridge sftpbridge '{last}' '{before}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        words.join(" "),
        line.len() - 1,
    );
    let said = run(Command::new(tool("bash")).args(["--norc", "-c", &ask]), b"", SOON).ok();
    said.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn bash_reads_the_script_and_completes_with_it() {
    let scratch = Scratch::new();
    let script = scratch.join("sftpbridge.bash");
    fs::write(&script, completions("bash").ok().stdout).unwrap();
    let said = run(Command::new(tool("bash")).arg("-n").arg(&script), b"", SOON).ok();
    assert!(said.stderr.is_empty(), "{}", said.stderr);
    assert_eq!(offered(&["sftpbridge", "ser"]), ["serve"]);
    assert_eq!(offered(&["sftpbridge", "check", "--pass"]), ["--password-file"]);
    assert_eq!(offered(&["sftpbridge", "completions", "el"]), ["elvish"]);
}

#[test]
fn options_that_other_programs_append_are_not_offered() {
    let options = offered(&["sftpbridge", "connect", "-"]);
    assert!(options.contains(&"--identity".to_owned()), "{options:?}");
    for hidden in ["-o", "-l", "-x", "-F", "-2"] {
        assert!(!options.contains(&hidden.to_owned()), "{options:?}");
    }
}

#[test]
fn there_is_a_script_for_each_shell_and_none_for_others() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(completions(shell).ok().stdout.contains("keyscan"), "{shell}");
    }
    let said = completions("csh");
    assert_eq!(said.status.code(), Some(64));
    assert!(said.stderr.contains("zsh"), "{}", said.stderr);
}
