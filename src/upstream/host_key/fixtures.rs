//! Host keys that `ssh-keygen` made for these tests, without their comments. The private halves were thrown
//! away.

use russh::keys::{PrivateKey, PublicKey, ssh_key::private::Ed25519Keypair};

pub(crate) const ED25519: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGx7Y7RfBAXbPKqhoUSTLQNw2iCDW4zRUj21KOZH4CCb";
pub(crate) const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCscqhfAoGbirssPNl9+KWJLm3BxpRUjcj4nvuJuydL6HRRmZNVAcF1Bgru+A1vli1AaXDfVtqbhoso9CYrKmSI1B6HDQX5caOxni0b1D2TS/ejb+32is12wdlMgsc0gUEpi5dyIlm5VOUgIFK1aCFueBG0Uw78/LlXBhIOrzDpwLBX8Jr6jzs+Os8/dyMZVAJolt1AwpOkGgGS5cV8V+f0Jh53J6WWz3FVByDuvbQZVYVn287M6qs6cbq75LVRIgIN+GTYqyxYDt9icRJtLzmzxivhNKLSij1/LDygHIYXyrJIbejU/Gpj5Rvj1tqtbFiWqecman8Va/LyQSHrIuJ1";
pub(crate) const ECDSA_256: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBgvr4JqRTDHy1xg77q7Vez41+l+WelvArBbWphGKaP33ETY2mLPPDJj73MO6z50JwwHJ6LdKSTXqR/aGXDxT2Y=";
pub(crate) const ECDSA_384: &str = "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBEbySXPBd+k6OVSv/mIfmBheWPEn1oIKjtjo0UPVNk1ogIT3urxN8yBQUGpeO4rD92EnvMY7vuruSzg0L2S8kj9FxaEmlEC0yof/tplviDB2Bcp6vTIP0Fd4SI6TqfK7oA==";
pub(crate) const DSA: &str = "ssh-dss AAAAB3NzaC1kc3MAAACBAKtfL1CMnv5GcphT+Pvxv2DVL6tTONLyK1hf3QzcoSJagvWgAceyB8xKBV0gVlyXHDP56TIGynCJJOiriH/y4T9n0blFSQ/o1M6EzEGRGLbPmre9iT5a9r4QnfdBSQtshuZ1+fg4duRS0z9uixcIf1TANS+6M5Z/ZbukI6tL5L/dAAAAFQC+Emz030DEIOFUTYKxWEOavxl87wAAAIB4j2sYdnfwmuFBrY9RQdoEDHDJS0kN/L5tyYWfgCHjq+LJpK+c8u9QFYAal+Lsx4TUp1RDtHG1fUWYbYN8uyhf+yuEYmV1gtZlBhPF41LtsgsYuhTIpa0VmnZmUf5LXYk0JkpGygQfTbFGyh7y9iHrow15qASbzkAXopXXB7Z31gAAAIBHNfRApWQ6DwHAGXIvSxj+OCFmdQfTnl6W4LP9ik4i+ll68Sow5wX63sAraA4O48JHYQetUWh2zwfHgwJ5pO3zHweTEWVlUEb1tp/vSIJfXfi3zQxDLJuy7zloGRazUNMOyYzwpfUqocHitIyiAlni1PT5ZUWtW/JCnn4Ll5901A==";
pub(crate) const ED25519_CERTIFICATE: &str = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIMz98RzU/K2IEjFCR3eJnB8sd8yvfk3iltx0FteePtwAAAAAIIJQPQqhN+XkDdgX36HjgwHdSl+QiO6ImJ89jg0nhlXaAAAAAAAAAAAAAAACAAAAAmlkAAAACAAAAARob3N0AAAAAAAAAAD//////////wAAAAAAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAg4dkMVNNtn7m6wItBLo3Pqd2vx9k7mffPg2oPjIorFnkAAABTAAAAC3NzaC1lZDI1NTE5AAAAQKeQgbfyCC4su1BHE5D0yAqNX95AG28YtDR+a0OJ1MMJuMlWX8jYX6k8j4j7Y4YNFW1eDcT6zlyIUR2o4jYRkQI=";

pub(crate) fn key(text: &str) -> PublicKey {
    PublicKey::from_openssh(text).unwrap()
}

/// One of 256 different Ed25519 keys.
pub(crate) fn another_key(seed: u8) -> PublicKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32])).public_key().clone()
}

/// The key's two fields as they stand on a line.
pub(crate) fn text(key: &PublicKey) -> String {
    let mut bare = key.clone();
    bare.set_comment("");
    bare.to_openssh().unwrap()
}
