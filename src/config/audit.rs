//! `[audit]`: who did what with which file.

use std::path::PathBuf;

use serde::Deserialize;

/// The audit log.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(try_from = "Written")]
pub struct Audit {
    /// Where the records go; `None` where there are to be none.
    pub sink: Option<AuditSink>,
    /// A request that would be recorded waits until its record has a place, however long that takes. Otherwise a
    /// record that has none is lost, and counted.
    pub required: bool,
}

/// Where audit records go, one JSON object a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditSink {
    /// Appended to a file, which is opened anew on SIGHUP.
    File(PathBuf),
    /// Standard output: `file = "-"`.
    Stdout,
    /// The unix datagram socket of a syslog daemon.
    Syslog(PathBuf),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    file: Option<PathBuf>,
    syslog: Option<PathBuf>,
    #[serde(default)]
    required: bool,
}

impl TryFrom<Written> for Audit {
    type Error = String;

    fn try_from(written: Written) -> Result<Audit, String> {
        let sink = match (written.file, written.syslog) {
            (Some(_), Some(_)) => {
                return Err("file and syslog are both given, and only one can be".to_owned());
            }
            (Some(file), None) if file.as_os_str() == "-" => Some(AuditSink::Stdout),
            (Some(file), None) => Some(AuditSink::File(file)),
            (None, Some(socket)) => Some(AuditSink::Syslog(socket)),
            (None, None) => None,
        };
        match (&sink, written.required) {
            (None, true) => Err("required is given, and neither file nor syslog says where to".to_owned()),
            (_, required) => Ok(Audit { sink, required }),
        }
    }
}
