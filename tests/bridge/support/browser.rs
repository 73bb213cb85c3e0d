//! A browser as far as signing in needs one: it keeps cookies by host and path, and follows redirects when it is told to.

use url::Url;

use super::http::{Answer, Request};

#[derive(Default)]
pub struct Browser {
    cookies: Vec<Stored>,
}

#[derive(Clone)]
pub struct Stored {
    port: u16,
    path: String,
    pub name: String,
    pub value: String,
    /// The line that set it.
    pub set: String,
}

impl Browser {
    #[track_caller]
    pub fn get(&mut self, port: u16, path: &str) -> Answer {
        self.send(port, path, Request::get(port, path))
    }

    #[track_caller]
    pub fn post(&mut self, port: u16, path: &str, form: &str) -> Answer {
        self.send(port, path, Request::post(port, path, form))
    }

    /// Sends a request with the cookies that belong to it, and keeps those that come back.
    #[track_caller]
    pub fn send(&mut self, port: u16, path: &str, request: Request) -> Answer {
        let sent: Vec<String> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.port == port && is_below(path, &cookie.path))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        let request = if sent.is_empty() { request } else { request.header("Cookie", &sent.join("; ")) };
        let answer = request.send();
        for set in answer.headers("Set-Cookie") {
            self.keep(port, path, set);
        }
        answer
    }

    fn keep(&mut self, port: u16, path: &str, set: &str) {
        let mut parts = set.split(';').map(str::trim);
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let attributes: Vec<(String, &str)> = parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        let attribute =
            |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
        let path = attribute("path").unwrap_or(path).to_owned();
        let gone = attribute("max-age") == Some("0")
            || attribute("expires").is_some_and(|date| date.contains("1970"));
        self.cookies.retain(|cookie| (cookie.port, &*cookie.path, &*cookie.name) != (port, &*path, name));
        if !gone {
            let (name, value, set) = (name.to_owned(), value.to_owned(), set.to_owned());
            self.cookies.push(Stored { port, path, name, value, set });
        }
    }

    /// The cookies of a host whose names hold `part`.
    pub fn cookies(&self, port: u16, part: &str) -> Vec<Stored> {
        let found = self.cookies.iter().filter(|cookie| cookie.port == port && cookie.name.contains(part));
        found.cloned().collect()
    }
}

/// RFC 6265, section 5.1.4.
fn is_below(path: &str, cookie: &str) -> bool {
    let path = path.split('?').next().unwrap();
    path == cookie
        || path.strip_prefix(cookie).is_some_and(|rest| cookie.ends_with('/') || rest.starts_with('/'))
}

/// Where a redirect from `port` leads.
#[track_caller]
pub fn location(port: u16, answer: &Answer) -> Url {
    let here = Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
    assert!(matches!(answer.status, 302 | 303), "no redirect but {}", answer.status);
    here.join(answer.header("Location").expect("Location")).unwrap()
}

/// What stands behind the host.
pub fn path(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}
