//! Host keys that `ssh-keygen` made for these tests, without their comments. The private halves were thrown
//! away.

use russh::keys::ssh_key::certificate::{Builder, CertType};
use russh::keys::{Certificate, PrivateKey, PublicKey, ssh_key::private::Ed25519Keypair};

pub(crate) const ED25519: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGx7Y7RfBAXbPKqhoUSTLQNw2iCDW4zRUj21KOZH4CCb";
pub(crate) const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCscqhfAoGbirssPNl9+KWJLm3BxpRUjcj4nvuJuydL6HRRmZNVAcF1Bgru+A1vli1AaXDfVtqbhoso9CYrKmSI1B6HDQX5caOxni0b1D2TS/ejb+32is12wdlMgsc0gUEpi5dyIlm5VOUgIFK1aCFueBG0Uw78/LlXBhIOrzDpwLBX8Jr6jzs+Os8/dyMZVAJolt1AwpOkGgGS5cV8V+f0Jh53J6WWz3FVByDuvbQZVYVn287M6qs6cbq75LVRIgIN+GTYqyxYDt9icRJtLzmzxivhNKLSij1/LDygHIYXyrJIbejU/Gpj5Rvj1tqtbFiWqecman8Va/LyQSHrIuJ1";
pub(crate) const ECDSA_256: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBgvr4JqRTDHy1xg77q7Vez41+l+WelvArBbWphGKaP33ETY2mLPPDJj73MO6z50JwwHJ6LdKSTXqR/aGXDxT2Y=";
pub(crate) const ECDSA_384: &str = "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBEbySXPBd+k6OVSv/mIfmBheWPEn1oIKjtjo0UPVNk1ogIT3urxN8yBQUGpeO4rD92EnvMY7vuruSzg0L2S8kj9FxaEmlEC0yof/tplviDB2Bcp6vTIP0Fd4SI6TqfK7oA==";
pub(crate) const DSA: &str = "ssh-dss AAAAB3NzaC1kc3MAAACBAKtfL1CMnv5GcphT+Pvxv2DVL6tTONLyK1hf3QzcoSJagvWgAceyB8xKBV0gVlyXHDP56TIGynCJJOiriH/y4T9n0blFSQ/o1M6EzEGRGLbPmre9iT5a9r4QnfdBSQtshuZ1+fg4duRS0z9uixcIf1TANS+6M5Z/ZbukI6tL5L/dAAAAFQC+Emz030DEIOFUTYKxWEOavxl87wAAAIB4j2sYdnfwmuFBrY9RQdoEDHDJS0kN/L5tyYWfgCHjq+LJpK+c8u9QFYAal+Lsx4TUp1RDtHG1fUWYbYN8uyhf+yuEYmV1gtZlBhPF41LtsgsYuhTIpa0VmnZmUf5LXYk0JkpGygQfTbFGyh7y9iHrow15qASbzkAXopXXB7Z31gAAAIBHNfRApWQ6DwHAGXIvSxj+OCFmdQfTnl6W4LP9ik4i+ll68Sow5wX63sAraA4O48JHYQetUWh2zwfHgwJ5pO3zHweTEWVlUEb1tp/vSIJfXfi3zQxDLJuy7zloGRazUNMOyYzwpfUqocHitIyiAlni1PT5ZUWtW/JCnn4Ll5901A==";
pub(crate) const ED25519_CERTIFICATE: &str = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIMz98RzU/K2IEjFCR3eJnB8sd8yvfk3iltx0FteePtwAAAAAIIJQPQqhN+XkDdgX36HjgwHdSl+QiO6ImJ89jg0nhlXaAAAAAAAAAAAAAAACAAAAAmlkAAAACAAAAARob3N0AAAAAAAAAAD//////////wAAAAAAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAg4dkMVNNtn7m6wItBLo3Pqd2vx9k7mffPg2oPjIorFnkAAABTAAAAC3NzaC1lZDI1NTE5AAAAQKeQgbfyCC4su1BHE5D0yAqNX95AG28YtDR+a0OJ1MMJuMlWX8jYX6k8j4j7Y4YNFW1eDcT6zlyIUR2o4jYRkQI=";

/// For `host`, signed with SHA-1 by an RSA key.
pub(crate) const SHA_1_CERTIFICATE: &str = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIBTxIvXeA5150hJnh60B1ervZhj681IMVGWoamtmbtDoAAAAIH5KDG9n6F4/pNktIrKzifxIiq8QJkYVOSWqUuiz/TvjAAAAAAAAAAAAAAACAAAAAmlkAAAACAAAAARob3N0AAAAAAAAAAD//////////wAAAAAAAAAAAAAAAAAAARcAAAAHc3NoLXJzYQAAAAMBAAEAAAEBAOP+yNoFzWRuzoeDcPsgPa5LFJOI0U0zX3to02nPKfUOLvBXi6S2/di5WaGOXRvq01ws+Z5dVNgrZXgBpA9dwdoALH2drQ7NiHwRY4uLSXgMxAcD70hCPT5eF1gZ/uE6kHGr6gXDSrncqxK1Law8UAB22P0JWPITDXYf4cKJtSgKuAz8HZTmsM3H2tObRiBCMgGGZAK4Q5E53K/W9CnCReKvjyiAYI8mRuhmrfiq8/44/AsZ8RTjr91ql54UvgBcdBjsKSjQIWRu3u+pTsYPAmoyAfmzqqELNynyUHrhSf0IW1S5R3MOwLEQ/N5fe36k8ptq0fAeMFWgxqozwjTWSVcAAAEPAAAAB3NzaC1yc2EAAAEAG4aUBEhRXOpmVXANwXe8A/zZsSVS2AiHOWI8GkrdRgy4EPo6imLpJZ/L6K0qiB0SH2J9Q0jV0YVe6ppOvdAeoitTm3OOHFwm9b1IY/2BmVgGpkIyWLmWqV1lgiLvb6tvNW0Lq9gQ9mGEiVpXHS1ZXP3p7VFFQ+Pr3fJPufNXoFqZtx87WCMG7g/ipJWKqWQYqX/mU1GKeKAmWBMwBKHj4qoZ4g3Kku4Ny1n2HQOQC08eOM8jCH+BskDi5VKXRbdCteD8tpjVfmXbpx4EnLhapihKvx0DNjDL6Wg1aqZuPHAXDgB0bhbv6JutteWkfQZ5D2ui8b7EZqssGVOYhFg+Xg==";

pub(crate) fn key(text: &str) -> PublicKey {
    PublicKey::from_openssh(text).unwrap()
}

/// One of 256 different Ed25519 keys.
pub(crate) fn another_key(seed: u8) -> PublicKey {
    private_key(seed).public_key().clone()
}

/// Its other half.
pub(crate) fn private_key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

/// When the certificates here are valid, in seconds of Unix time; the end is not in it.
pub(crate) const VALID: std::ops::Range<u64> = 1_790_000_000..1_790_003_600;

/// A host certificate of `key` by the authority of this seed, for nobody yet.
pub(crate) fn certificate(authority: u8, key: &PublicKey, say: impl FnOnce(&mut Builder)) -> Certificate {
    let mut builder = Builder::new([7; 16], key.key_data().clone(), VALID.start, VALID.end).unwrap();
    builder.key_id("id").unwrap();
    say(&mut builder);
    builder.sign(&private_key(authority)).unwrap()
}

/// The same, for this host.
pub(crate) fn host_certificate(authority: u8, key: &PublicKey, host: &str) -> Certificate {
    certificate(authority, key, |builder| {
        builder.cert_type(CertType::Host).unwrap().valid_principal(host).unwrap();
    })
}

/// The key's two fields as they stand on a line.
pub(crate) fn text(key: &PublicKey) -> String {
    let mut bare = key.clone();
    bare.set_comment("");
    bare.to_openssh().unwrap()
}
