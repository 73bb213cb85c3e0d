//! All files of the page.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use rust_embed::Embed;

use super::accept_encoding::Coding;
use super::asset::Asset;

/// What is in the folder when this is compiled, in debug builds when it starts; nothing where the page was not built.
#[derive(Embed)]
#[folder = "web/app/dist"]
#[allow_missing = true]
struct Built;

/// The files by their paths below the base path.
#[derive(Debug)]
pub(in crate::server) struct Files(BTreeMap<String, Asset>);

impl Files {
    /// Those of this program.
    pub(in crate::server) fn built_in() -> Self {
        let bytes = |path: &str| match Built::get(path)?.data {
            Cow::Borrowed(bytes) => Some(Bytes::from_static(bytes)),
            Cow::Owned(bytes) => Some(Bytes::from(bytes)),
        };
        Self::new(Built::iter().filter_map(|path| Some((path.to_string(), bytes(&path)?))))
    }

    /// `x.js.br` and `x.js.gz` beside `x.js` are other forms of it, and no files of their own.
    pub(super) fn new(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let files: BTreeMap<String, Bytes> = files.into_iter().collect();
        let is_form = |path: &str| {
            let original = |coding: Coding| path.strip_suffix(coding.suffix());
            Coding::ALL.into_iter().filter_map(original).any(|original| files.contains_key(original))
        };
        let asset = |path: &str, bytes: &Bytes| {
            let compressed = |coding: Coding| {
                let bytes = files.get(&format!("{path}{}", coding.suffix()))?;
                Some((coding, bytes.clone()))
            };
            Asset::new(path, bytes.clone(), Coding::ALL.into_iter().filter_map(compressed))
        };
        let originals = files.iter().filter(|(path, _)| !is_form(path));
        Self(originals.map(|(path, bytes)| (path.clone(), asset(path, bytes))).collect())
    }

    /// The page itself.
    pub(super) fn index(&self) -> Option<&Asset> {
        self.0.get("index.html")
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Asset)> {
        self.0.iter().map(|(path, asset)| (path.as_str(), asset))
    }
}
