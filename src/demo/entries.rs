//! Requests that name an entry of the tree: attributes, making, removing, renaming, linking.

use std::fs;
use std::path::Path;

use russh_sftp::protocol::{File, FileAttributes};
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use super::attrs;
use super::reply::{Answer, Reply};
use super::tree::Tree;

impl Tree {
    pub(super) fn stat(&self, name: &str) -> Answer {
        let found = self.follow(name)?.path.symlink_metadata()?;
        Ok(Reply::Attrs(attrs::attributes(&found)))
    }

    pub(super) fn lstat(&self, name: &str) -> Answer {
        let found = self.entry(name)?.path.symlink_metadata()?;
        Ok(Reply::Attrs(attrs::attributes(&found)))
    }

    pub(super) fn setstat(&self, name: &str, attributes: &FileAttributes) -> Answer {
        attrs::apply(attributes, &attrs::Target::Path(&self.follow(name)?.path))?;
        Ok(Reply::Done)
    }

    /// The last component may be missing, as with OpenSSH: clients ask before they create.
    pub(super) fn realpath(&self, name: &str) -> Answer {
        let name = self.follow(name)?.virtual_name();
        let longname = name.clone();
        Ok(Reply::Names(vec![File { filename: name, longname, attrs: FileAttributes::default() }]))
    }

    pub(super) fn remove(&self, name: &str) -> Answer {
        fs::remove_file(self.name(name)?.path)?;
        Ok(Reply::Done)
    }

    pub(super) fn mkdir(&self, name: &str, attributes: &FileAttributes) -> Answer {
        rustix::fs::mkdir(self.entry(name)?.path, attrs::mode(attributes, 0o777))?;
        Ok(Reply::Done)
    }

    pub(super) fn rmdir(&self, name: &str) -> Answer {
        fs::remove_dir(self.name(name)?.path)?;
        Ok(Reply::Done)
    }

    /// RENAME of version 3: it is an error if the new name exists.
    pub(super) fn rename(&self, old: &str, new: &str) -> Answer {
        rename_new(&self.name(old)?.path, &self.name(new)?.path)?;
        Ok(Reply::Done)
    }

    /// posix-rename@openssh.com: the new name is replaced.
    pub(super) fn posix_rename(&self, old: &str, new: &str) -> Answer {
        fs::rename(self.name(old)?.path, self.name(new)?.path)?;
        Ok(Reply::Done)
    }

    pub(super) fn readlink(&self, name: &str) -> Answer {
        let target = fs::read_link(self.entry(name)?.path)?.to_string_lossy().into_owned();
        let longname = target.clone();
        Ok(Reply::Names(vec![File { filename: target, longname, attrs: FileAttributes::default() }]))
    }

    /// The target may be any text: it is looked at only when the link is followed, in [`Tree`].
    pub(super) fn symlink(&self, target: &str, link: &str) -> Answer {
        std::os::unix::fs::symlink(target, self.entry(link)?.path)?;
        Ok(Reply::Done)
    }

    pub(super) fn hardlink(&self, old: &str, new: &str) -> Answer {
        fs::hard_link(self.entry(old)?.path, self.entry(new)?.path)?;
        Ok(Reply::Done)
    }
}

fn rename_new(old: &Path, new: &Path) -> rustix::io::Result<()> {
    match rustix::fs::renameat_with(CWD, old, CWD, new, RenameFlags::NOREPLACE) {
        // Some file systems cannot do this in one step.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if new.symlink_metadata().is_ok() => {
            Err(Errno::EXIST)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rustix::fs::rename(old, new),
        renamed => renamed,
    }
}
