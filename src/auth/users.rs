//! The users file: `name:hash` lines, as `htpasswd` writes them too.

use std::collections::BTreeMap;

use super::password_hash::PasswordHash;
use super::person::is_name;
use crate::config::Secret;

/// Largest file in bytes: more than ten thousand users.
pub(super) const LARGEST: usize = 1024 * 1024;

/// The users of a file.
#[derive(Debug)]
pub(super) struct Users {
    hashes: BTreeMap<String, PasswordHash>,
    /// The hash that takes longest to check; whoever is not in the file is checked against it.
    dearest: PasswordHash,
}

impl Users {
    /// Reads a whole file. A line begins with `#`, is empty, or is a user; the error names the first that is
    /// none of these, and nothing of what is in it.
    pub(super) fn parse(content: &[u8]) -> Result<Users, String> {
        let text = std::str::from_utf8(content).map_err(|_| "not UTF-8 text".to_owned())?;
        let mut hashes = BTreeMap::new();
        for (line, text) in (1..).zip(text.lines()) {
            let Some((name, hash)) = user(text).map_err(|problem| format!("line {line}: {problem}"))? else {
                continue;
            };
            if hashes.insert(name.to_owned(), hash).is_some() {
                return Err(format!("line {line}: this user is already on a line above"));
            }
        }
        let dearest = hashes.values().max_by_key(|hash| hash.work()).cloned();
        let dearest = dearest.or_else(PasswordHash::nobody).ok_or("no users")?;
        Ok(Users { hashes, dearest })
    }

    /// Whether `password` is the user's. It costs about the same for a user whom the file does not have.
    pub(super) fn check(&self, name: &str, password: &Secret) -> bool {
        let hash = self.hashes.get(name).filter(|_| !password.expose().is_empty());
        let right = hash.unwrap_or(&self.dearest).is_of(password);
        right && hash.is_some()
    }

    /// Whether there is a user of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.hashes.contains_key(name)
    }

    /// The hash that takes longest to check.
    pub(super) fn dearest(&self) -> &PasswordHash {
        &self.dearest
    }

    /// Whether checking this name's password is as much work as there can be.
    pub(super) fn is_dear(&self, name: &str) -> bool {
        self.hashes.get(name).is_none_or(|hash| hash.work() == self.dearest.work())
    }
}

/// Whether a line of a users file can begin with this name.
pub fn is_user_name(name: &str) -> bool {
    is_name(name) && name.trim() == name && !name.starts_with('#') && !name.contains(':')
}

fn user(line: &str) -> Result<Option<(&str, PasswordHash)>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (name, hash) = line.split_once(':').ok_or("expected name:hash")?;
    if !is_name(name) {
        return Err(
            "expected a name of 1 to 256 bytes without control characters or a hyphen at its start".into()
        );
    }
    Ok(Some((name, PasswordHash::parse(hash)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bcrypt(password: &str) -> String {
        bcrypt::hash_with_salt(password, 4, [1; 16]).unwrap().to_string()
    }

    fn check(users: &Users, name: &str, password: &str) -> bool {
        users.check(name, &Secret::new(password.to_owned()))
    }

    fn problem(content: &str) -> String {
        Users::parse(content.as_bytes()).unwrap_err()
    }

    #[test]
    fn users_comments_and_empty_lines_are_read() {
        let file = format!("# people\r\n\r\nann:{}\r\n  \n\tjürgen:{} \n", bcrypt("a"), bcrypt("ü"));
        let users = Users::parse(file.as_bytes()).unwrap();
        assert!(check(&users, "ann", "a"));
        assert!(check(&users, "jürgen", "ü"));
        for (name, password) in [("ann", "ü"), ("Ann", "a"), ("", "a"), ("# people", ""), ("bob", "a")] {
            assert!(!check(&users, name, password), "{name} {password}");
        }
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_not_repeated() {
        let good = format!("ann:{}\n", bcrypt("a"));
        for line in ["canary", "canary:", "canary:$canary", ":$2y$04$canary", "-canary:x", "can\u{1}ary:x"] {
            let error = problem(&format!("# x\n{good}{line}\n"));
            assert!(error.starts_with("line 3: expected"), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
        assert_eq!(problem("\u{0}\n"), "line 1: expected name:hash");
        assert_eq!(Users::parse(b"a\xff").unwrap_err(), "not UTF-8 text");
    }

    #[test]
    fn a_user_on_two_lines_is_an_error() {
        let line = format!("ann:{}\n", bcrypt("a"));
        assert_eq!(problem(&format!("{line}\n{line}")), "line 3: this user is already on a line above");
    }

    #[test]
    fn nobody_gets_in_by_another_users_password_or_by_none() {
        let file = format!("ann:{}\nbob:{}", bcrypt("a"), bcrypt(""));
        let users = Users::parse(file.as_bytes()).unwrap();
        // Unknown users are checked against somebody's hash, with a result that does not matter.
        assert!(!check(&users, "eve", "a"));
        assert!(!check(&users, "bob", ""));
        assert!(!check(&Users::parse(b"").unwrap(), "eve", "a"));
    }

    #[test]
    fn whoever_is_unknown_costs_as_much_as_the_dearest() {
        let dear = bcrypt::hash_with_salt("x", 6, [1; 16]).unwrap();
        let users = Users::parse(format!("ann:{}\nbob:{dear}", bcrypt("a")).as_bytes()).unwrap();
        assert_eq!(users.dearest().work(), PasswordHash::parse(&dear.to_string()).unwrap().work());
        assert!(users.is_dear("eve") && users.is_dear("bob") && !users.is_dear("ann"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_name_that_can_begin_a_line_is_read_back(name in "[ -~ä]{0,12}") {
            let users = Users::parse(format!("{name}:{}\n", bcrypt("a")).as_bytes());
            if is_user_name(&name) {
                prop_assert!(check(&users.unwrap(), &name, "a"));
            }
        }

    }

    proptest! {
        #[test]
        fn no_file_panics_or_is_repeated(content in any::<Vec<u8>>()) {
            let _ = Users::parse(&content);
        }
    }
}
