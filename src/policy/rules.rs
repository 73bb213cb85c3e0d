//! One set of rules, compiled for one person.

use super::asked::{Asked, Name, Need, Object, Touched};
use super::denial::{Denial, Doubt};
use super::path::{Path, Place};
use super::pattern::{self, Pattern};
use super::session::Session;
use crate::config::{self, Access};
use crate::sftp::{Arguments, Attributes, OpenFlags, Writes};

/// What one person may do under one set of rules.
#[derive(Debug)]
pub(super) struct Rules {
    read_only: bool,
    allow: Vec<String>,
    deny: Vec<String>,
    paths: Vec<(Access, Pattern)>,
    /// What may be done everywhere.
    everywhere: Access,
    largest_file: Option<u64>,
    start: Start,
}

/// Where relative paths start.
#[derive(Debug)]
enum Start {
    /// As configured.
    At(Place),
    /// As the server says.
    Learnt,
    /// As configured, but for a name that is none.
    Unknown,
}

impl Rules {
    /// The rules for `user`. Where a name that cannot be a part of a path would stand in a pattern, nothing may be done,
    /// whatever stands there.
    pub(super) fn new(config: &config::Rules, user: &str) -> Rules {
        let paths = config.paths.iter().map(|rule| match Pattern::new(&rule.pattern, user) {
            Ok(pattern) => (rule.access, pattern),
            Err(pattern::NoName) => (Access::None, Pattern::for_anybody(&rule.pattern)),
        });
        let start = match &config.home {
            None => Start::Learnt,
            Some(home) => pattern::place(home, user).map_or(Start::Unknown, Start::At),
        };
        let mut rules = Rules {
            read_only: config.read_only,
            allow: config.allow.clone(),
            deny: config.deny.clone(),
            paths: paths.collect(),
            everywhere: Access::Write,
            largest_file: config.largest_file,
            start,
        };
        rules.everywhere = rules.below(b"");
        rules
    }

    /// Whether they deny nothing at all.
    pub(super) fn permit_everything(&self) -> bool {
        !self.read_only && self.allow.is_empty() && self.deny.is_empty() && !self.need_tracking()
    }

    /// Whether a request by handle depends on what was opened.
    pub(super) fn need_tracking(&self) -> bool {
        self.has_paths() || self.largest_file.is_some()
    }

    fn has_paths(&self) -> bool {
        self.everywhere < Access::Write
    }

    /// Whether a request may pass, in a session of which this is known.
    pub(super) fn judge(&self, asked: &Asked<'_>, session: &Session) -> Result<(), Denial> {
        self.judge_name(asked)?;
        if self.read_only {
            judge_read_only(asked)?;
        }
        if let Some(limit) = self.largest_file {
            judge_size(&asked.arguments, session, limit)?;
        }
        if self.has_paths() {
            self.judge_paths(asked, session)?;
        }
        Ok(())
    }

    fn judge_name(&self, asked: &Asked<'_>) -> Result<(), Denial> {
        let (name, unlisted) = match asked.name {
            Name::Known(name, _) => (name.as_bytes(), Denial::Request(name)),
            Name::Extension(name) => (name, Denial::Extension),
            Name::Type(kind) => return Err(Denial::Type(kind.0)),
        };
        let has = |list: &[String]| list.iter().any(|listed| listed.as_bytes() == name);
        if has(&self.deny) || !(self.allow.is_empty() || has(&self.allow)) {
            return Err(unlisted);
        }
        match asked.name {
            // Somebody must have said that this one is good, and nobody can say where it reads or what it writes.
            Name::Extension(_) if self.allow.is_empty() || self.read_only || self.need_tracking() => {
                Err(unlisted)
            }
            _ => Ok(()),
        }
    }

    fn judge_paths(&self, asked: &Asked<'_>, session: &Session) -> Result<(), Denial> {
        let is_expand = matches!(asked.arguments, Arguments::ExpandPath { .. });
        let learnt = match &self.start {
            Start::At(place) => Some(&place[..]),
            Start::Learnt => session.start(),
            Start::Unknown => None,
        };
        for Touched { object, need } in asked.touched().into_iter().flatten() {
            let bytes = match object {
                Object::Path(path) => path,
                Object::Handle(handle) => &session.opened(handle).ok_or(Denial::Handle)?.path,
            };
            if need == Need::Link && bytes.first() != Some(&b'/') {
                return Err(Denial::RelativeLink);
            }
            let path = if is_expand { Path::expanded(bytes, learnt) } else { Path::read(bytes, learnt) };
            self.judge_path(&path?, need)?;
        }
        Ok(())
    }

    fn judge_path(&self, path: &Path, need: Need) -> Result<(), Denial> {
        // Where a session starts is no secret, and clients ask before anything else.
        if need == Need::Resolve && path.is_start {
            return Ok(());
        }
        let (wanted, denial) = match need {
            Need::Resolve | Need::Read => (Access::Read, Denial::Reading),
            Need::Write => (Access::Write, Denial::Writing),
            Need::WriteBelow | Need::Link => (Access::Write, Denial::WritingBelow),
        };
        let (access, denial) = match (path.doubt, need) {
            // Only a name is told.
            (None | Some(Doubt::Parent), Need::Resolve) | (None, Need::Read | Need::Write) => {
                (self.access(&path.place), denial)
            }
            (None, Need::WriteBelow | Need::Link) if self.access(&path.place) < wanted => {
                (Access::None, Denial::Writing)
            }
            (None, Need::WriteBelow | Need::Link) => (self.below(&path.place), denial),
            (Some(doubt), _) => (self.everywhere, Denial::Doubt(doubt)),
        };
        if access >= wanted { Ok(()) } else { Err(denial) }
    }

    /// What may be done at a place: the first rule decides.
    pub(super) fn access(&self, place: &[u8]) -> Access {
        let rule = self.paths.iter().find(|(_, pattern)| pattern.matches(place));
        rule.map_or(Access::Write, |(access, _)| *access)
    }

    /// What may be done at a place and everywhere below it.
    pub(super) fn below(&self, place: &[u8]) -> Access {
        let mut least = Access::Write;
        for (access, pattern) in &self.paths {
            if pattern.matches(place) || pattern.reaches_below(place) {
                least = least.min(*access);
            }
            if pattern.covers(place) {
                break;
            }
        }
        least
    }
}

fn judge_read_only(asked: &Asked<'_>) -> Result<(), Denial> {
    let writes = match (asked.name, &asked.arguments) {
        (_, Arguments::Open { flags, .. }) => !flags.only_reads(),
        (Name::Known(_, writes), _) => writes != Writes::No,
        (Name::Extension(_) | Name::Type(_), _) => true,
    };
    if writes { Err(Denial::ReadOnly) } else { Ok(()) }
}

fn judge_size(arguments: &Arguments<'_>, session: &Session, limit: u64) -> Result<(), Denial> {
    let ends = |offset: u64, length: u64| match offset.checked_add(length) {
        Some(end) if end <= limit => Ok(()),
        _ => Err(Denial::Size(limit)),
    };
    let set = |attributes: &Attributes| ends(0, attributes.size.unwrap_or_default());
    let grows = |handle: &[u8]| match session.opened(handle) {
        None => Err(Denial::Handle),
        // The server writes at the end, whatever the request says, and nobody here knows where that is.
        Some(opened) if opened.flags.has(OpenFlags::APPEND) => Err(Denial::Appending),
        Some(_) => Ok(()),
    };
    match arguments {
        Arguments::Open { flags, .. } if flags.has(OpenFlags::APPEND) => Err(Denial::Appending),
        Arguments::Open { attributes, .. }
        | Arguments::Setstat { attributes, .. }
        | Arguments::Lsetstat { attributes, .. }
        | Arguments::Fsetstat { attributes, .. } => set(attributes),
        Arguments::Write { handle, offset, data } => {
            grows(handle)?;
            ends(*offset, data.len() as u64)
        }
        Arguments::CopyData { length: 0, .. } => Err(Denial::CopyToEnd),
        Arguments::CopyData { to, to_offset, length, .. } => {
            grows(to)?;
            ends(*to_offset, *length)
        }
        _ => Ok(()),
    }
}
