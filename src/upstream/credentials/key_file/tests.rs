use std::fs::{self, Permissions};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use russh::keys::PublicKey;
use russh::keys::ssh_key::private::{self, KeypairData};
use russh::keys::ssh_key::{LineEnding, public::SkEd25519};

use super::*;

/// Files that ssh-keygen and openssl make, gone on Drop.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A key of this type and `ssh-keygen -m` format.
    fn keygen(&self, kind: &str, format: &str, passphrase: &str) -> PathBuf {
        let path = self.path(&format!("{kind}-{format}-{passphrase}"));
        // As small and as weak as they come: a test has no time for more.
        let bits = if kind == "rsa" { "2048" } else { "256" };
        let options =
            ["-q", "-C", "", "-a", "1", "-b", bits, "-t", kind, "-m", format, "-N", passphrase, "-f"];
        run(Command::new("ssh-keygen").args(options).arg(&path));
        path
    }

    fn openssl(&self, arguments: &[&str]) -> PathBuf {
        let path = self.path("openssl");
        run(Command::new("openssl").args(arguments).arg("-out").arg(&path));
        path
    }

    fn written(&self, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path("written");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn public_of(path: &Path) -> PublicKey {
    PublicKey::from_openssh(&fs::read_to_string(path.with_added_extension("pub")).unwrap()).unwrap()
}

fn plain(path: &Path) -> Result<PrivateKey, KeyFileError> {
    read_key_file(path, || panic!("asked for the passphrase of a key that is not encrypted"))
}

fn with(path: &Path, passphrase: &str) -> Result<PrivateKey, KeyFileError> {
    read_key_file(path, || Some(Secret::new(passphrase.to_owned())))
}

/// What the error says behind the name of the file; nothing of the content, in any of its forms.
fn problem(path: &Path, result: Result<PrivateKey, KeyFileError>) -> String {
    let error = result.unwrap_err();
    let content = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    let shown = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
    for line in content.lines().filter(|line| line.len() >= 8 && !line.starts_with("-----")) {
        assert!(!shown.contains(line), "{shown}");
    }
    let text = error.to_string();
    text.strip_prefix(&format!("the key file {path:?} ")).unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[test]
fn every_format_of_every_type_is_read() {
    let files = Files::new();
    for kind in ["ed25519", "ecdsa", "rsa"] {
        for format in ["RFC4716", "PKCS8", "PEM"] {
            let path = files.keygen(kind, format, "");
            assert_eq!(plain(&path).unwrap().public_key(), &public_of(&path), "{kind} {format}");
        }
    }
}

#[test]
fn encrypted_keys_are_read_with_their_passphrase_only() {
    let files = Files::new();
    for (kind, format) in
        [("ed25519", "RFC4716"), ("ecdsa", "RFC4716"), ("ecdsa", "PKCS8"), ("rsa", "PKCS8"), ("rsa", "PEM")]
    {
        let path = files.keygen(kind, format, "correct horse");
        let key = with(&path, "correct horse").unwrap();
        assert!(!key.is_encrypted());
        assert_eq!(key.public_key(), &public_of(&path), "{kind} {format}");
        for wrong in ["", "wrong horse"] {
            let said = problem(&path, with(&path, wrong));
            assert_eq!(said, "is encrypted, and the passphrase is wrong", "{kind} {format}");
        }
        let said = problem(&path, read_key_file(&path, || None));
        assert_eq!(said, "is encrypted, and there is no passphrase for it", "{kind} {format}");
    }
}

#[test]
fn an_ecdsa_key_with_a_short_number_is_read_in_every_format() {
    let files = Files::new();
    let path = files.written(include_str!("../openssh_key/fixtures/short-p256"));
    let public = plain(&path).unwrap().public_key().key_data().clone();
    for (format, passphrase) in [("PEM", ""), ("PKCS8", ""), ("PKCS8", "a word"), ("RFC4716", "a word")] {
        let path = files.written(include_str!("../openssh_key/fixtures/short-p256"));
        run(Command::new("ssh-keygen")
            .args(["-q", "-p", "-a", "1", "-P", "", "-N", passphrase, "-m", format, "-f"])
            .arg(&path));
        let key = if passphrase.is_empty() { plain(&path) } else { with(&path, passphrase) };
        assert_eq!(key.unwrap().public_key().key_data(), &public, "{format}");
        if !passphrase.is_empty() {
            let said = problem(&path, with(&path, "wrong"));
            assert_eq!(said, "is encrypted, and the passphrase is wrong", "{format}");
        }
    }
}

#[test]
fn what_openssl_makes_is_read() {
    let files = Files::new();
    let ed25519 = files.openssl(&["genpkey", "-algorithm", "ed25519"]);
    assert_eq!(plain(&ed25519).unwrap().algorithm(), Algorithm::Ed25519);
    for curve in ["prime256v1", "secp384r1", "secp521r1"] {
        // With its parameters in front, in a block of their own.
        let key = files.openssl(&["ecparam", "-genkey", "-name", curve]);
        assert!(matches!(plain(&key).unwrap().algorithm(), Algorithm::Ecdsa { .. }), "{curve}");
    }
    let encrypted = ["genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:word"];
    let encrypted = files.openssl(&encrypted);
    assert_eq!(with(&encrypted, "word").unwrap().algorithm(), Algorithm::Ed25519);
}

#[test]
fn line_ends_of_another_system_do_not_matter() {
    let files = Files::new();
    for (kind, format) in [("ed25519", "RFC4716"), ("ecdsa", "PEM")] {
        let path = files.keygen(kind, format, "");
        let text = fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
        assert_eq!(plain(&files.written(text)).unwrap().public_key(), &public_of(&path));
    }
}

#[test]
fn what_is_no_private_key_is_named() {
    let files = Files::new();
    let key = files.keygen("ed25519", "RFC4716", "");
    let public = fs::read_to_string(key.with_added_extension("pub")).unwrap();
    let none = "holds no private key in the format of OpenSSH or PEM";
    for (text, what) in [
        (String::new(), ""),
        ("canary-canary".to_owned(), ""),
        (public, ", but a public one"),
        ("-----BEGIN PUBLIC KEY-----\ncanary-canary\n".to_owned(), ", but a public one"),
        ("ssh-ed25519-cert-v01@openssh.com canary-canary".to_owned(), ", but a certificate"),
        ("-----BEGIN CERTIFICATE-----\ncanary-canary".to_owned(), ", but an X.509 certificate"),
    ] {
        let path = files.written(text);
        assert_eq!(problem(&path, plain(&path)), format!("{none}{what}"));
    }
    let path = files.written("PuTTY-User-Key-File-3: ssh-ed25519\ncanary-canary");
    assert!(problem(&path, plain(&path)).starts_with(&format!("{none}, but PuTTY's")));
    let path = files.written(b"-----BEGIN OPENSSH PRIVATE KEY-----\n\xff\xffcanary-canary");
    assert_eq!(problem(&path, plain(&path)), none);
}

#[test]
fn a_damaged_key_is_told_without_its_content() {
    let files = Files::new();
    for (kind, format) in [("ed25519", "RFC4716"), ("ecdsa", "PEM"), ("rsa", "PKCS8")] {
        let text = fs::read_to_string(files.keygen(kind, format, "")).unwrap();
        let body = text.find('\n').unwrap() + 1;
        let cut = [&text[..body], &text[body + 20..]].concat();
        let short = text[..text.len() / 2].to_owned();
        for damaged in [cut, short] {
            let path = files.written(damaged);
            let said = problem(&path, plain(&path));
            assert_eq!(said, "holds a private key that is damaged, or in a form that is not supported");
        }
    }
}

#[test]
fn a_key_that_cannot_sign_here_is_named() {
    let files = Files::new();
    let types = "ed25519, ecdsa and rsa are supported";
    // Its private half is in a device, which is not here.
    let public = public_of(&files.keygen("ed25519", "RFC4716", ""));
    let public = SkEd25519::new(*public.key_data().ed25519().unwrap(), "ssh:");
    let pair = KeypairData::SkEd25519(private::SkEd25519::new(public, 1, [7; 32]).unwrap());
    let key = PrivateKey::new(pair, "").unwrap().to_openssh(LineEnding::LF).unwrap();
    let path = files.written(key);
    let said = format!("holds a key of the type sk-ssh-ed25519@openssh.com; {types}");
    assert_eq!(problem(&path, plain(&path)), said);
    let path = files.written("-----BEGIN DSA PRIVATE KEY-----\ncanary-canary\n");
    assert_eq!(problem(&path, plain(&path)), format!("holds a key of the type ssh-dss; {types}"));
    let x25519 = files.openssl(&["genpkey", "-algorithm", "x25519"]);
    assert!(problem(&x25519, plain(&x25519)).starts_with("holds a private key that is damaged"));
}

#[test]
fn old_encryption_that_cannot_be_read_says_how_to_renew_it() {
    let files = Files::new();
    let path = files.keygen("ecdsa", "PEM", "correct horse");
    let said = problem(&path, with(&path, "correct horse"));
    assert_eq!(said, "is encrypted in an old way that is not supported; `ssh-keygen -p -f FILE` renews it");
    run(Command::new("ssh-keygen")
        .args(["-q", "-p", "-P", "correct horse", "-N", "new horse", "-f"])
        .arg(&path));
    assert_eq!(with(&path, "new horse").unwrap().public_key(), &public_of(&path));
}

#[test]
fn a_file_over_the_limit_is_refused_and_one_at_the_limit_is_read() {
    let files = Files::new();
    let mut text = fs::read(files.keygen("ed25519", "RFC4716", "")).unwrap();
    text.resize(KEY_FILE_LIMIT, b'\n');
    assert!(plain(&files.written(&text)).is_ok());
    text.push(b'\n');
    let path = files.written(&text);
    assert_eq!(problem(&path, plain(&path)), "is larger than 65536 bytes");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let files = Files::new();
    for path in [files.path("absent"), files.path("")] {
        assert!(problem(&path, plain(&path)).starts_with("cannot be read: "));
    }
}

#[test]
fn a_file_that_others_may_read_is_used_with_a_warning() {
    let files = Files::new();
    let path = files.keygen("ed25519", "RFC4716", "");
    for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o622, true)] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let log = files.path("log");
        let writer = Mutex::new(File::create(&log).unwrap());
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
        tracing::subscriber::with_default(subscriber, || plain(&path).unwrap());
        let log = fs::read_to_string(&log).unwrap();
        assert_eq!(log.contains("WARN"), warned, "{mode:o}: {log}");
        assert_eq!(
            log.contains(path.to_str().unwrap()) && log.contains(&format!("{mode:04o}")),
            warned,
            "{log}"
        );
    }
}
