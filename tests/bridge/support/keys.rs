//! Keys and certificates of people, made by ssh-keygen, and the lines by which sshd takes them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::files::Scratch;
use super::process::{run, tool};

/// Private keys in a directory of their own, each with its public half in `NAME.pub`.
pub struct Keys {
    scratch: Scratch,
}

impl Keys {
    pub fn new() -> Keys {
        Keys { scratch: Scratch::new() }
    }

    /// A new key: `ed25519`, `ecdsa` or `rsa`, in OpenSSH's own form.
    pub fn make(&self, kind: &str) -> PathBuf {
        self.generate(kind, kind, "", &[])
    }

    /// A new key behind a passphrase.
    pub fn encrypted(&self, kind: &str, passphrase: &str) -> PathBuf {
        self.generate(&format!("{kind}-encrypted"), kind, passphrase, &["-a", "1"])
    }

    /// The same as PEM (PKCS #8, RFC 5958), which other programs than OpenSSH can read.
    pub fn encrypted_pem(&self, kind: &str, passphrase: &str) -> PathBuf {
        self.generate(&format!("{kind}-pem"), kind, passphrase, &["-m", "PKCS8"])
    }

    /// A key that makes certificates.
    pub fn authority(&self, kind: &str) -> PathBuf {
        self.generate(&format!("authority-{kind}"), kind, "", &[])
    }

    /// A P-256 key whose private number begins with a zero byte, as one in 512 does: OpenSSH leaves that byte out.
    pub fn short_ecdsa(&self) -> PathBuf {
        let file = self.scratch.join("short-ecdsa");
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src/upstream/credentials/openssh_key/fixtures/short-p256");
        assert_eq!(private_length(&fixture), 31);
        fs::copy(public(&fixture), public(&file)).unwrap();
        fs::copy(&fixture, &file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        file
    }

    fn generate(&self, name: &str, kind: &str, passphrase: &str, more: &[&str]) -> PathBuf {
        let file = self.scratch.join(name);
        loop {
            let mut keygen = Command::new(tool("ssh-keygen"));
            // The smallest that is still taken everywhere: a large RSA key takes its time.
            let size: &[&str] = if kind == "rsa" { &["-b", "2048"] } else { &[] };
            keygen.args(["-q", "-C", name, "-N", "", "-t", kind]).args(size).arg("-f").arg(&file);
            run(&mut keygen, b"", Duration::from_secs(60)).ok();
            // One in 512 is a test of its own, see `short_ecdsa`, and must not come up by chance in others.
            if kind != "ecdsa" || private_length(&file) >= 32 {
                break;
            }
            fs::remove_file(&file).unwrap();
            fs::remove_file(public(&file)).unwrap();
        }
        if !(passphrase.is_empty() && more.is_empty()) {
            let mut keygen = Command::new(tool("ssh-keygen"));
            keygen.args(["-q", "-p", "-N", passphrase]).args(more).arg("-f").arg(&file);
            run(&mut keygen, b"", Duration::from_secs(10)).ok();
        }
        file
    }

    /// Certifies `key` for the user name `principal`; the certificate is beside the key.
    pub fn certify(&self, authority: &Path, key: &Path, principal: &str) -> PathBuf {
        let mut keygen = Command::new(tool("ssh-keygen"));
        keygen.args(["-q", "-I", "a test's certificate", "-n", principal, "-V", "-5m:+1h", "-s"]);
        run(keygen.arg(authority).arg(public(key)), b"", Duration::from_secs(10)).ok();
        let name = format!("{}-cert.pub", key.file_name().unwrap().to_str().unwrap());
        key.with_file_name(name)
    }

    /// sshd_config: these keys may log in as the test user.
    pub fn authorize(&self, keys: &[&Path]) -> String {
        let file = self.scratch.join("authorized_keys");
        let lines: String = keys.iter().map(|key| fs::read_to_string(public(key)).unwrap()).collect();
        fs::write(&file, lines).unwrap();
        format!("AuthorizedKeysFile {}", file.display())
    }

    /// sshd_config: certificates of this authority may log in as whom they name; keys alone may not.
    pub fn trust(&self, authority: &Path) -> String {
        format!("TrustedUserCAKeys {}\nAuthorizedKeysFile none", public(authority).display())
    }

    /// sshd_config: in addition, the test user is whoever has one of these principals.
    pub fn principals(&self, principals: &[&str]) -> String {
        let file = self.scratch.join("principals");
        fs::write(&file, format!("{}\n", principals.join("\n"))).unwrap();
        format!("AuthorizedPrincipalsFile {}", file.display())
    }
}

/// The public half of a private key's file.
pub fn public(key: &Path) -> PathBuf {
    key.with_file_name(format!("{}.pub", key.file_name().unwrap().to_str().unwrap()))
}

/// Bytes of the private number in the file of an ECDSA key (PROTOCOL.key of OpenSSH), not encrypted.
fn private_length(key: &Path) -> usize {
    let text = fs::read_to_string(key).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    let bytes = BASE64.decode(body).unwrap();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let after = |at: usize| at + 4 + number(at);
    let skip = |at: usize, strings: usize| (0..strings).fold(at, |at, _| after(at));
    // Magic; cipher, kdf and its options; how many keys; the public one; the length of the rest; two check numbers;
    // then type, curve, point, and the number.
    let private = skip("openssh-key-v1\0".len(), 3) + 4;
    let rest = skip(private, 1) + 4 + 8;
    number(skip(rest, 3))
}
