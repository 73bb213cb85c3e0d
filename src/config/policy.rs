//! `[upstreams.NAME.policy]`: which requests may pass.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Template, field};

/// The rules of one upstream.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// For everybody whom no group has.
    pub rules: Rules,
    /// For the members of groups, in place of [`Policy::rules`], by the sections' names. Whoever is in several may
    /// do what any of them may.
    pub groups: BTreeMap<String, Group>,
}

/// Rules for some.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Members by their names: the person's where the bridge knows one, else the user name at the upstream.
    pub users: Vec<String>,
    /// Members by the groups that a token, the identity provider or a trusted header says they are in.
    pub claims: Vec<String>,
    /// What they may do.
    pub rules: Rules,
}

/// What some may do. The default is everything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    /// Nothing that changes anything.
    pub read_only: bool,
    /// The only requests that may pass, by sftp-server's names for them; empty means all.
    pub allow: Vec<String>,
    /// Requests that may not pass, likewise.
    pub deny: Vec<String>,
    /// Who may do what where; the first rule whose pattern has a path decides. A path that none has is free.
    pub paths: Vec<PathRule>,
    /// The largest size in bytes that a file may get.
    pub largest_file: Option<u64>,
    /// Where relative paths start, with `{user}` for the user name at the upstream. Without it, this is learnt from
    /// the server's answer to a client that asks.
    pub home: Option<Template>,
}

/// A rule for some paths: `"read /archive"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRule {
    /// What may be done there.
    pub access: Access,
    /// An absolute path, which stands for itself and everything below, or a glob.
    pub pattern: Template,
}

/// What may be done with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// `"none"`
    None,
    /// `"read"`: looked at, listed and read.
    Read,
    /// `"write"`: everything.
    Write,
}

/// The section as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Written {
    read_only: bool,
    #[serde(deserialize_with = "field::requests")]
    allow: Vec<String>,
    #[serde(deserialize_with = "field::requests")]
    deny: Vec<String>,
    #[serde(deserialize_with = "field::path_rules")]
    paths: Vec<PathRule>,
    #[serde(deserialize_with = "field::some_size")]
    largest_file: Option<u64>,
    #[serde(deserialize_with = "field::some_home")]
    home: Option<Template>,
    groups: BTreeMap<String, Group>,
}

/// A group's section as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenGroup {
    #[serde(deserialize_with = "field::words")]
    users: Vec<String>,
    #[serde(deserialize_with = "field::words")]
    claims: Vec<String>,
    read_only: bool,
    #[serde(deserialize_with = "field::requests")]
    allow: Vec<String>,
    #[serde(deserialize_with = "field::requests")]
    deny: Vec<String>,
    #[serde(deserialize_with = "field::path_rules")]
    paths: Vec<PathRule>,
    #[serde(deserialize_with = "field::some_size")]
    largest_file: Option<u64>,
    #[serde(deserialize_with = "field::some_home")]
    home: Option<Template>,
}

// serde's `flatten` would lose the names of keys in errors, so the two sections are written out.
impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { read_only, allow, deny, paths, largest_file, home, groups } =
            Written::deserialize(deserializer)?;
        Ok(Policy { rules: Rules { read_only, allow, deny, paths, largest_file, home }, groups })
    }
}

impl<'de> Deserialize<'de> for Group {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WrittenGroup { users, claims, read_only, allow, deny, paths, largest_file, home } =
            WrittenGroup::deserialize(deserializer)?;
        Ok(Group { users, claims, rules: Rules { read_only, allow, deny, paths, largest_file, home } })
    }
}
