//! Files that the operator has named and that cannot be read or written: why, and what would help.

use std::fmt::{self, Display};
use std::io;

use rustls_pki_types::pem;

/// Why a file that the operator has named cannot be read. Whoever runs the bridge in a container or as a service mostly
/// does not know as whom: where rights are lacking, this says whose.
#[derive(Debug)]
pub struct Unreadable(pub io::Error);

impl Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unreadable(error) = self;
        if error.kind() != io::ErrorKind::PermissionDenied {
            return write!(f, "cannot be read: {error}");
        }
        let user = rustix::process::geteuid().as_raw();
        write!(f, "cannot be read by uid {user}: {error}; let this user read it and enter its folders")
    }
}

/// Why a file, folder or socket that the operator has named cannot be made or written, and what to do: whose rights are
/// lacking, or that no rights would help.
#[derive(Debug)]
pub struct Unwritable<'a>(pub &'a io::Error);

impl Display for Unwritable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unwritable(error) = self;
        let said = error.to_string();
        // Of a temporary file it also has the name, which is a random one and helps nobody.
        let said = said.split(" at path ").next().unwrap_or(&said);
        let user = rustix::process::geteuid().as_raw();
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                write!(f, "{said} for uid {user}; let this user write there and enter the folders above")
            }
            io::ErrorKind::ReadOnlyFilesystem => {
                write!(f, "{said}; in a container put it on a volume, in a unit below ReadWritePaths=")
            }
            io::ErrorKind::NotFound => write!(f, "{said}; make its folder first"),
            _ => f.write_str(said),
        }
    }
}

/// The same as [`Unreadable`] of a file of PEM, in which something may be wrong, too.
pub fn unusable_pem(error: pem::Error) -> String {
    match error {
        pem::Error::Io(error) => Unreadable(error).to_string(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_rights_are_lacking_is_told_and_nothing_of_rights_where_they_do_not_lack() {
        let denied = Unreadable(io::Error::from_raw_os_error(13)).to_string();
        let user = rustix::process::geteuid().as_raw();
        let wanted =
            format!("cannot be read by uid {user}: Permission denied (os error 13); let this user read");
        assert!(denied.starts_with(&wanted), "{denied}");
        let missing = || io::Error::from_raw_os_error(2);
        let wanted = "cannot be read: No such file or directory (os error 2)";
        assert_eq!(Unreadable(missing()).to_string(), wanted);
        assert_eq!(unusable_pem(pem::Error::Io(missing())), wanted);
        assert_eq!(unusable_pem(pem::Error::NoItemsFound), pem::Error::NoItemsFound.to_string());
    }

    #[test]
    fn what_lacks_to_write_is_told_and_the_random_name_of_a_temporary_file_is_not() {
        let user = rustix::process::geteuid().as_raw();
        let folder = tempfile::tempdir().unwrap();
        for (error, wanted) in [
            (io::Error::from_raw_os_error(13), format!("(os error 13) for uid {user}; let this user write")),
            (io::Error::from_raw_os_error(30), "(os error 30); in a container put it on a volume".to_owned()),
            (io::Error::from_raw_os_error(2), "(os error 2); make its folder first".to_owned()),
            (
                tempfile::NamedTempFile::new_in(folder.path().join("missing")).unwrap_err(),
                "No such file or directory (os error 2); make its folder first".to_owned(),
            ),
        ] {
            let said = Unwritable(&error).to_string();
            assert!(said.contains(&wanted) && !said.contains("missing"), "{said}");
        }
        let said = Unwritable(&io::Error::from_raw_os_error(28)).to_string();
        assert_eq!(said, "No space left on device (os error 28)");
    }
}
