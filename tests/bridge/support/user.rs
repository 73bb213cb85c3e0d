//! The system user whom the tests log in as; `tests/setup.sh` makes it and renews its password.

use std::fs;
use std::path::Path;

#[derive(Clone)]
pub struct User {
    pub name: String,
    pub password: String,
    pub uid: u32,
    pub gid: u32,
}

impl User {
    pub fn read() -> User {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-user");
        let text = fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}; run: tests/setup.sh", file.display()));
        let (name, password) = text.trim_end().split_once(':').expect("user:password");
        let (uid, gid) = ids(name);
        User { name: name.to_owned(), password: password.to_owned(), uid, gid }
    }
}

fn ids(name: &str) -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd
        .lines()
        .find(|line| line.split(':').next() == Some(name))
        .unwrap_or_else(|| panic!("no user {name}; run: tests/setup.sh"));
    let mut numbers = line.split(':').skip(2).map(|field| field.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}
