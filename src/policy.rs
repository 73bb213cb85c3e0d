//! Which requests may pass.
//!
//! A policy looks at each request on its way, and answers those that it denies in the server's place. It knows what the
//! packets say and nothing of the server's files: docs/policy.md says what follows from that.
//!
//! What cannot be judged is denied. A policy that permits everything reads nothing, and keeps nothing.

mod asked;
mod denial;
mod limit;
mod path;
mod pattern;
mod rules;
mod session;
mod version;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::config::{self, Config};
use crate::metrics;
use crate::pump::{Observer, Verdict};
use crate::sftp::{Arguments, Packet, PacketType, RequestKind, StatusCode, status};

use asked::Asked;
use denial::Denial;
use rules::Rules;
use session::Session;
use version::Version;

pub use denial::RULES;
pub use limit::PacketLimit;

/// The policies of all upstreams, replaced as a whole when the configuration changes. Cheap to clone; the clones are
/// one.
#[derive(Debug, Clone)]
pub struct Policies {
    current: Arc<ArcSwap<Table>>,
}

/// The policies by the names of their upstreams.
type Table = BTreeMap<String, config::Policy>;

/// A policy makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("upstreams.{upstream}.policy: {problem}")]
pub struct PolicyError {
    upstream: String,
    problem: String,
}

impl Policies {
    /// The policies of `config`.
    ///
    /// # Errors
    /// [`PolicyError`]
    pub fn new(config: &Config) -> Result<Self, PolicyError> {
        Ok(Self { current: Arc::new(ArcSwap::from_pointee(table(config)?)) })
    }

    /// Puts the policies of `config` in place of those that were. Sessions that run follow from their next request on.
    /// An upstream that `config` does not have any more keeps its policy: until a restart the bridge goes there, and
    /// nobody has said that everything is permitted.
    ///
    /// # Errors
    /// [`PolicyError`], and everything stays as it was.
    pub fn replace(&self, config: &Config) -> Result<(), PolicyError> {
        let new = table(config)?;
        self.current.rcu(|old| {
            let mut table = Table::clone(old);
            table.extend(new.clone());
            table
        });
        Ok(())
    }

    /// The policy for `user` of `groups` at `upstream`. It follows replacements.
    pub fn of(&self, upstream: &str, user: &str, groups: &[String]) -> Policy {
        let table = self.current.load_full();
        let mut policy = Policy {
            policies: self.clone(),
            upstream: upstream.to_owned(),
            user: user.to_owned(),
            groups: groups.to_vec(),
            table: Arc::clone(&table),
            standing: Standing::Free,
            session: Session::default(),
            version: Version::default(),
        };
        policy.adopt(table);
        policy
    }

    /// Whether a policy has rules for the members of `group`.
    pub fn name_group(&self, group: &str) -> bool {
        let table = self.current.load();
        let mut groups = table.values().flat_map(|policy| policy.groups.values());
        groups.any(|section| section.claims.iter().any(|claim| claim == group))
    }
}

/// The policies of `config`, looked through.
fn table(config: &Config) -> Result<Table, PolicyError> {
    let mut table = Table::new();
    for (name, upstream) in &config.upstreams {
        let groups = upstream.policy.groups.values().map(|group| &group.rules);
        if std::iter::once(&upstream.policy.rules).chain(groups).any(|rules| denies_close(&rules.deny)) {
            let problem = "deny: close always passes, or files would stay open".to_owned();
            return Err(PolicyError { upstream: name.clone(), problem });
        }
        table.insert(name.clone(), upstream.policy.clone());
    }
    Ok(table)
}

fn denies_close(deny: &[String]) -> bool {
    deny.iter().any(|name| name == "close")
}

/// Judges the requests of one session.
pub struct Policy {
    policies: Policies,
    upstream: String,
    user: String,
    groups: Vec<String>,
    /// The policies that `standing` comes from.
    table: Arc<Table>,
    standing: Standing,
    session: Session,
    version: Version,
}

/// Names are for the log, which escapes them; the rest would be long.
impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}

/// What the person may do.
#[derive(Debug)]
enum Standing {
    /// Everything.
    Free,
    /// What any of these permits.
    Under {
        rules: Vec<Rules>,
        /// Whether any of them asks what handles are.
        tracking: bool,
    },
}

impl Standing {
    fn of(policy: &config::Policy, user: &str, groups: &[String]) -> Standing {
        let has = |group: &config::Group| {
            group.users.iter().any(|name| name == user)
                || group.claims.iter().any(|claim| groups.contains(claim))
        };
        let own: Vec<&config::Rules> =
            policy.groups.values().filter(|group| has(group)).map(|group| &group.rules).collect();
        let own = if own.is_empty() { vec![&policy.rules] } else { own };
        let rules: Vec<Rules> = own.into_iter().map(|rules| Rules::new(rules, user)).collect();
        if rules.iter().any(Rules::permit_everything) {
            return Standing::Free;
        }
        let tracking = rules.iter().any(Rules::need_tracking);
        Standing::Under { rules, tracking }
    }

    fn is_tracking(&self) -> bool {
        matches!(self, Standing::Under { tracking: true, .. })
    }
}

impl Policy {
    /// Follows a replacement.
    fn adopt(&mut self, table: Arc<Table>) {
        if let Some(policy) = table.get(&self.upstream) {
            self.standing = Standing::of(policy, &self.user, &self.groups);
            if !self.standing.is_tracking() {
                self.session.forget();
            }
        }
        self.table = table;
    }

    fn judge(&mut self, packet: &Packet) -> Result<(), Denial> {
        let Standing::Under { rules, tracking } = &self.standing else {
            return Ok(());
        };
        if !self.version.is_judged() && packet.kind() != PacketType::CLOSE {
            return Err(Denial::Version);
        }
        let asked = Asked::read(packet)?;
        if !matches!(asked.arguments, Arguments::Close { .. }) {
            permitted(rules, &asked, &self.session)?;
        }
        // What has no id has no answer either.
        if let Some(id) = packet.id().filter(|_| *tracking) {
            self.session.has_room(id, &asked.arguments)?;
            self.session.note(id, &asked.arguments);
        }
        Ok(())
    }
}

/// Whether one of several sets of rules permits the whole request. If none does, the first one's reason is told.
fn permitted(rules: &[Rules], asked: &Asked<'_>, session: &Session) -> Result<(), Denial> {
    let mut reason = None;
    for rules in rules {
        match rules.judge(asked, session) {
            Ok(()) => return Ok(()),
            Err(denial) => reason = reason.or(Some(denial)),
        }
    }
    reason.map_or(Ok(()), Err)
}

impl Observer for Policy {
    fn request(&mut self, packet: &Packet) -> Verdict {
        if packet.kind() == PacketType::INIT {
            self.version.offered(packet);
            return Verdict::Forward;
        }
        if !Arc::ptr_eq(&self.policies.current.load(), &self.table) {
            self.adopt(self.policies.current.load_full());
        }
        match self.judge(packet) {
            Ok(()) => {
                self.version.passes(packet);
                if !self.standing.is_tracking() {
                    match RequestKind::of(packet) {
                        Ok(Some(_)) => self.session.counted(),
                        _ => self.session.is_uncountable(),
                    }
                }
                Verdict::Forward
            }
            Err(denial) => Verdict::Answer(deny(packet, &denial)),
        }
    }

    fn response(&mut self, packet: &Packet) {
        if packet.kind() == PacketType::VERSION {
            self.version.chosen(packet);
            return;
        }
        if !packet.kind().is_response() {
            return;
        }
        match self.standing.is_tracking() {
            true => self.session.learn(packet),
            false => self.session.uncounted(),
        }
    }
}

/// The answer to a request that is denied. Every denial comes through here.
///
/// Only a request of an unknown type can be without an id. Something must be said to it, and id 0 is as good as any: the
/// client has not named another one.
fn deny(packet: &Packet, denial: &Denial) -> Packet {
    tracing::debug!(event = %"denied", rule = denial.rule(), request = %packet.kind(), reason = %denial);
    metrics::policy_denied(denial.rule());
    status(packet.id().unwrap_or_default(), StatusCode::PERMISSION_DENIED, &denial.to_string())
}

#[cfg(test)]
mod tests;
