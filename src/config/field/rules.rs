//! Values of a policy.

use bytesize::ByteSize;
use serde::Deserializer;

use super::{Parsed, text, texts};
use crate::config::policy::{Access, PathRule};
use crate::config::{Malformed, Template};
use crate::sftp::{EXTENSIONS, REQUESTS};

/// Names of requests, as `sftp-server -Q requests` lists them, or the whole name of an extension.
pub(in crate::config) fn requests<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    const EXPECTED: &str = r#"a request such as "remove", "setstat" or "posix-rename", or the whole name of an
 extension such as "md5-hash@example.org""#;
    texts(d, |text| {
        // INIT always passes, and an extension goes by its own name.
        let of_draft = REQUESTS.iter().any(|row| row.name == text && !matches!(text, "init" | "extended"));
        let of_openssh = EXTENSIONS.iter().any(|row| row.name == text);
        let foreign = text.len() <= 256 && text.split('@').filter(|part| !part.is_empty()).count() == 2;
        match of_draft || of_openssh || foreign {
            true => Ok(text.to_owned()),
            false => Err(Malformed::new(EXPECTED, text)),
        }
    })
}

pub(in crate::config) fn path_rules<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<PathRule>, D::Error> {
    texts(d, path_rule)
}

fn path_rule(text: &str) -> Result<PathRule, Malformed> {
    const EXPECTED: &str =
        r#""none", "read" or "write", a space and an absolute path or glob: "read /archive""#;
    let malformed = || Malformed::new(EXPECTED, text);
    let (access, pattern) = text.split_once(' ').ok_or_else(malformed)?;
    let access = match access {
        "none" => Access::None,
        "read" => Access::Read,
        "write" => Access::Write,
        _ => return Err(malformed()),
    };
    let pattern = absolute(pattern).ok_or_else(malformed)?;
    Ok(PathRule { access, pattern })
}

pub(in crate::config) fn some_home<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Template>, D::Error> {
    const EXPECTED: &str = r#"an absolute path, with {user} where the user's name goes"#;
    text(d, |text| absolute(text).map(Some).ok_or_else(|| Malformed::new(EXPECTED, text)))
}

fn absolute(path: &str) -> Option<Template> {
    let plain = |part: &str| part != "." && part != "..";
    let sound = path.starts_with('/') && path.len() <= 4096 && path.split('/').all(plain);
    Template::new(path).filter(|_| sound)
}

pub(in crate::config) fn some_size<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u64>, D::Error> {
    d.deserialize_any(Parsed {
        expected: r#"a size such as "100 MiB" or "2 GB""#,
        from_text: |text| text.parse::<ByteSize>().ok().map(|size| size.as_u64()),
        from_number: Some,
    })
    .map(Some)
}
