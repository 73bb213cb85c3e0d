//! What stands in other fences than `sh`. The examples of a `proxy.toml` are read in `tests/docs.rs`, those of the client
//! library in `web/client/tests/real/readme.test.ts`, the proxies' files in `proxies.rs`.

use std::fs;
use std::process::Command;

use serde_json::{Deserializer, Value};

use super::page::{Block, Fate, Page};
use super::{pages, root};
use crate::support::process::run;
use crate::support::wait::SOON;

/// The languages of the documents. `text` and `console` are for what programs print and for what is no language.
const LANGUAGES: [&str; 18] = [
    "console",
    "css",
    "dockerfile",
    "haproxy",
    "html",
    "http",
    "ini",
    "js",
    "json",
    "nginx",
    "rust",
    "rust,no_run",
    "sh",
    "text",
    "toml",
    "ts",
    "ts browser",
    "yaml",
];

/// All blocks of a language, with their places.
fn blocks<'a>(pages: &'a [Page], language: &str) -> Vec<(String, &'a Block)> {
    let of = |page: &'a Page| {
        page.blocks.iter().map(move |block| (format!("{}:{}", page.name, block.line), block))
    };
    pages.iter().flat_map(of).filter(|(_, block)| block.language == language).collect()
}

#[test]
fn a_fence_has_a_language_that_is_looked_at() {
    for page in pages() {
        for Block { line, language, .. } in &page.blocks {
            assert!(LANGUAGES.contains(&&**language), "{}:{line}: nobody looks at {language:?}", page.name);
        }
    }
}

#[test]
fn json_is_one_value_or_some() {
    let pages = pages();
    let found = blocks(&pages, "json");
    assert!(found.len() > 3, "only {} found: the reader of this test is broken", found.len());
    for (place, block) in found {
        let values: Result<Vec<Value>, _> =
            Deserializer::from_str(&block.text).into_iter::<Value>().collect();
        let values = values.unwrap_or_else(|error| panic!("{place}: {error}\n{}", block.text));
        assert!(!values.is_empty(), "{place} is empty");
    }
}

#[test]
fn yaml_is_yaml() {
    let python = root().join("tests/python/.venv/bin/python");
    assert!(python.is_file(), "{} is missing; run: tests/setup.sh", python.display());
    let pages = pages();
    let found = blocks(&pages, "yaml");
    assert!(!found.is_empty(), "none found: the reader of this test is broken");
    for (place, block) in found {
        let mut parse = Command::new(&python);
        parse.args(["-c", "import sys, yaml; list(yaml.safe_load_all(sys.stdin))"]);
        let said = run(&mut parse, block.text.as_bytes(), SOON);
        assert!(said.status.success(), "{place}: {}\n{}", said.stderr, block.text);
    }
}

/// A program in a page runs there, by `file` and `then`, or elsewhere.
#[test]
fn programs_in_the_documents_are_run_by_some_test() {
    let pages = pages();
    for language in ["js", "nginx", "haproxy"] {
        for (place, block) in blocks(&pages, language) {
            let runs = matches!(block.fate, Fate::IsFile(_)) && !block.then.is_empty();
            let told = matches!(block.fate, Fate::Shown(_) | Fate::NotRun(_));
            assert!(
                runs || told,
                "{place}: nobody runs this; documents/page.rs has the comments that say who does"
            );
        }
    }
}

/// Pages that `src/lib.rs` includes are compiled as they are. Of others each line is in the file that they name: rustdoc
/// wants lines around a `?` that no reader does.
#[test]
fn rust_in_the_documents_is_compiled() {
    let pages = pages();
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let found: Vec<_> =
        pages.iter().flat_map(|page| page.blocks.iter().map(move |block| (page, block))).collect();
    let found: Vec<_> = found.into_iter().filter(|(_, block)| block.language.starts_with("rust")).collect();
    assert!(!found.is_empty(), "none found: the reader of this test is broken");
    for (page, Block { line, text, fate, .. }) in found {
        if library.contains(&format!("include_str!(\"../{}\")", page.name)) {
            continue;
        }
        let Fate::Shown(file) = fate else { panic!("{}:{line}: nobody compiles this", page.name) };
        let compiled = fs::read_to_string(root().join(file)).unwrap();
        let compiled: Vec<&str> =
            compiled.lines().map(|line| line.trim_start_matches("//!").trim()).collect();
        for wanted in text.lines().filter(|line| !line.is_empty()) {
            assert!(
                compiled.contains(&wanted.trim()),
                "{}:{line}: {file} does not have {wanted:?}",
                page.name
            );
        }
    }
}
