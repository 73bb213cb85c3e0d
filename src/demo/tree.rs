//! The served directory as "/". Every name that a client sends becomes a path below the root here:
//! components are walked one by one, `..` stops at the root, and a symbolic link is followed as
//! inside a chroot, so that `/etc/passwd` means the root's own `etc/passwd`.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use rustix::io::Errno;

/// As many links as Linux follows in one name.
const MAX_LINKS: u32 = 40;

/// A directory that cannot be left by name.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
}

/// A place in the tree: something that exists, or a missing name in a directory that exists.
#[derive(Debug)]
pub(super) struct Place {
    /// For the operating system. No component was a symbolic link when it was looked at, except
    /// perhaps the last.
    pub(super) path: PathBuf,
    components: Vec<OsString>,
}

impl Tree {
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        fs::read_dir(&root)?;
        Ok(Self { root })
    }

    /// What the name leads to, the last symbolic link followed: STAT, OPEN, OPENDIR, REALPATH.
    pub(super) fn follow(&self, name: &str) -> io::Result<Place> {
        self.walk(name, true)
    }

    /// The entry itself, even if it is a symbolic link: LSTAT, READLINK.
    pub(super) fn entry(&self, name: &str) -> io::Result<Place> {
        self.walk(name, false)
    }

    /// As [`Tree::entry`], for requests that make, move or remove a name. The root is none.
    pub(super) fn name(&self, name: &str) -> io::Result<Place> {
        let place = self.entry(name)?;
        if place.components.is_empty() { Err(ErrorKind::PermissionDenied.into()) } else { Ok(place) }
    }

    fn walk(&self, name: &str, follow_last: bool) -> io::Result<Place> {
        let mut place = Place { path: self.root.clone(), components: Vec::new() };
        let mut ahead = steps(Path::new(name));
        let mut links = 0;
        while let Some(step) = ahead.pop_front() {
            let Step::Into(component) = step else {
                place.leave(&step);
                continue;
            };
            place.enter(component);
            let found = match fs::symlink_metadata(&place.path) {
                Ok(found) => found,
                Err(error) if error.kind() == ErrorKind::NotFound && ahead.is_empty() => break,
                Err(error) => return Err(error),
            };
            if found.is_symlink() && (follow_last || !ahead.is_empty()) {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Errno::LOOP.into());
                }
                let target = fs::read_link(&place.path)?;
                place.leave(&Step::Up);
                steps(&target).into_iter().rev().for_each(|step| ahead.push_front(step));
            } else if !found.is_dir() && !ahead.is_empty() {
                return Err(ErrorKind::NotADirectory.into());
            }
        }
        Ok(place)
    }
}

impl Place {
    /// The absolute name that a client sees.
    pub(super) fn virtual_name(&self) -> String {
        let names = self.components.iter().map(|component| component.to_string_lossy());
        format!("/{}", names.collect::<Vec<_>>().join("/"))
    }

    fn enter(&mut self, component: OsString) {
        self.path.push(&component);
        self.components.push(component);
    }

    fn leave(&mut self, step: &Step) {
        let levels = if matches!(step, Step::Root) { self.components.len() } else { 1 };
        for _ in 0..levels {
            // The root has no components, so `..` in the root stays there.
            if self.components.pop().is_some() {
                self.path.pop();
            }
        }
    }
}

enum Step {
    Root,
    Up,
    Into(OsString),
}

fn steps(name: &Path) -> VecDeque<Step> {
    name.components()
        .filter_map(|component| match component {
            Component::RootDir => Some(Step::Root),
            Component::ParentDir => Some(Step::Up),
            Component::Normal(name) => Some(Step::Into(name.to_owned())),
            Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree() -> (tempfile::TempDir, Tree) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("docs/deep")).unwrap();
        fs::write(root.join("docs/a.txt"), "a").unwrap();
        symlink("/etc", root.join("absolute")).unwrap();
        symlink("../../../../../../etc", root.join("docs/upwards")).unwrap();
        symlink("/docs/a.txt", root.join("inside")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let tree = Tree::open(root).unwrap();
        (directory, tree)
    }

    #[test]
    fn names_are_absolute_and_normal() {
        let (_directory, tree) = tree();
        for (name, expected) in [
            ("", "/"),
            (".", "/"),
            ("/", "/"),
            ("docs", "/docs"),
            ("//docs/./deep//..", "/docs"),
            ("/docs/new", "/docs/new"),
            ("inside", "/docs/a.txt"),
        ] {
            assert_eq!(tree.follow(name).unwrap().virtual_name(), expected, "{name}");
        }
    }

    #[test]
    fn nothing_leads_out_of_the_root() {
        let (_directory, tree) = tree();
        for name in ["../../etc/passwd", "/etc/passwd", "absolute/passwd", "docs/upwards/passwd"] {
            assert_eq!(tree.follow(name).unwrap_err().kind(), ErrorKind::NotFound, "{name}");
        }
        for name in ["..", "../..", "absolute", "docs/upwards", "docs/../../../x"] {
            assert!(tree.follow(name).unwrap().path.starts_with(&tree.root), "{name}");
        }
    }

    #[test]
    fn a_loop_of_links_ends_in_an_error_and_not_in_a_hang() {
        let (_directory, tree) = tree();
        assert_eq!(tree.follow("loop").unwrap_err().raw_os_error(), Some(Errno::LOOP.raw_os_error()));
        assert!(tree.entry("loop").is_ok());
    }

    #[test]
    fn a_file_is_no_directory() {
        let (_directory, tree) = tree();
        assert_eq!(tree.follow("docs/a.txt/x").unwrap_err().kind(), ErrorKind::NotADirectory);
    }

    #[test]
    fn the_root_is_not_a_name_that_can_be_changed() {
        let (_directory, tree) = tree();
        assert_eq!(tree.name("docs/..").unwrap_err().kind(), ErrorKind::PermissionDenied);
    }
}
