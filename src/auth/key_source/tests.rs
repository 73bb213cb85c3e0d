//! Against a server of the test's own, with the time as the test wants it.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::*;
use crate::auth::issuer::{SigningKey, set};

const SECOND: Duration = Duration::from_secs(1);

/// An issuer's server, which answers what it is told to.
struct Issuer {
    url: Url,
    shared: Arc<Shared>,
}

struct Shared {
    answer: Mutex<String>,
    asked: AtomicUsize,
    /// While set, questions wait.
    slow: Mutex<Option<Arc<Notify>>>,
}

impl Issuer {
    async fn start(keys: &[Value]) -> Issuer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap()).parse().unwrap();
        let shared =
            Arc::new(Shared { answer: Mutex::default(), asked: AtomicUsize::new(0), slow: Mutex::default() });
        let issuer = Issuer { url, shared: Arc::clone(&shared) };
        issuer.has(keys);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, Arc::clone(&shared)));
            }
        });
        issuer
    }

    fn has(&self, keys: &[Value]) {
        let body = set(keys);
        self.answers(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    }

    fn answers(&self, response: String) {
        *self.shared.answer.lock().unwrap() = response;
    }

    fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    fn source(&self) -> KeySource {
        KeySource::server(&self.url, None).unwrap()
    }
}

async fn answer(mut stream: tokio::net::TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    shared.asked.fetch_add(1, Ordering::SeqCst);
    let slow = shared.slow.lock().unwrap().clone();
    if let Some(go) = slow {
        go.notified().await;
    }
    let response = shared.answer.lock().unwrap().clone();
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

fn key(id: &str) -> Value {
    SigningKey::ed25519().jwk(id)
}

/// Whether the key `id` can be had at `now`.
async fn has(source: &KeySource, id: &str, now: Instant) -> bool {
    source.keys(Some(id), now).await.is_some_and(|keys| keys.has(id))
}

#[tokio::test]
async fn keys_are_fetched_when_first_needed_and_then_kept() {
    let issuer = Issuer::start(&[key("a")]).await;
    let (source, now) = (issuer.source(), Instant::now());
    assert_eq!(issuer.asked(), 0);
    for seconds in 0..300 {
        assert!(has(&source, "a", now + seconds * SECOND).await);
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_by_its_first_token() {
    let issuer = Issuer::start(&[key("old")]).await;
    let (source, now) = (issuer.source(), Instant::now());
    assert!(has(&source, "old", now).await);
    issuer.has(&[key("old"), key("new")]);
    assert!(has(&source, "new", now + 31 * SECOND).await);
    assert!(has(&source, "old", now + 32 * SECOND).await);
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn unknown_key_ids_cost_one_fetch_in_30_seconds() {
    let issuer = Issuer::start(&[key("a")]).await;
    let (source, now) = (issuer.source(), Instant::now());
    for seconds in 0..60 {
        assert!(!has(&source, &format!("forged-{seconds}"), now + seconds * SECOND).await);
    }
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_is_forgotten_after_five_minutes() {
    let issuer = Issuer::start(&[key("stolen"), key("b")]).await;
    let (source, now) = (issuer.source(), Instant::now());
    assert!(has(&source, "stolen", now).await);
    issuer.has(&[key("b")]);
    assert!(has(&source, "stolen", now + 299 * SECOND).await);
    assert!(!has(&source, "stolen", now + 300 * SECOND).await);
    assert!(has(&source, "b", now + 300 * SECOND).await);
}

#[tokio::test]
async fn keys_outlive_a_server_that_fails() {
    let issuer = Issuer::start(&[key("a")]).await;
    let (source, now) = (issuer.source(), Instant::now());
    assert!(has(&source, "a", now).await);
    for (hours, response) in (1..).zip([
        "",
        "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"keys\":[]}",
        "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"keys\"",
        "not http",
    ]) {
        issuer.answers(response.to_owned());
        assert!(has(&source, "a", now + hours * 3600 * SECOND).await, "{response}");
        assert_eq!(issuer.asked(), 1 + usize::try_from(hours).unwrap());
    }
}

#[tokio::test]
async fn a_server_that_comes_late_is_asked_again_after_5_seconds() {
    let issuer = Issuer::start(&[key("a")]).await;
    let (source, now) = (issuer.source(), Instant::now());
    issuer.answers(String::new());
    assert!(source.keys(Some("a"), now).await.is_none());
    issuer.has(&[key("a")]);
    assert!(source.keys(Some("a"), now + 4 * SECOND).await.is_none());
    assert!(has(&source, "a", now + 5 * SECOND).await);
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn many_who_come_at_once_share_a_fetch() {
    let issuer = Issuer::start(&[key("a")]).await;
    let go = Arc::new(Notify::new());
    *issuer.shared.slow.lock().unwrap() = Some(Arc::clone(&go));
    let (source, now) = (Arc::new(issuer.source()), Instant::now());
    let many: Vec<_> = (0..50)
        .map(|_| {
            let source = Arc::clone(&source);
            tokio::spawn(async move { has(&source, "a", now).await })
        })
        .collect();
    go.notify_one();
    for one in many {
        assert!(one.await.unwrap());
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_fetch_does_not_end_with_the_request_that_began_it() {
    let issuer = Issuer::start(&[key("a")]).await;
    let go = Arc::new(Notify::new());
    *issuer.shared.slow.lock().unwrap() = Some(Arc::clone(&go));
    let (source, now) = (Arc::new(issuer.source()), Instant::now());
    let first = tokio::spawn({
        let source = Arc::clone(&source);
        async move { has(&source, "a", now).await }
    });
    while issuer.asked() == 0 {
        tokio::task::yield_now().await;
    }
    first.abort();
    let _ = first.await;
    let second = tokio::spawn(async move { has(&source, "a", now).await });
    go.notify_one();
    // It came too early for a fetch of its own, and has waited for the first one's.
    assert!(second.await.unwrap());
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let other = Issuer::start(&[key("a")]).await;
    let issuer = Issuer::start(&[]).await;
    issuer.answers(format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", other.url));
    assert!(issuer.source().keys(None, Instant::now()).await.is_none());
    assert_eq!((issuer.asked(), other.asked()), (1, 0));
}

#[tokio::test]
async fn a_set_without_end_is_given_up() {
    let issuer = Issuer::start(&[]).await;
    let body = format!("{{\"keys\":[{}]", " ".repeat(jwks::LARGEST));
    issuer.answers(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}"));
    let KeySource::Server(server) = issuer.source() else { unreachable!() };
    assert_eq!(server.fetch().await.unwrap_err(), "larger than 262144 bytes");
}

#[tokio::test]
async fn an_issuer_that_cannot_be_reached_is_a_line_for_the_log() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let source = KeySource::server(&format!("http://{nobody}/").parse().unwrap(), None).unwrap();
    let KeySource::Server(server) = source else { unreachable!() };
    let problem = server.fetch().await.unwrap_err();
    assert!(problem.contains("refused"), "{problem}");
    assert_eq!(problem.lines().count(), 1);
}

#[tokio::test]
async fn keys_in_a_file_are_read_again_when_it_changes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), set(&[key("old")])).unwrap();
    let source = KeySource::file(file.path()).unwrap();
    let now = Instant::now();
    std::fs::write(file.path(), set(&[key("newer")])).unwrap();
    assert!(!has(&source, "newer", now).await);
    assert!(has(&source, "newer", now + 2 * SECOND).await);
    std::fs::write(file.path(), "half a fi").unwrap();
    assert!(has(&source, "newer", now + 4 * SECOND).await);
}

#[test]
fn a_file_with_no_authority_in_it_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let url = "https://id.example/keys".parse().unwrap();
    let problem = KeySource::server(&url, Some(file.path())).unwrap_err();
    assert_eq!(problem, format!("{}: it holds no certificate", file.path().display()));
}
