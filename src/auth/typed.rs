//! What a person may have typed. The rest is refused without asking an upstream.

/// Longest user name in bytes. Linux allows 32, Active Directory names with a domain are longer.
const LONGEST_USER: usize = 256;

/// Whether `name` can be a user's: 1 to 256 bytes without control characters.
pub fn is_login_name(name: &str) -> bool {
    (1..=LONGEST_USER).contains(&name.len()) && !name.chars().any(char::is_control)
}

/// Whether `password` can be one: not empty, and without the NUL that ends it for many a server.
pub fn is_password(password: &str) -> bool {
    !password.is_empty() && !password.contains('\0')
}
