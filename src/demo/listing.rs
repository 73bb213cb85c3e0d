//! An open directory: READDIR in batches, each entry with the line that `ls -l` would print.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use russh_sftp::protocol::{File, StatusCode};

use super::attrs;
use super::reply::{Answer, Refusal, Reply};
use super::tree::Place;

/// Entries of one NAME, as OpenSSH; with the longest names that is about 60 KiB.
const BATCH: usize = 100;
/// As `ls`: a time further away than this shows its year in place of the hour.
const HALF_A_YEAR: i64 = 182 * DAY;
const DAY: i64 = 24 * 60 * 60;

/// What READDIR has not sent yet.
#[derive(Debug)]
pub(super) struct Listing {
    dots: Vec<File>,
    entries: fs::ReadDir,
}

impl Listing {
    pub(super) fn open(place: &Place, parent: PathBuf) -> io::Result<Self> {
        let entries = fs::read_dir(&place.path)?;
        let now = now();
        let dot = |name: &str, path: &PathBuf| path.metadata().map(|found| line(name, &found, now));
        Ok(Self { dots: vec![dot("..", &parent)?, dot(".", &place.path)?], entries })
    }

    /// The next entries; SSH_FX_EOF after the last.
    pub(super) fn next_batch(&mut self) -> Answer {
        let now = now();
        let mut files = Vec::new();
        while files.len() < BATCH {
            match self.next(now) {
                Some(file) => files.push(file?),
                None if files.is_empty() => return Err(Refusal::new(StatusCode::Eof, "End of directory")),
                None => break,
            }
        }
        Ok(Reply::Names(files))
    }

    fn next(&mut self, now: i64) -> Option<io::Result<File>> {
        if let Some(dot) = self.dots.pop() {
            return Some(Ok(dot));
        }
        loop {
            match self.entries.next()? {
                // An entry that was removed since is left out, not an error.
                Ok(entry) => match entry.metadata() {
                    Ok(found) => return Some(Ok(line(&entry.file_name().to_string_lossy(), &found, now))),
                    Err(_) => continue,
                },
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn line(name: &str, found: &Metadata, now: i64) -> File {
    let longname = format!(
        "{} {:>3} {:<8} {:<8} {:>8} {} {name}",
        mode_string(found.mode()),
        found.nlink(),
        found.uid(),
        found.gid(),
        found.size(),
        date(found.mtime(), now),
    );
    File { filename: name.to_owned(), longname, attrs: attrs::attributes(found) }
}

/// `drwxr-xr-x`, with s, S, t and T as `ls` writes them.
fn mode_string(mode: u32) -> String {
    let kind = match mode & 0o170_000 {
        0o040_000 => 'd',
        0o120_000 => 'l',
        0o010_000 => 'p',
        0o140_000 => 's',
        0o060_000 => 'b',
        0o020_000 => 'c',
        _ => '-',
    };
    let triple = |shift: u32, special: u32, on: char, alone: char| {
        let bit = |bit: u32| mode >> shift & bit != 0;
        let execute = match (bit(1), mode & special != 0) {
            (true, true) => on,
            (false, true) => alone,
            (true, false) => 'x',
            (false, false) => '-',
        };
        [if bit(4) { 'r' } else { '-' }, if bit(2) { 'w' } else { '-' }, execute]
    };
    let permissions = [triple(6, 0o4000, 's', 'S'), triple(3, 0o2000, 's', 'S'), triple(0, 0o1000, 't', 'T')];
    std::iter::once(kind).chain(permissions.into_iter().flatten()).collect()
}

/// `Jan  2 15:04`, or `Jan  2  2006` when it is long ago or ahead. UTC, since a client's zone is unknown.
fn date(time: i64, now: i64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = civil(time.div_euclid(DAY));
    let month = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"???");
    let minutes = time.rem_euclid(DAY) / 60;
    if (now - HALF_A_YEAR..=now + DAY).contains(&time) {
        format!("{month} {day:>2} {:02}:{:02}", minutes / 60, minutes % 60)
    } else {
        format!("{month} {day:>2}  {year}")
    }
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar. Years are
/// counted from March, so that the leap day is the last of its year, in eras of 400 years.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX - DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_read_as_ls_prints_them() {
        assert_eq!(mode_string(0o100_644), "-rw-r--r--");
        assert_eq!(mode_string(0o041_777), "drwxrwxrwt");
        assert_eq!(mode_string(0o120_777), "lrwxrwxrwx");
        assert_eq!(mode_string(0o106_744), "-rwsr-Sr--");
    }

    #[test]
    fn dates_read_as_ls_prints_them() {
        let leap_day = 1_709_210_096; // 2024-02-29 12:34:56 UTC
        assert_eq!(date(leap_day, leap_day + 60), "Feb 29 12:34");
        assert_eq!(date(leap_day, leap_day + 2 * HALF_A_YEAR), "Feb 29  2024");
        assert_eq!(date(0, leap_day), "Jan  1  1970");
        assert_eq!(date(-1, leap_day), "Dec 31  1969");
        assert_eq!(date(4_107_542_399, leap_day), "Feb 28  2100");
        assert_eq!(date(4_107_542_400, leap_day), "Mar  1  2100");
    }
}
