//! The keys that exist, and the nearest of them to one that does not.

use figment::value::Value;

use super::ConfigError;
use super::source::in_words;

/// What may stand at a place of the file.
pub(super) enum Node {
    /// A string, or what a string can express: durations, sizes, paths.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Count,
    /// A list of strings.
    List,
    /// A table with these keys.
    Table(&'static [(&'static str, Node)]),
    /// A table whose keys are names that the operator chooses, and one that stands for them in the documentation.
    Named(Option<&'static str>, &'static Node),
}

/// Every key of the configuration.
pub(super) static ROOT: Node = Node::Table(&[
    ("default_upstream", Node::Text),
    (
        "listen",
        Node::Table(&[
            ("address", Node::Text),
            ("base_path", Node::Text),
            ("allowed_origins", Node::List),
            ("require_subprotocol", Node::Flag),
            ("trusted_proxies", Node::List),
            ("proxy_protocol_from", Node::List),
            ("socket_mode", Node::Text),
            (
                "tls",
                Node::Table(&[
                    ("certificate", Node::Text),
                    ("key", Node::Text),
                    ("client_ca", Node::Text),
                    ("acme_domains", Node::List),
                    ("acme_contact", Node::List),
                    ("acme_directory", Node::Text),
                    ("acme_cache", Node::Text),
                    ("acme_ca_file", Node::Text),
                ]),
            ),
        ]),
    ),
    ("admin", Node::Table(&[("address", Node::Text)])),
    ("page", Node::Table(&[("title", Node::Text), ("enabled", Node::Flag), ("frame_ancestors", Node::List)])),
    ("upstreams", Node::Named(None, &UPSTREAM)),
    ("identity", IDENTITY),
    (
        "limits",
        Node::Table(&[
            ("sessions", Node::Count),
            ("sessions_per_user", Node::Count),
            ("sessions_per_address", Node::Count),
            ("packet", Node::Text),
            ("idle", Node::Text),
            ("lifetime", Node::Text),
            ("linger", Node::Text),
            ("stall", Node::Text),
            ("drain", Node::Text),
            ("keepalive", Node::Text),
        ]),
    ),
    (
        "throttle",
        Node::Table(&[
            ("attempts_per_address", Node::Count),
            ("attempts_per_user", Node::Count),
            ("window", Node::Text),
            ("login_attempts", Node::Count),
        ]),
    ),
    ("audit", Node::Table(&[("file", Node::Text), ("syslog", Node::Text), ("required", Node::Flag)])),
    ("log", Node::Table(&[("format", Node::Text), ("level", Node::Text)])),
    ("traces", Node::Table(&[("endpoint", Node::Text)])),
]);

static UPSTREAM: Node = Node::Table(&[
    ("title", Node::Text),
    ("address", Node::Text),
    ("known_hosts", Node::Text),
    ("host_keys", Node::List),
    ("legacy", Node::Flag),
    ("credentials", Node::Text),
    ("user", Node::Text),
    ("key_file", Node::Text),
    ("key_passphrase_file", Node::Text),
    ("password_file", Node::Text),
    ("agent_socket", Node::Text),
    ("agent_key", Node::Text),
    ("ca_key_file", Node::Text),
    ("certificate_validity", Node::Text),
    ("certificate_principals", Node::List),
    ("certificate_source_address", Node::List),
    ("connect_timeout", Node::Text),
    ("login_timeout", Node::Text),
    ("keepalive", Node::Text),
    ("resume", Node::Text),
    (
        "policy",
        Node::Table(&[
            ("read_only", Node::Flag),
            ("allow", Node::List),
            ("deny", Node::List),
            ("paths", Node::List),
            ("largest_file", Node::Text),
            ("home", Node::Text),
            ("groups", Node::Named(Some("staff"), &GROUP)),
        ]),
    ),
]);

static GROUP: Node = Node::Table(&[
    ("users", Node::List),
    ("claims", Node::List),
    ("read_only", Node::Flag),
    ("allow", Node::List),
    ("deny", Node::List),
    ("paths", Node::List),
    ("largest_file", Node::Text),
    ("home", Node::Text),
]);

const IDENTITY: Node = Node::Table(&[
    ("users_file", Node::Text),
    (
        "jwt",
        Node::Table(&[
            ("issuer", Node::Text),
            ("audience", Node::Text),
            ("jwks_file", Node::Text),
            ("jwks_url", Node::Text),
            ("ca_file", Node::Text),
            ("user_claim", Node::Text),
            ("upstreams_claim", Node::Text),
            ("groups_claim", Node::Text),
            ("leeway", Node::Text),
        ]),
    ),
    ("trusted_header", Node::Table(&[("name", Node::Text), ("from", Node::List), ("groups", Node::Text)])),
    ("client_certificate", Node::Table(&[("user", Node::Text)])),
    (
        "oidc",
        Node::Table(&[
            ("issuer", Node::Text),
            ("client_id", Node::Text),
            ("client_secret_file", Node::Text),
            ("redirect_url", Node::Text),
            ("cookie_key_file", Node::Text),
            ("scopes", Node::List),
            ("user_claim", Node::Text),
            ("upstreams_claim", Node::Text),
            ("groups_claim", Node::Text),
            ("ca_file", Node::Text),
            ("lifetime", Node::Text),
        ]),
    ),
]);

impl Node {
    /// What stands under `key`, if there is such a key.
    pub(super) fn get(&'static self, key: &str) -> Option<&'static Node> {
        match self {
            Node::Table(keys) => keys.iter().find(|(name, _)| *name == key).map(|(_, node)| node),
            Node::Named(_, node) => Some(node),
            Node::Text | Node::Flag | Node::Count | Node::List => None,
        }
    }

    /// The path of every value below, with `name` wherever the operator chooses one.
    pub(super) fn paths(&self, name: &str) -> Vec<String> {
        let below = |key: &str, node: &Node| -> Vec<String> {
            let paths = node.paths(name).into_iter();
            paths.map(|path| if path.is_empty() { key.to_owned() } else { format!("{key}.{path}") }).collect()
        };
        match self {
            Node::Table(keys) => keys.iter().flat_map(|(key, node)| below(key, node)).collect(),
            Node::Named(example, node) => below(example.unwrap_or(name), node),
            Node::Text | Node::Flag | Node::Count | Node::List => vec![String::new()],
        }
    }
}

/// Finds the first key of `value` that does not exist, and tables that are something else.
pub(super) fn check(value: &Value, node: &'static Node, path: &str) -> Result<(), ConfigError> {
    if !matches!(node, Node::Table(_) | Node::Named(..)) {
        return Ok(());
    }
    let Some(table) = value.as_dict() else {
        let found = in_words(&value.to_actual());
        return Err(ConfigError::new(format!("expected a table, found {found}")).at_key(path));
    };
    table.iter().try_for_each(|(key, value)| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match node.get(key) {
            Some(node) => check(value, node, &path),
            None => Err(ConfigError::new(unknown(key, node)).at_key(path)),
        }
    })
}

fn unknown(key: &str, node: &Node) -> String {
    let Node::Table(siblings) = node else {
        return "unknown key".to_owned();
    };
    let names = || siblings.iter().map(|(name, _)| *name);
    if let Some(name) = nearest(key, names()) {
        return format!("unknown key; did you mean {name:?}?");
    }
    // A key without its section's line is a common slip.
    let elsewhere = ROOT.paths("NAME").into_iter().find(|path| path.rsplit('.').next() == Some(key));
    match elsewhere {
        Some(path) => format!("unknown key; did you mean {path:?}?"),
        None => format!("unknown key; known here: {}", names().collect::<Vec<_>>().join(", ")),
    }
}

/// The candidate that a typing error or two could have turned into `text`.
pub(super) fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // The comparison takes quadratic time, and no key is anywhere near as long.
    if text.len() > 200 {
        return None;
    }
    let text = text.to_lowercase();
    let scored = candidates.map(|name| (strsim::damerau_levenshtein(&text, &name.to_lowercase()), name));
    let (distance, name) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= (name.len() / 3).clamp(1, 4)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["address", "legacy", "title"];
        assert_eq!(nearest("adress", names.into_iter()), Some("address"));
        assert_eq!(nearest("Title", names.into_iter()), Some("title"));
        assert_eq!(nearest("password", names.into_iter()), None);
        assert_eq!(nearest(&"x".repeat(100_000), names.into_iter()), None);
    }

    #[test]
    fn every_value_has_a_path() {
        let paths = ROOT.paths("main");
        assert_eq!(paths.len(), 99);
        assert!(paths.contains(&"default_upstream".to_owned()));
        assert!(paths.contains(&"upstreams.main.known_hosts".to_owned()));
        assert!(paths.contains(&"identity.jwt.issuer".to_owned()));
    }
}
