//! Environment variables. What a variable's text means depends on its key alone, never on what the
//! text looks like: a title of `0123` keeps its zero.

use figment::providers::{Format, Toml};
use figment::value::{Dict, Tag, Value};

use super::ConfigError;
use super::schema::{self, Node};
use super::source::Source;

const PREFIX: &str = "SFTPBRIDGE_";

/// They belong to the `connect` command.
const OF_CONNECT: [&str; 2] = ["SFTPBRIDGE_PASSWORD", "SFTPBRIDGE_TOKEN"];

/// The variables that set a key, in the order of their names. `upstreams` are the names in the file.
///
/// # Errors
/// A variable under our prefix that sets no key, or a key that two variables set.
pub(super) fn sources(
    env: impl IntoIterator<Item = (String, String)>,
    upstreams: &[String],
) -> Result<Vec<Source>, ConfigError> {
    let mut variables: Vec<_> = env.into_iter().filter(|(name, _)| is_ours(name)).collect();
    variables.sort();
    let mut taken = std::collections::BTreeMap::new();
    let mut sources = Vec::with_capacity(variables.len());
    for (name, text) in variables {
        let (path, node) = key(&name, upstreams)?;
        if let Some(other) = taken.insert(path.clone(), name.clone()) {
            let problem = format!("already set by {other}");
            return Err(ConfigError::new(problem).in_source(name).at_key(path.join(".")));
        }
        sources.push(Source::one(name, &path, value(&text, node)));
    }
    Ok(sources)
}

/// Whether a variable is about the configuration.
pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) && !OF_CONNECT.contains(&name)
}

/// The path of the key that a variable sets.
fn key(variable: &str, upstreams: &[String]) -> Result<(Vec<String>, &'static Node), ConfigError> {
    let unknown = || ConfigError::new(hint(variable, upstreams)).in_source(variable);
    let rest = variable.strip_prefix(PREFIX).ok_or_else(unknown)?;
    if rest.bytes().any(|b| b.is_ascii_lowercase()) {
        return Err(unknown());
    }
    let rest = rest.to_ascii_lowercase();
    let keys = |rest: &str| rest.split("__").map(str::to_owned).collect::<Vec<_>>();
    let paths = match rest.strip_prefix("upstreams__") {
        // A name may have two underscores itself: the longest that leaves a key behind is meant.
        Some(rest) => rest
            .rmatch_indices("__")
            .filter_map(|(at, _)| Some((rest.get(..at)?, rest.get(at + 2..)?)))
            .map(|(name, key)| [vec!["upstreams".to_owned(), upstream(name, upstreams)], keys(key)].concat())
            .collect(),
        None => vec![keys(&rest)],
    };
    let leaf = |path: &[String]| {
        let node = path.iter().try_fold(&schema::ROOT, |node, key| node.get(key));
        node.filter(|node| !matches!(node, Node::Table(_) | Node::Named(..)))
    };
    let found = paths.into_iter().find_map(|path| leaf(&path).map(|node| (path, node)));
    found.ok_or_else(unknown)
}

/// The upstream of the file that a variable means: variables have neither small letters nor hyphens.
fn upstream(name: &str, upstreams: &[String]) -> String {
    let folded = |name: &str| name.to_ascii_lowercase().replace('-', "_");
    let exact = upstreams.iter().find(|known| *known == name);
    let alike = || upstreams.iter().find(|known| folded(known) == folded(name));
    exact.or_else(alike).cloned().unwrap_or_else(|| name.to_owned())
}

fn hint(variable: &str, upstreams: &[String]) -> String {
    let rest = variable.strip_prefix(PREFIX).unwrap_or(variable);
    if rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_") {
        let cause = "Kubernetes sets it for a service named sftpbridge";
        return format!("unknown variable; {cause}: set enableServiceLinks: false for the pod");
    }
    let meant = rest.to_ascii_lowercase();
    let chosen = meant.strip_prefix("upstreams__").and_then(|rest| rest.split("__").next());
    let names = upstreams.iter().map(String::as_str).chain(chosen).chain(["main"]);
    let known: Vec<String> =
        names.flat_map(|name| schema::ROOT.paths(name)).map(|path| named(&path)).collect();
    match schema::nearest(variable, known.iter().map(String::as_str)) {
        Some(name) => format!("unknown variable; did you mean {name}?"),
        None => format!("unknown variable; the key section.key is set by {PREFIX}SECTION__KEY"),
    }
}

/// The variable that sets the key at `path`.
pub(super) fn named(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "__").replace('-', "_").to_ascii_uppercase())
}

/// Text that does not fit stays a string: the key's own check then says what it expected.
fn value(text: &str, node: &Node) -> Value {
    match node {
        Node::Flag => text.parse::<bool>().map_or_else(|_| Value::from(text), Value::from),
        Node::Count => text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from),
        Node::List => list(text).unwrap_or_else(|| Value::from(text)),
        Node::Text | Node::Table(_) | Node::Named(..) => Value::from(text),
    }
}

/// A TOML array, or items with commas between them (no item of ours contains one).
fn list(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.starts_with('[') {
        let mut table: Dict = Toml::from_str(&format!("list = {text}")).ok()?;
        return table.remove("list").filter(|_| table.is_empty());
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from);
    Some(Value::Array(Tag::Default, items.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(variable: &str, upstreams: &[&str]) -> Result<String, String> {
        let upstreams: Vec<String> = upstreams.iter().map(|name| name.to_string()).collect();
        key(variable, &upstreams).map(|(path, _)| path.join(".")).map_err(|error| error.to_string())
    }

    #[test]
    fn each_key_has_its_variable() {
        let paths = schema::ROOT.paths("main");
        assert!(!paths.is_empty());
        for key in paths {
            assert_eq!(path(&named(&key), &[]), Ok(key));
        }
    }

    #[test]
    fn a_variable_finds_the_upstream_of_the_file() {
        let variable = "SFTPBRIDGE_UPSTREAMS__EU_WEST__ADDRESS";
        assert_eq!(path(variable, &["EU-West"]).unwrap(), "upstreams.EU-West.address");
        assert_eq!(path(variable, &["EU-West", "eu_west"]).unwrap(), "upstreams.eu_west.address");
        assert_eq!(path(variable, &[]).unwrap(), "upstreams.eu_west.address");
        assert_eq!(path("SFTPBRIDGE_UPSTREAMS__A__B__TITLE", &[]).unwrap(), "upstreams.a__b.title");
    }

    #[test]
    fn an_unknown_variable_names_the_nearest_known_one() {
        for (variable, hint) in [
            ("SFTPBRIDGE_LISTEN__ADRESS", "did you mean SFTPBRIDGE_LISTEN__ADDRESS?"),
            ("SFTPBRIDGE_LISTEN_ADDRESS", "did you mean SFTPBRIDGE_LISTEN__ADDRESS?"),
            ("SFTPBRIDGE_page__title", "did you mean SFTPBRIDGE_PAGE__TITLE?"),
            ("SFTPBRIDGE_UPSTREAMS__NAS__TITEL", "did you mean SFTPBRIDGE_UPSTREAMS__NAS__TITLE?"),
            ("SFTPBRIDGE_LIMITS", "SFTPBRIDGE_SECTION__KEY"),
            ("SFTPBRIDGE_UPSTREAMS__MAIN", "SFTPBRIDGE_SECTION__KEY"),
            ("SFTPBRIDGE_", "SFTPBRIDGE_SECTION__KEY"),
            ("SFTPBRIDGE_SERVICE_HOST", "enableServiceLinks"),
            ("SFTPBRIDGE_PORT_8022_TCP", "enableServiceLinks"),
        ] {
            let error = path(variable, &[]).unwrap_err();
            assert!(error.starts_with(&format!("{variable}: unknown variable; ")), "{error}");
            assert!(error.ends_with(hint) || error.contains("enableServiceLinks"), "{error}");
        }
    }

    #[test]
    fn a_list_has_brackets_or_commas() {
        let strings = |text: &str| -> Option<Vec<String>> { list(text)?.deserialize().ok() };
        for text in [r#"["a","b"]"#, "[ 'a', 'b', ]", "a,b", " a , b ,"] {
            assert_eq!(strings(text), Some(vec!["a".to_owned(), "b".to_owned()]), "{text}");
        }
        assert_eq!(strings(""), Some(Vec::new()));
        assert_eq!(strings("[]"), Some(Vec::new()));
        for text in ["[", "[a]", "['a']\nx = 1"] {
            assert_eq!(strings(text), None, "{text}");
        }
    }
}
