//! Every command in the documents runs, as it stands there, or says why it cannot.

pub mod page;
mod run;
mod snippets;
mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use page::{Fate, Page};
use run::run;

/// For one block, where much else runs at the same time. Alone the longest takes some seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// Pages at a time: they mostly wait.
const AT_A_TIME: usize = 4;

/// Pages in which commands are expected: if they vanish, so has the reader of this test.
const WITH_COMMANDS: [&str; 10] = [
    "README.md",
    "docs/audit.md",
    "docs/check.md",
    "docs/clients.md",
    "docs/configuration.md",
    "docs/deployment/systemd.md",
    "docs/embedding.md",
    "docs/logins.md",
    "docs/quickstart.md",
    "examples/upload-page/README.md",
];

/// The blocks that no test runs, by page and first line. Each is a promise that nobody checks: think twice. The pages have
/// the reasons, and the test prints them.
const NOT_RUN: &[(&str, &str)] = &[
    // They build with optimisation, for minutes. The image is built the same way, once.
    ("README.md", "make web                            # the page, which goes into the program"),
    ("README.md", "make image deb                      # target/dist/sftpbridge_0.1.0-1_amd64.deb"),
    ("docs/traces.md", "cargo install --locked --path . --features opentelemetry"),
    // They need a Kubernetes cluster.
    (
        "docs/deployment/kubernetes.md",
        "helm upgrade --install sftpbridge docker/helm/sftpbridge --namespace files --create-namespace --values values.yaml",
    ),
    (
        "docs/deployment/kubernetes.md",
        "kubectl --namespace files create secret generic sftpbridge --from-file=id_ed25519 --from-file=users",
    ),
    (
        "docs/deployment/kubernetes.md",
        "kubectl get --raw '/apis/custom.metrics.k8s.io/v1beta1/namespaces/files/pods/*/sftpbridge_sessions'",
    ),
    // They need what is not published yet.
    (
        "docs/deployment/systemd.md",
        "curl -fLO https://github.com/OWNER/sftpbridge/releases/download/v0.1.0/sftpbridge_0.1.0-1_amd64.deb",
    ),
    (
        "docs/releasing.md",
        "by='--repo OWNER/sftpbridge --signer-workflow OWNER/sftpbridge/.github/workflows/release.yml'",
    ),
    ("web/client/README.md", "npm install sftpbridge-client"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What people read, at whatever depth.
fn pages() -> Vec<Page> {
    let mut files = Vec::new();
    for (folder, deep) in
        [("", false), ("web/client", false), ("docs", true), ("docker", true), ("examples", true)]
    {
        markdown(&root().join(folder), deep, &mut files);
    }
    files.sort();
    let name = |file: &PathBuf| file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    let read = |file| Page::read(&name(file), &fs::read_to_string(file).unwrap());
    let pages: Result<Vec<Page>, String> = files.iter().map(read).collect();
    pages.unwrap_or_else(|error| panic!("{error}"))
}

fn markdown(folder: &Path, deep: bool, files: &mut Vec<PathBuf>) {
    // A folder that is not there has no pages; one that should be is missed by WITH_COMMANDS.
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && deep {
            markdown(&path, deep, files);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
}

#[test]
fn every_command_in_the_documents_works_as_it_is_written() {
    let pages = pages();
    let (waiting, failures) = (Mutex::new(pages.iter().filter(|page| page.runs())), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(page) = { waiting.lock().unwrap().next() } {
                    if let Err(failure) = run(page, LIMIT) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    // Not by println, which is not seen where all is well.
    std::io::stdout().write_all(report(&pages).as_bytes()).unwrap();
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// How many blocks run, are shown elsewhere, do not run, and why.
fn report(pages: &[Page]) -> String {
    let fates = || pages.iter().flat_map(|page| page.blocks.iter().map(move |block| (page, block)));
    let count = |is: fn(&Fate) -> bool| fates().filter(|(_, block)| is(&block.fate)).count();
    let runs = count(Fate::runs);
    let shown = count(|fate| matches!(fate, Fate::Shown(_)));
    let not = count(|fate| matches!(fate, Fate::NotRun(_)));
    let mut text =
        format!("blocks that run: {runs}, that other tests run: {shown}, that do not run: {not}\n");
    for (page, block) in fates() {
        if let Fate::NotRun(reason) = &block.fate {
            writeln!(text, "  {}:{} does not run: {reason}", page.name, block.line).unwrap();
        }
    }
    text
}

#[test]
fn the_pages_that_have_commands_have_them() {
    let pages = pages();
    for name in WITH_COMMANDS {
        let page = pages.iter().find(|page| page.name == name).unwrap_or_else(|| panic!("{name} is missing"));
        assert!(page.runs(), "{name} has no command that runs: the reader of this test is broken");
    }
}

#[test]
fn what_does_not_run_is_on_the_list_of_exceptions() {
    let mut found = BTreeSet::new();
    for page in pages() {
        for block in page.blocks.iter().filter(|block| matches!(block.fate, Fate::NotRun(_))) {
            found.insert((page.name.clone(), block.text.lines().next().unwrap_or_default().to_owned()));
        }
    }
    let wanted: BTreeSet<_> =
        NOT_RUN.iter().map(|(page, line)| ((*page).to_owned(), (*line).to_owned())).collect();
    let lacking: Vec<_> = found.difference(&wanted).collect();
    let wrong: Vec<_> = wanted.difference(&found).collect();
    assert!(
        lacking.is_empty() && wrong.is_empty(),
        "NOT_RUN in tests/bridge/shipping/documents.rs lacks {lacking:#?}, and has without need {wrong:#?}"
    );
}

/// `PATH::TEXT`, of a file that has that text: mostly the name of the test. `PATH` alone for a script that is nothing else,
/// and for a program that is shown as a whole.
#[test]
fn what_other_tests_run_has_its_test() {
    for page in pages() {
        for block in &page.blocks {
            let Fate::Shown(test) = &block.fate else { continue };
            let (path, name) = test.split_once("::").unwrap_or((test, ""));
            let text = fs::read_to_string(root().join(path));
            let text = text.unwrap_or_else(|error| panic!("{}:{}: {path}: {error}", page.name, block.line));
            assert!(text.contains(name), "{}:{}: {path} has no {name}", page.name, block.line);
        }
    }
}

/// What the runner says to a page of one text.
fn said(text: &str) -> String {
    let page = Page::read("page.md", text).unwrap();
    run(&page, Duration::from_secs(5)).err().unwrap_or_else(|| "well".to_owned())
}

#[test]
fn a_page_with_a_wrong_command_fails_there_with_what_it_printed() {
    let wrong = said("```sh\ntrue\n```\n\n```sh\necho so far\nls /nowhere\necho further\n```\n");
    assert!(wrong.starts_with("page.md: page.md:5 failed"), "{wrong}");
    assert!(
        wrong.contains("so far\n") && wrong.contains("/nowhere") && !wrong.contains("further"),
        "{wrong}"
    );
    let unknown = said("```sh\nsftpbridge chekc\n```\n");
    assert!(unknown.starts_with("page.md: page.md:1 failed") && unknown.contains("chekc"), "{unknown}");
}

#[test]
fn a_page_whose_command_does_not_end_or_ends_the_shell_fails() {
    let endless = said("```sh\nsleep 1000\n```\n");
    assert!(endless.starts_with("page.md: page.md:1 did not end within"), "{endless}");
    let early = said("```sh\nexit 0\n```\n```sh\nfalse\n```\n");
    assert!(early.starts_with("page.md: page.md:1 ended the shell"), "{early}");
}

#[test]
fn a_server_that_does_not_listen_and_a_failure_that_does_not_come_fail() {
    let dead = said("<!-- commands: background -->\n```sh\nfalse\n```\n");
    assert!(dead.contains("page.md:2 failed") && dead.contains("ended before it listened"), "{dead}");
    let fine = said("<!-- commands: fails: 77 -->\n```sh\ntrue\n```\n");
    assert!(fine.contains("exit code 0 and not 77"), "{fine}");
}

#[test]
fn servers_stay_for_the_blocks_below_until_others_take_their_place() {
    let server = "exec socat TCP-LISTEN:8022,bind=127.0.0.1,reuseaddr,fork SYSTEM:'echo";
    let ask = "socat -u TCP:127.0.0.1:8022 - | grep";
    let text = format!(
        "<!-- commands: background -->\n```sh\n{server} one'\n```\n```sh\n{ask} one\n```\n\
         <!-- commands: restart -->\n```sh\n{server} two'\n```\n```sh\n{ask} two\n```\n\
         <!-- commands: fails: 3 -->\n<!-- commands: needs: echo 3 >code -->\n```sh\n(exit $(cat code))\n```\n"
    );
    assert_eq!(said(&text), "well");
}

/// The machine's own accounts, files and network stay as they are.
#[test]
fn what_a_page_does_is_gone_with_it() {
    let made = ["/etc/sftpbridge-page", "/usr/share/sftpbridge-page", "/tmp/sftpbridge-page"];
    let text = format!("```sh\ntouch {}\nid me\nhostname | grep files.example.org\n```\n", made.join(" "));
    assert_eq!(said(&text), "well");
    assert!(made.iter().all(|file| !Path::new(file).exists()));
}
