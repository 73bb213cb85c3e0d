//! Why a request may not pass.

/// The keys of a policy by which a request may be denied, for metrics; the last is for what could not be judged.
pub const RULES: [&str; 5] = ["read_only", "requests", "paths", "largest_file", "unjudged"];

/// Why a request is answered here. The sentence is what the user reads, so it names the rule and no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Denial {
    #[error("the policy of this server is read-only")]
    ReadOnly,
    #[error("the policy of this server does not allow {0}")]
    Request(&'static str),
    #[error("the policy of this server does not allow an extension that the bridge does not know")]
    Extension,
    #[error("the policy of this server does not allow a request of unknown type {0}")]
    Type(u8),
    #[error("the policy of this server does not allow reading this path")]
    Reading,
    #[error("the policy of this server does not allow writing to this path")]
    Writing,
    #[error("the policy of this server does not allow writing to everything below this path")]
    WritingBelow,
    #[error("the policy of this server allows only links whose target is an absolute path")]
    RelativeLink,
    #[error("the policy of this server does not allow files over {0} bytes")]
    Size(u64),
    #[error("the policy of this server does not allow appending, because it limits the size of files")]
    Appending,
    #[error(
        "the policy of this server does not allow copy-data without a length, because it limits the size of files"
    )]
    CopyToEnd,
    #[error("the policy of this server cannot judge this path: {}", why(*.0))]
    Doubt(Doubt),
    #[error("the policy of this server cannot judge this path: it has a NUL in it, or more than 4096 bytes")]
    PathUnclear,
    #[error("the policy of this server can judge only version 3 of the protocol")]
    Version,
    #[error("the policy of this server cannot judge this request: it is cut short")]
    CutShort,
    #[error("the policy of this server cannot judge this request: the file was not opened under it")]
    Handle,
    #[error(
        "the policy of this server cannot judge this request: its id is that of another that is not answered yet"
    )]
    Id,
    #[error("the policy of this server cannot judge this request: too many are not answered yet")]
    Unanswered,
    #[error("the policy of this server cannot judge this request: too many files are open")]
    Open,
    #[error("the policy of this server has just changed: try again")]
    Changed,
}

/// Why a path may lead anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// `..` behind a name: if that is a link to a directory, this is the parent of another directory.
    Parent,
    /// A relative path, and nobody knows from where.
    NoStart,
    /// `~name`
    Tilde,
}

fn why(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Parent => "it has .. behind a name",
        Doubt::NoStart => "it is relative, and the server has not told yet where it starts",
        Doubt::Tilde => "it begins with the name of a user",
    }
}

impl Denial {
    /// The key of the policy that denies, to be counted by; `unjudged` for what no key could be applied to.
    /// One of [`RULES`].
    pub(super) fn rule(&self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::Request(_) | Self::Extension | Self::Type(_) => "requests",
            Self::Reading | Self::Writing | Self::WritingBelow | Self::RelativeLink => "paths",
            Self::Size(_) | Self::Appending | Self::CopyToEnd => "largest_file",
            Self::Doubt(_)
            | Self::PathUnclear
            | Self::Version
            | Self::CutShort
            | Self::Handle
            | Self::Id
            | Self::Unanswered
            | Self::Open
            | Self::Changed => "unjudged",
        }
    }
}
