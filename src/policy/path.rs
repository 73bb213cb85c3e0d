//! Where a path leads, as far as its bytes tell.

use super::denial::{Denial, Doubt};

/// Longest path in bytes that is judged: Linux's own limit (`PATH_MAX`).
const LONGEST: usize = 4096;

/// A place on the server: absolute, without empty names, `.` and `..`. The root is empty, and every name has its slash
/// before it: what lies below a place begins with the place and a slash.
pub(super) type Place = Vec<u8>;

/// A path of a request, read once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// The place by the names alone.
    pub(super) place: Place,
    /// Why it may really be another one.
    pub(super) doubt: Option<Doubt>,
    /// No name at all: `""`, `"."`, `"./"`. Where a session starts.
    pub(super) is_start: bool,
}

impl Path {
    /// Reads `bytes`; relative ones start at `start`.
    ///
    /// # Errors
    /// [`Denial::PathUnclear`] for a path with a NUL, which OpenSSH leaves out at the end and others end at, and for
    /// one over 4,096 bytes.
    pub(super) fn read(bytes: &[u8], start: Option<&[u8]>) -> Result<Path, Denial> {
        if bytes.contains(&0) || bytes.len() > LONGEST {
            return Err(Denial::PathUnclear);
        }
        let relative = bytes.first() != Some(&b'/');
        let (start, mut doubt) = match (relative, start) {
            (false, _) => (&b""[..], None),
            (true, Some(start)) => (start, None),
            (true, None) => (&b""[..], Some(Doubt::NoStart)),
        };
        let mut place = normal(start);
        let mut is_start = relative;
        for name in bytes.split(|byte| *byte == b'/') {
            is_start &= matches!(name, b"" | b".");
            match name {
                b"" | b"." => {}
                b".." => {
                    // The root is its own parent.
                    if !place.is_empty() {
                        doubt = doubt.or(Some(Doubt::Parent));
                    }
                    leave(&mut place);
                }
                name => enter(&mut place, name),
            }
        }
        Ok(Path { place, doubt, is_start })
    }

    /// Reads the path of EXPAND-PATH, where sftp-server takes `~` for the start.
    ///
    /// # Errors
    /// As [`Path::read`].
    pub(super) fn expanded(bytes: &[u8], start: Option<&[u8]>) -> Result<Path, Denial> {
        match bytes.strip_prefix(b"~") {
            None => Path::read(bytes, start),
            Some(b"") => Path::read(b"", start),
            Some(rest @ [b'/', ..]) => Path::read(&[b".", rest].concat(), start),
            Some(_) => Ok(Path { doubt: Some(Doubt::Tilde), ..Path::read(bytes, start)? }),
        }
    }
}

/// The place of an absolute path, by its names alone.
pub(super) fn normal(path: &[u8]) -> Place {
    let mut place = Place::with_capacity(path.len());
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => leave(&mut place),
            name => enter(&mut place, name),
        }
    }
    place
}

fn enter(place: &mut Place, name: &[u8]) {
    place.push(b'/');
    place.extend_from_slice(name);
}

fn leave(place: &mut Place) {
    let end = place.iter().rposition(|byte| *byte == b'/').unwrap_or_default();
    place.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(path: &str, start: Option<&str>) -> (String, Option<Doubt>) {
        let path = Path::read(path.as_bytes(), start.map(str::as_bytes)).unwrap();
        (String::from_utf8(path.place).unwrap(), path.doubt)
    }

    #[test]
    fn dots_and_slashes_do_not_count() {
        for path in ["/a/b", "//a//b", "/a/b/", "/./a/././b/.", "/../a/b", "/../../a/b//"] {
            assert_eq!(read(path, None), ("/a/b".to_owned(), None), "{path}");
        }
        for path in ["/", "//", "/.", "/..", "/./../"] {
            assert_eq!(read(path, None), (String::new(), None), "{path}");
        }
        assert_eq!(read("/a/...", None).0, "/a/...");
        assert_eq!(read("/a/.b/ ..", None).0, "/a/.b/ ..");
    }

    #[test]
    fn a_parent_behind_a_name_is_in_doubt() {
        assert_eq!(read("/a/../b", None), ("/b".to_owned(), Some(Doubt::Parent)));
        assert_eq!(read("/a/b/..", None), ("/a".to_owned(), Some(Doubt::Parent)));
        assert_eq!(read("../b", Some("/home/ann")), ("/home/b".to_owned(), Some(Doubt::Parent)));
        assert_eq!(read("../b", Some("/")), ("/b".to_owned(), None));
    }

    #[test]
    fn relative_paths_start_where_the_session_does() {
        assert_eq!(read("a/./b", Some("/home/ann/")), ("/home/ann/a/b".to_owned(), None));
        assert_eq!(read("", Some("/home/ann")), ("/home/ann".to_owned(), None));
        assert_eq!(read("a", None), ("/a".to_owned(), Some(Doubt::NoStart)));
        for path in ["", ".", "./", ".//."] {
            assert!(Path::read(path.as_bytes(), None).unwrap().is_start, "{path}");
        }
        for path in ["/", "/.", "..", "a", "./a", "./.."] {
            assert!(!Path::read(path.as_bytes(), None).unwrap().is_start, "{path}");
        }
    }

    #[test]
    fn a_tilde_is_the_start_for_expand_path_alone() {
        let expanded = |path: &str| Path::expanded(path.as_bytes(), Some(b"/home/ann")).unwrap();
        assert_eq!(expanded("~").place, b"/home/ann");
        assert_eq!(expanded("~/x").place, b"/home/ann/x");
        assert_eq!(expanded("x/~").place, b"/home/ann/x/~");
        assert_eq!(expanded("~bob/x").doubt, Some(Doubt::Tilde));
        assert_eq!(expanded("~~").doubt, Some(Doubt::Tilde));
        assert!(expanded("~").is_start && !expanded("~/x").is_start && !expanded("~bob").is_start);
        assert_eq!(read("~/x", Some("/home/ann")).0, "/home/ann/~/x");
    }

    #[test]
    fn a_nul_or_too_many_bytes_make_a_path_unclear() {
        for path in [&b"/a\0"[..], b"\0", b"/a\0b", &[b'/'; 4097]] {
            assert_eq!(Path::read(path, None), Err(Denial::PathUnclear));
            assert_eq!(Path::expanded(path, None), Err(Denial::PathUnclear));
        }
        assert!(Path::read(&[b'/'; 4096], None).is_ok());
        assert_eq!(Path::read(b"/\xff", None).unwrap().place, b"/\xff");
    }

    proptest! {
        #[test]
        fn a_place_is_normal_already(path in "[a./~]{0,40}") {
            let once = normal(path.as_bytes());
            prop_assert_eq!(&normal(&once), &once);
            prop_assert_eq!(&Path::read(path.as_bytes(), Some(b"/")).unwrap().place, &once);
            prop_assert!(once.is_empty() || once.starts_with(b"/"));
            prop_assert!(!once.ends_with(b"/"));
            prop_assert!(once.split(|b| *b == b'/').skip(1).all(|name| !matches!(name, b"" | b"." | b"..")));
        }

        #[test]
        fn whatever_bytes_come_they_are_a_path_or_unclear(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert_eq!(Path::read(&bytes, None).is_err(), bytes.contains(&0));
        }
    }
}
