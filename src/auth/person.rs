//! Whom the bridge knows, and what they may reach.

use std::collections::BTreeSet;
use std::fmt;

use super::Denied;

/// Longest name in bytes. Linux allows 32, Active Directory names with a domain are longer.
pub(super) const LONGEST_NAME: usize = 256;

/// A person who has proved to the bridge who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    name: String,
    method: Proved,
    reach: Reach,
    groups: Vec<String>,
}

/// How a person has proved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proved {
    /// A password of the users file.
    Password,
    /// A bearer token.
    Bearer,
    /// A header of a trusted reverse proxy.
    Header,
    /// A certificate in the TLS handshake.
    Certificate,
    /// OpenID Connect in the browser.
    Oidc,
}

/// Which upstreams a person may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Every one.
    All,
    /// Those with these names. A name that no upstream has does no harm.
    Only(BTreeSet<String>),
}

impl Person {
    /// For those who have seen the proof.
    ///
    /// # Errors
    /// [`Denied::Name`]: the name becomes a user name at an upstream, part of a certificate and of log lines, so
    /// whoever vouches for it, it has 1 to 256 bytes, no control characters, and no hyphen at its start.
    pub(super) fn new(name: &str, method: Proved, reach: Reach) -> Result<Person, Denied> {
        match is_name(name) {
            true => Ok(Person { name: name.to_owned(), method, reach, groups: Vec::new() }),
            false => Err(Denied::Name),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same person, who is in these groups, as whoever vouches for the name says.
    pub(super) fn in_groups(mut self, groups: Vec<String>) -> Person {
        self.groups = groups;
        self.groups.sort_unstable();
        self.groups.dedup();
        self
    }

    /// The groups that the person is in.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Which upstreams the person may reach.
    pub(super) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The same person, without the upstreams that `exists` knows nothing of, and without the groups that mean nothing
    /// here.
    pub(super) fn among(mut self, exists: impl Fn(&str) -> bool, matters: impl Fn(&str) -> bool) -> Person {
        if let Reach::Only(names) = &mut self.reach {
            names.retain(|name| exists(name));
        }
        self.groups.retain(|group| matters(group));
        self
    }

    /// How the person has proved it.
    pub fn method(&self) -> Proved {
        self.method
    }

    /// The permission to reach `upstream`, if the person has it. Whether there is such an upstream is not known
    /// here.
    pub fn grant(&self, upstream: &str) -> Option<Grant> {
        let reaches = match &self.reach {
            Reach::All => true,
            Reach::Only(names) => names.contains(upstream),
        };
        reaches.then(|| Grant {
            person: self.name.clone(),
            upstream: upstream.to_owned(),
            method: self.method,
        })
    }
}

pub(super) fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && !name.starts_with('-') && !name.chars().any(char::is_control)
}

/// The proof that a person may reach an upstream. Only [`Person::grant`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    person: String,
    upstream: String,
    method: Proved,
}

impl Grant {
    /// The person's name.
    pub fn person(&self) -> &str {
        &self.person
    }

    /// The upstream's name.
    pub fn upstream(&self) -> &str {
        &self.upstream
    }

    /// How the person has proved who they are.
    pub fn method(&self) -> Proved {
        self.method
    }
}

impl Proved {
    /// The way's name in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Bearer => "bearer",
            Self::Header => "header",
            Self::Certificate => "certificate",
            Self::Oidc => "oidc",
        }
    }
}

impl fmt::Display for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known(name: &str, reach: Reach) -> Result<Person, Denied> {
        Person::new(name, Proved::Bearer, reach)
    }

    #[test]
    fn a_person_is_granted_what_they_reach_and_nothing_else() {
        let only = |names: &[&str]| Reach::Only(names.iter().map(|name| (*name).to_owned()).collect());
        let someone = known("ann", only(&["nas"])).unwrap();
        let grant = someone.grant("nas").unwrap();
        assert_eq!((grant.person(), grant.upstream(), grant.method()), ("ann", "nas", Proved::Bearer));
        for name in ["", "na", "NAS", "nas ", "archive"] {
            assert_eq!(someone.grant(name), None, "{name:?}");
        }
        assert_eq!(known("ann", only(&[])).unwrap().grant("nas"), None);
        assert!(known("ann", Reach::All).unwrap().grant("anything").is_some());
    }

    #[test]
    fn a_name_that_could_be_an_option_or_break_a_line_is_nobodys() {
        for name in ["", "-oProxyCommand=x", "a\nb", "a\0", "\u{1b}[2J", "a\u{85}", &"x".repeat(257)] {
            assert_eq!(known(name, Reach::All), Err(Denied::Name), "{name:?}");
        }
        for name in ["a", "ann@example.org", "EXAMPLE\\ann", "jürgen", "auth0|5f", &"x".repeat(256)] {
            assert_eq!(known(name, Reach::All).unwrap().name(), name);
        }
    }

    proptest! {
        #[test]
        fn whoever_is_known_has_a_name_on_one_line(name in any::<String>()) {
            if let Ok(person) = known(&name, Reach::All) {
                prop_assert_eq!(person.name().lines().count(), 1);
                prop_assert!(!person.name().starts_with('-'));
            }
        }
    }
}
