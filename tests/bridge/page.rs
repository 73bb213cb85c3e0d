//! The file manager page over real HTTP, in a build with it and in one without. What its files are answered with is also
//! tested beside the code, with files made up for that.

use std::fs;
use std::path::Path;

use serde_json::Value;
use sftpbridge::server::has_file_manager;

use crate::support::bridge::{Bridge, Config};
use crate::support::fake::closed_port;
use crate::support::http::Answer;

fn start(configure: impl FnOnce(Config) -> Config) -> Bridge {
    configure(Config::to_port(closed_port())).start()
}

#[track_caller]
fn assert_guarded(answer: &Answer) {
    let policy = answer.header("Content-Security-Policy").expect("a policy");
    assert!(
        policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"));
}

#[test]
fn the_page_is_html_that_is_asked_for_each_time() {
    let bridge = start(|config| config);
    let whole = bridge.get("/").send();
    let head = bridge.get("/").method("HEAD").send();
    for answer in [&whole, &head] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("Content-Type"), Some("text/html; charset=utf-8"));
        assert_eq!(answer.header("Cache-Control"), Some("no-cache"));
        assert_guarded(answer);
    }
    assert_eq!(head.header("Content-Length"), whole.header("Content-Length"));
    let text = whole.body();
    assert_eq!(text.contains("make web"), !has_file_manager(), "{text}");
    assert_eq!(text.contains("connect ws://THIS-ADDRESS/sftp "), !has_file_manager(), "{text}");
}

#[test]
fn other_methods_are_405_and_other_paths_404() {
    let bridge = start(|config| config);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        assert_eq!(bridge.get("/").method(method).send().status, 405, "{method}");
    }
    for path in ["/nothing", "/assets/", "/assets/../Cargo.toml", "/assets/%2e%2e/sw.js", "/../../etc/passwd"]
    {
        let answer = bridge.get(path).send();
        assert_eq!((answer.status, answer.reason()), (404, "There is nothing here."), "{path}");
    }
}

#[test]
fn the_base_path_without_its_slash_is_redirected_to_the_page() {
    let bridge = start(|config| config.listen(r#"base_path = "/files""#));
    let answer = bridge.get("/files").send();
    assert_eq!((answer.status, answer.header("Location")), (308, Some("/files/")));
    assert_eq!(bridge.get("/files/").send().status, 200);
    assert_eq!(bridge.get("/").send().status, 404);
}

#[test]
fn without_the_page_its_paths_are_404_and_the_rest_stays() {
    let bridge = start(|config| config.listen(r#"base_path = "/files""#).section("[page]\nenabled = false"));
    for path in ["/files", "/files/", "/files/index.html", "/files/sw.js"] {
        assert_eq!(bridge.get(path).send().status, 404, "{path}");
    }
    let info: Value = serde_json::from_str(&bridge.get("/files/api/info").send().body()).unwrap();
    assert!(info["upstreams"].is_array(), "{info}");
}

/// `make test` builds the page first. Where it was not built, the program must have none of it.
#[test]
fn the_files_of_the_built_page_are_those_of_the_program() {
    let bridge = start(|config| config);
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/app/dist");
    assert_eq!(has_file_manager(), built.join("index.html").is_file(), "built since: cargo build again");
    for path in files(&built) {
        let name = path.strip_prefix(&built).unwrap().to_str().unwrap();
        let is_form = ["br", "gz"].iter().any(|end| path.extension().is_some_and(|known| known == *end));
        let answer = bridge.get(&format!("/{name}")).send();
        if is_form && path.with_extension("").is_file() {
            assert_eq!(answer.status, 404, "{name}");
            continue;
        }
        assert_eq!(answer.status, 200, "{name}");
        let size = fs::metadata(&path).unwrap().len().to_string();
        assert_eq!(answer.header("Content-Length"), Some(&*size), "{name}");
        assert_guarded(&answer);
        assert_eq!(
            answer.header("Cache-Control").unwrap() == "no-cache",
            !name.starts_with("assets/"),
            "{name}"
        );
        let etag = answer.header("ETag").unwrap();
        let known = bridge.get(&format!("/{name}")).header("If-None-Match", etag).send();
        assert_eq!((known.status, known.header("ETag")), (304, Some(etag)), "{name}");
        let brotli = path.with_file_name(format!("{}.br", path.file_name().unwrap().to_str().unwrap()));
        let compressed = bridge.get(&format!("/{name}")).header("Accept-Encoding", "gzip, br").send();
        assert_eq!(compressed.header("Content-Encoding") == Some("br"), brotli.is_file(), "{name}");
    }
}

/// None where there is no such folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
