//! The files that a visitor of the demo finds: something to read, something to download, a folder to
//! enter, and a name that shows whether spaces and non-ASCII letters survive.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

const README: &str = "\
Welcome. This directory is served by the demo's own SSH server, through the bridge.

Everything here may be changed, renamed, deleted and uploaded again: it is yours.
Other clients (sftp, sshfs, rclone) reach the same files at the address the demo printed.
";

const NOTES: &str = "\
A text with several lines,
so that a preview has something to show.

\tTabs, \"quotes\" & <angle brackets> are shown as they are.
Grüße, こんにちは, Привет, 👋
";

/// Not a round number, so that the last block of a transfer is short.
const BINARY_BYTES: usize = (1 << 20) + 4321;

/// Writes the samples below `root`, a directory that exists; files of the same names are replaced.
///
/// # Errors
/// Any error of the file system.
pub fn write_samples(root: &Path) -> io::Result<()> {
    fs::write(root.join("README.txt"), README)?;
    fs::write(root.join("notes.txt"), NOTES)?;
    fs::create_dir_all(root.join("photos/2024"))?;
    fs::write(root.join("photos/2024/list.csv"), "name,width,height\nharbour,4032,3024\n")?;
    fs::write(root.join("Übersicht – été 2024.txt"), NOTES)?;
    write_binary(&root.join("random.bin"))
}

/// The same bytes each time, which do not compress: xorshift64 (Marsaglia 2003).
fn write_binary(path: &Path) -> io::Result<()> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(BINARY_BYTES + 8);
    while bytes.len() < BINARY_BYTES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(BINARY_BYTES);
    File::create(path)?.write_all(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_are_there_and_writing_them_again_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        write_samples(directory.path()).unwrap();
        let first = fs::read(directory.path().join("random.bin")).unwrap();
        write_samples(directory.path()).unwrap();
        assert_eq!(fs::read(directory.path().join("random.bin")).unwrap(), first);
        assert_eq!(first.len(), BINARY_BYTES);
        assert!(directory.path().join("photos/2024/list.csv").is_file());
    }
}
