//! What the documents say of each other and of the program: links lead somewhere, commands are ones that exist.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets what it did not expect stops"
)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use sftpbridge::cli::Cli;
use sftpbridge::config::{Config, Overrides};

/// A page without what stands in fences, and what stands there, with the language of each fence.
struct Page {
    path: PathBuf,
    text: String,
    fenced: Vec<(String, String)>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages at the root, of the client library, and those of the folders that are for people, at any depth.
fn pages() -> Vec<Page> {
    let flat = ["", "web/client"].into_iter().flat_map(|folder| entries(&root().join(folder)));
    let deep = ["docs", "docker", "examples"].into_iter().flat_map(|folder| files(&root().join(folder)));
    let pages: Vec<Page> = flat.chain(deep).filter(|path| is_page(path)).map(read).collect();
    assert!(pages.len() > 10, "only {} pages found: the reader of this test is broken", pages.len());
    pages
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

/// The files of a folder and of those in it. None for a folder that is not there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let inside = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries(folder).into_iter().flat_map(inside).collect()
}

fn read(path: PathBuf) -> Page {
    let (mut text, mut fenced, mut inside) = (String::new(), Vec::<(String, String)>::new(), false);
    for line in fs::read_to_string(&path).unwrap().lines() {
        match line.trim_start().strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(language) => {
                fenced.push((language.to_owned(), String::new()));
                inside = true;
            }
            None if inside => fenced.last_mut().unwrap().1 += &format!("{line}\n"),
            None => text += &format!("{line}\n"),
        }
    }
    assert!(!inside, "{}: a fence that is not closed", path.display());
    Page { path, text, fenced }
}

/// The text without its code spans, and these.
fn spans(text: &str) -> (String, Vec<String>) {
    let mut parts = text.split('`').enumerate();
    let (mut prose, mut code) = (String::new(), Vec::new());
    for (number, part) in &mut parts {
        match number % 2 {
            0 => prose += part,
            _ => code.push(part.split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }
    (prose, code)
}

/// What stands in `](...)`.
fn links(page: &Page) -> Vec<String> {
    let (prose, _) = spans(&page.text);
    prose.split("](").skip(1).map(|after| after.split(')').next().unwrap().to_owned()).collect()
}

/// The anchors of a page's headings, as they are made where such pages are read: small letters, hyphens for spaces,
/// without punctuation, and numbered where one comes again.
fn anchors(page: &Page) -> Vec<String> {
    let mut times = HashMap::<String, usize>::new();
    let headings = page.text.lines().filter_map(|line| line.strip_prefix('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
            let before = times.entry(anchor.clone()).or_default();
            *before += 1;
            if *before == 1 { anchor } else { format!("{anchor}-{}", *before - 1) }
        })
        .collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let pages = pages();
    let (mut checked, mut broken) = (0, Vec::new());
    for page in &pages {
        for link in links(page).iter().filter(|link| !link.contains("://")) {
            checked += 1;
            let (file, anchor) = link.split_once('#').map_or((&**link, None), |(file, a)| (file, Some(a)));
            let target = match file {
                "" => page.path.clone(),
                file => page.path.parent().unwrap().join(file),
            };
            let found = target.canonicalize().is_ok_and(|target| match anchor {
                None => true,
                Some(anchor) => pages.iter().any(|other| {
                    other.path.canonicalize().unwrap() == target && anchors(other).iter().any(|a| a == anchor)
                }),
            });
            if !found {
                broken.push(format!("{}: {link}", page.path.display()));
            }
        }
    }
    assert!(checked > 100, "only {checked} links found: the reader of this test is broken");
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn the_readme_lists_every_document_and_no_page_stands_alone() {
    let pages = pages();
    let of = |page: &Page| -> Vec<PathBuf> {
        let file = |link: &String| page.path.parent().unwrap().join(link.split('#').next().unwrap());
        links(page).iter().filter_map(|link| file(link).canonicalize().ok()).collect()
    };
    let readme = pages.iter().find(|page| page.path == root().join("README.md")).unwrap();
    let (listed, linked): (Vec<_>, Vec<_>) = (of(readme), pages.iter().flat_map(of).collect());
    let documents = files(&root().join("docs")).into_iter();
    for document in documents.filter(|path| is_page(path) || path.parent().unwrap().ends_with("docs")) {
        assert!(
            listed.contains(&document.canonicalize().unwrap()),
            "{} is not in README.md",
            document.display()
        );
    }
    for page in pages.iter().filter(|page| page.path != readme.path) {
        assert!(
            linked.contains(&page.path.canonicalize().unwrap()),
            "no page leads to {}",
            page.path.display()
        );
    }
}

#[test]
fn whatever_people_are_told_of_a_failure_is_explained() {
    let path = root().join("docs/troubleshooting.md");
    let (_, explained) = spans(&read(path).text);
    let told = ["src/refusal.rs", "src/close.rs", "src/login/failure.rs", "src/server/sign_in.rs"];
    let mut sentences: Vec<String> = told.into_iter().flat_map(|file| literals(&source(file))).collect();
    sentences.extend(behind(&source("src/server/handshake.rs"), "Refusal::BadHandshake("));
    let page = source("web/app/src/login/words.ts");
    let refusals = page.split("refusals = dictionary").nth(1).unwrap().split("de: {").next().unwrap();
    sentences.extend(literals(refusals));
    sentences.retain(|text| text.contains(' ') && text.ends_with('.'));
    assert!(sentences.len() > 80, "only {} sentences found: the reader is broken", sentences.len());

    let advice = files(&root().join("src/diagnosis")).into_iter().map(|file| source(file.to_str().unwrap()));
    let causes = |text: String| [behind(&text, "Advice::new("), behind(&text, "let cause = ")].concat();
    let causes: Vec<String> = advice.flat_map(causes).collect();
    assert!(causes.len() > 50, "only {} causes found: the reader is broken", causes.len());

    let files = ["src/file_error.rs", "src/server/socket.rs"].map(source).concat();
    let files = behind(&files, "write!(f, ");
    assert_eq!(files.len(), 6, "{files:?} found: the reader is broken");

    let lacking: Vec<String> = sentences
        .into_iter()
        .chain(causes)
        .chain(files)
        .filter(|text| !stands_in(text, &explained))
        .collect();
    assert!(lacking.is_empty(), "not in docs/troubleshooting.md:\n{}", lacking.join("\n"));
}

/// A source file without its tests.
fn source(file: &str) -> String {
    let text = fs::read_to_string(root().join(file)).unwrap();
    text.split("#[cfg(test)]").next().unwrap().to_owned()
}

/// The texts in double quotes, as the program has them: lines that go on joined, quotes without their escapes.
fn literals(source: &str) -> Vec<String> {
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let (mut found, mut rest) = (Vec::new(), code.as_str());
    while let Some((_, after)) = rest.split_once('"') {
        let mut quotes = after.match_indices('"').map(|(at, _)| at);
        let Some(end) = quotes.find(|at| !after[..*at].ends_with('\\')) else { break };
        let pieces: Vec<&str> = after[..end].split("\\\n").map(str::trim_start).collect();
        found.push(pieces.concat().replace("\\\"", "\""));
        rest = &after[end + 1..];
    }
    found
}

/// The texts that are the first argument of these calls, by themselves or in a `format!`.
fn behind(source: &str, call: &str) -> Vec<String> {
    let arguments = source.split(call).skip(1).map(|rest| rest.trim_start());
    let arguments = arguments.map(|rest| rest.strip_prefix("format!(").unwrap_or(rest).trim_start());
    arguments
        .filter(|rest| rest.starts_with('"'))
        .filter_map(|rest| literals(rest).into_iter().next())
        .collect()
}

/// Whether one of these code spans has this text. What the program puts into its braces may be anything.
fn stands_in(text: &str, spans: &[String]) -> bool {
    let mut fixed: Vec<&str> =
        text.split('{').map(|part| part.split_once('}').map_or(part, |(_, p)| p)).collect();
    fixed.retain(|part| !part.is_empty());
    spans.iter().any(|span| {
        let found = fixed.iter().try_fold(span.as_str(), |rest, part| Some(rest.split_once(part)?.1));
        found.is_some()
    })
}

#[test]
fn every_command_in_the_documents_is_one_that_exists() {
    let (mut checked, mut wrong) = (0, Vec::new());
    for page in pages() {
        let shell = page.fenced.iter().filter(|(language, _)| matches!(&**language, "sh" | "text"));
        let lines =
            shell.flat_map(|(_, lines)| lines.lines().map(|line| line.trim_start_matches("$ ").to_owned()));
        for line in lines.chain(spans(&page.text).1) {
            let command = line.split([';', '|', '>', '<', '#']).next().unwrap().replace(" ...", "");
            let words: Vec<&str> = command.split_whitespace().collect();
            // Brackets and dots are for readers: the synopsis of a command, or what is left out.
            let Some((&"sftpbridge", [first, ..])) = words.split_first() else { continue };
            if command.contains(['[', '…', ':']) && !command.contains("://") || !first.is_ascii() {
                continue;
            }
            checked += 1;
            if let Err(error) = Cli::try_parse_from(&words)
                && error.kind() != clap::error::ErrorKind::MissingRequiredArgument
                && error.kind() != clap::error::ErrorKind::DisplayVersion
            {
                wrong.push(format!("{}: {command}: {error}", page.path.display()));
            }
        }
    }
    assert!(checked > 10, "only {checked} commands found: the reader of this test is broken");
    assert!(wrong.is_empty(), "commands that do not exist:\n{}", wrong.join("\n"));
}

/// Files that an example names are not here. Whatever else is wrong with it, is wrong.
#[test]
fn every_example_of_a_configuration_is_one_that_is_understood() {
    let (mut checked, mut wrong) = (0, Vec::new());
    for page in pages() {
        for (_, text) in page.fenced.iter().filter(|(language, _)| language == "toml") {
            let mut text = text.clone();
            if !text.contains("[upstreams.") {
                text += "[upstreams.main]\naddress = \"files.example.org\"\nknown_hosts = \"known_hosts\"\n";
            }
            checked += 1;
            let config = Config::resolve(Some((Path::new("proxy.toml"), &text)), [], &Overrides::default());
            if let Err(error) = config.map_err(|error| error.to_string())
                && !error.contains("No such file")
            {
                wrong.push(format!("{}: {error}\n{text}", page.path.display()));
            }
        }
    }
    assert!(checked > 10, "only {checked} examples found: the reader of this test is broken");
    assert!(wrong.is_empty(), "examples that are not understood:\n{}", wrong.join("\n"));
}

#[test]
fn every_crate_has_its_reason_in_the_list() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let list = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let sections =
        manifest.split("\n[").filter(|section| section.split(']').next().unwrap().ends_with("dependencies"));
    let crates: Vec<&str> = sections
        .flat_map(|section| section.lines().skip(1).filter_map(|line| line.split_once(" = ")))
        .map(|(name, _)| name)
        .collect();
    assert!(crates.len() > 30, "only {} crates found: the reader of this test is broken", crates.len());
    for name in crates {
        assert!(is_named(name, &list), "{name} is not in docs/dependencies.md");
    }
}

#[test]
fn every_npm_package_has_its_reason_in_the_list_and_the_library_needs_none_at_run_time() {
    let list = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let manifest = |package: &str| -> serde_json::Value {
        let text = fs::read_to_string(root().join(package).join("package.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let (client, app) = (manifest("web/client"), manifest("web/app"));
    assert!(client.get("dependencies").is_none(), "the client library has no dependencies");
    let packages = [&client["devDependencies"], &app["devDependencies"], &app["dependencies"]];
    let packages: Vec<_> = packages.iter().flat_map(|group| group.as_object().unwrap().keys()).collect();
    assert!(packages.len() > 15, "only {} packages found: the reader of this test is broken", packages.len());
    for name in packages {
        assert!(is_named(name, &list), "{name} is not in docs/dependencies.md");
    }
}

fn is_named(name: &str, list: &str) -> bool {
    list.contains(&format!("`{name}`")) || list.contains(&format!("**{name}**"))
}
