//! The page by the bridge's routes, with files made up here.

use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use futures_util::FutureExt;
use http::{Request, StatusCode};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::*;
use crate::config::{Config, Direct, Overrides};
use crate::server::TlsPeer;
use crate::server::routes::router_with;

const HASHED: &str = "assets/index-Df3kP0aZ.js";

fn built() -> Files {
    let file = |path: &str, text: &str| (path.to_owned(), bytes::Bytes::from(text.to_owned()));
    Files::new([
        file("index.html", "<title>page</title>"),
        file("sw.js", "worker"),
        file(HASHED, "original"),
        file(&format!("{HASHED}.br"), "brotli"),
        file(&format!("{HASHED}.gz"), "gzip"),
        file("assets/style-B1.css", "style"),
        file("assets/style-B1.css.gz", "gzip"),
        file("lonely.gz", "archive"),
    ])
}

/// `more` goes at the top of the configuration.
fn router(more: &str, page: &Files) -> Router {
    let upstream = "[upstreams.main]\naddress = \"127.0.0.1:1\"\n\
                    host_keys = [\"SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM\"]\n";
    let text = format!("{more}\n{upstream}");
    let config = Config::resolve(Some((Path::new("proxy.toml"), &text)), [], &Overrides::default()).unwrap();
    router_with(Bridge::new(&config).unwrap(), page)
}

fn request(path: &str) -> http::request::Builder {
    Request::builder().uri(path)
}

fn send(router: &Router, request: http::request::Builder) -> Response {
    let answer = TowerToHyperService::new(router.clone()).call(request.body(Body::empty()).unwrap());
    answer.now_or_never().expect("an answer that waits for nobody").unwrap()
}

fn get_from(router: &Router, path: &str) -> Response {
    send(router, request(path))
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn body(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).now_or_never().unwrap().unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn each_file_has_its_type_and_its_time_in_caches() {
    let router = router("", &built());
    let forever = "public, max-age=31536000, immutable";
    for (path, content_type, cache_control) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/index.html", "text/html; charset=utf-8", "no-cache"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        (&format!("/{HASHED}"), "text/javascript; charset=utf-8", forever),
        ("/assets/style-B1.css", "text/css; charset=utf-8", forever),
        ("/lonely.gz", "application/octet-stream", "no-cache"),
    ] {
        let answer = get_from(&router, path);
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(header(&answer, "content-type"), content_type, "{path}");
        assert_eq!(header(&answer, "cache-control"), cache_control, "{path}");
        assert_eq!(header(&answer, "vary"), "Accept-Encoding", "{path}");
        assert_eq!(header(&answer, "content-encoding"), "", "{path}");
    }
    assert_eq!(body(get_from(&router, "/")), "<title>page</title>");
}

#[test]
fn every_answer_says_what_the_page_may_do() {
    let router = router("", &built());
    for path in ["/", "/sw.js", "/assets/style-B1.css"] {
        let etag = header(&get_from(&router, path), "etag").to_owned();
        for answer in [get_from(&router, path), send(&router, request(path).header("if-none-match", etag))] {
            let policy = header(&answer, "content-security-policy");
            assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
            assert!(policy.ends_with("; require-trusted-types-for 'script'; trusted-types sftp-app"));
            assert!(!policy.contains("  ") && !policy.contains("unsafe"), "{policy}");
            assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
            assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
            assert_eq!(header(&answer, "cross-origin-opener-policy"), "same-origin");
            assert_eq!(header(&answer, "cross-origin-resource-policy"), "same-origin");
            assert!(header(&answer, "permissions-policy").contains("camera=()"));
        }
    }
}

#[test]
fn only_the_sites_of_the_configuration_may_frame_the_page() {
    for (more, ancestors) in [
        ("", "'none'"),
        ("page.frame_ancestors = ['https://intranet.example.org']", "https://intranet.example.org"),
        (
            "page.frame_ancestors = ['https://A.example', 'http://b.example:81']",
            "https://a.example http://b.example:81",
        ),
    ] {
        let router = router(more, &built());
        let answer = get_from(&router, "/");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.contains(&format!("; frame-ancestors {ancestors}; require-")), "{policy}");
        assert_eq!(
            header(&answer, "x-frame-options"),
            "",
            "it knows no list, and forbids what the policy allows"
        );
    }
    // Nobody has a reason to frame the page that says how to build this one.
    let answer = get_from(&router("page.frame_ancestors = ['https://a.example']", &Files::new([])), "/");
    assert!(header(&answer, "content-security-policy").ends_with("; frame-ancestors 'none'"));
}

#[test]
fn a_file_is_sent_compressed_to_those_who_ask_for_it() {
    let router = router("", &built());
    for (path, accepted, coding, text) in [
        (HASHED, "gzip, br", "br", "brotli"),
        (HASHED, "br;q=0.1, gzip", "gzip", "gzip"),
        (HASHED, "zstd", "", "original"),
        ("assets/style-B1.css", "gzip, br", "gzip", "gzip"),
        ("sw.js", "gzip, br", "", "worker"),
    ] {
        let answer = send(&router, request(&format!("/{path}")).header("accept-encoding", accepted));
        assert_eq!(header(&answer, "content-encoding"), coding, "{path} {accepted}");
        assert_ne!(header(&answer, "content-type"), "application/octet-stream", "{path} {accepted}");
        assert_eq!(body(answer), text, "{path} {accepted}");
    }
}

#[test]
fn each_form_of_a_file_has_an_etag_of_its_own() {
    let router = router("", &built());
    let of = |accepted: &str| {
        let answer = send(&router, request(&format!("/{HASHED}")).header("accept-encoding", accepted));
        header(&answer, "etag").to_owned()
    };
    let tags = [of("identity"), of("gzip"), of("br")];
    assert!(tags.iter().all(|tag| tag.len() > 20 && tag.starts_with('"') && tag.ends_with('"')), "{tags:?}");
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
    assert_eq!(of("br"), tags[2]);
}

#[test]
fn what_a_browser_has_already_is_304_without_a_body() {
    let router = router("", &built());
    let tag = header(&get_from(&router, "/sw.js"), "etag").to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = send(&router, request("/sw.js").header("if-none-match", &known));
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!((header(&answer, "etag"), header(&answer, "cache-control")), (tag.as_str(), "no-cache"));
        assert_eq!(body(answer), "");
    }
    for other in ["\"other\"", "", tag.trim_matches('"')] {
        assert_eq!(send(&router, request("/sw.js").header("if-none-match", other)).status(), 200, "{other}");
    }
}

#[test]
fn head_is_get_without_the_body() {
    let router = router("", &built());
    let answer = send(&router, request("/sw.js").method("HEAD"));
    assert_eq!((answer.status(), header(&answer, "content-length")), (StatusCode::OK, "6"));
    assert_eq!(header(&answer, "etag"), header(&get_from(&router, "/sw.js"), "etag"));
    assert_eq!(body(answer), "");
}

#[test]
fn other_methods_are_405_and_what_is_no_file_is_404() {
    let router = router("", &built());
    for path in ["/", "/sw.js", "/assets/style-B1.css"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = send(&router, request(path).method(method));
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(header(&answer, "allow"), "GET,HEAD");
        }
    }
    for path in [
        "/assets",
        "/assets/",
        "/assets/../sw.js",
        "/assets/%2e%2e/sw.js",
        "/assets%2fstyle-B1.css",
        "/%73w.js",
        "//sw.js",
        "/SW.js",
        "/../Cargo.toml",
        "/assets/style-B1.css.gz",
        "/assets/style-B1.css/",
    ] {
        assert_eq!(get_from(&router, path).status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn the_base_path_without_its_slash_leads_to_the_page() {
    let router = router("listen.base_path = '/a/files'", &built());
    let answer = get_from(&router, "/a/files");
    assert_eq!(answer.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!((header(&answer, "location"), header(&answer, "cache-control")), ("/a/files/", "no-cache"));
    for path in ["/a/files/", "/a/files/sw.js", &format!("/a/files/{HASHED}")] {
        assert_eq!(get_from(&router, path).status(), 200, "{path}");
    }
    for path in ["/", "/a", "/a/", "/sw.js", "/a/filessw.js"] {
        assert_eq!(get_from(&router, path).status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn a_page_that_is_switched_off_is_404_and_the_rest_stays() {
    let router = router("page.enabled = false\nlisten.base_path = '/files'", &built());
    for path in ["/files", "/files/", "/files/index.html", "/files/sw.js", &format!("/files/{HASHED}")] {
        assert_eq!(get_from(&router, path).status(), StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/files/api/info", "/files/healthz"] {
        assert_eq!(get_from(&router, path).status(), 200, "{path}");
    }
}

#[test]
fn where_no_page_was_built_there_is_one_that_says_how_to_and_how_to_connect() {
    let more = "page.title = 'A & B'\nlisten.base_path = '/files'\nlisten.trusted_proxies = ['192.0.2.1/32']";
    let router = router(more, &Files::new([]));
    let from = |address: &str| request("/files/").extension(Direct::Tcp(address.parse().unwrap()));
    let forwarded = |address: &str| from(address).header("x-forwarded-proto", "https");
    let tls = from("203.0.113.1:1").extension(TlsPeer { certificate: None });
    for (request, url) in [
        (from("203.0.113.1:1"), "ws://THIS-ADDRESS/files/sftp"),
        (forwarded("203.0.113.1:1"), "ws://THIS-ADDRESS/files/sftp"),
        (forwarded("192.0.2.1:1"), "wss://THIS-ADDRESS/files/sftp"),
        (tls, "wss://THIS-ADDRESS/files/sftp"),
    ] {
        let answer = send(&router, request);
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "cache-control"), "no-cache", "the page may be built at any time");
        assert!(header(&answer, "content-security-policy").starts_with("default-src 'none'; base-uri"));
        let text = body(answer);
        assert!(text.contains(&format!("connect {url} ")), "{url}: {text}");
        assert!(text.contains("A &amp; B") && text.contains("make web"), "{text}");
    }
    assert_eq!(get_from(&router, "/files").status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(get_from(&router, "/files/sw.js").status(), StatusCode::NOT_FOUND);
}

#[test]
fn every_file_of_this_build_can_be_routed_and_used() {
    let files = Files::built_in();
    let router = router("", &files);
    for (path, _) in files.iter() {
        let answer = get_from(&router, &format!("/{path}"));
        assert_eq!(answer.status(), 200, "{path}");
        assert_ne!(
            header(&answer, "content-type"),
            "application/octet-stream",
            "asset.rs knows no type of {path}"
        );
    }
    assert_eq!(files.index().is_some(), has_file_manager());
}
