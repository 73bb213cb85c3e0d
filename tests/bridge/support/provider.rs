//! OpenID Connect providers: the real one from npm, and one that says whatever a test wants.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use url::Url;

use super::browser::{Browser, location, path};
use super::fake::Fake;
use super::process::{Running, run, tool};
use super::wait::SOON;

/// npm's `oidc-provider`.
pub struct Provider {
    _process: Running,
    pub port: u16,
}

impl Provider {
    #[track_caller]
    pub fn start(clients: &Value) -> Provider {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
        assert!(
            dir.join("node_modules/oidc-provider").is_dir(),
            "oidc-provider is not installed; run: tests/setup.sh"
        );
        let mut process =
            Running::spawn(Command::new(tool("node")).arg(dir.join("oidc_provider.js")).current_dir(&dir));
        process.stdin().write_all(json!({ "clients": clients }).to_string().as_bytes()).unwrap();
        process.close_stdin();
        let port =
            process.line("the provider to listen", |line| line.strip_prefix("listening ")?.parse().ok());
        Provider { _process: process, port }
    }

    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Fills in the provider's forms as `login`, from its page at `url` until it sends the browser elsewhere: there.
    #[track_caller]
    pub fn log_in(&self, browser: &mut Browser, url: &Url, login: &str) -> Url {
        let mut url = url.clone();
        for _ in 0..20 {
            if url.port() != Some(self.port) {
                return url;
            }
            let answer = browser.get(self.port, &path(&url));
            if answer.status != 200 {
                url = location(self.port, &answer);
                continue;
            }
            let page = answer.body();
            let action = page.split("action=\"").nth(1).expect("a form").split('"').next().unwrap();
            let action = url.join(action).unwrap();
            let form = match page.contains("name=\"login\"") {
                true => format!("prompt=login&login={login}&password=x"),
                false => "prompt=consent".to_owned(),
            };
            url = location(self.port, &browser.post(self.port, &path(&action), &form));
        }
        panic!("the provider never sends the browser back; last at {url}");
    }
}

/// What a lying provider says at a path.
#[derive(Clone)]
pub enum Reply {
    Json(Value),
    /// Any status and headers, up to the empty line, and a body.
    Raw(String),
    /// Takes the request and says nothing.
    Silence,
    /// Never stops talking.
    Flood,
}

/// A provider that says what it is told to; by default a document and keys that are right.
pub struct Liar {
    fake: Fake,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    requests: Arc<Mutex<Vec<String>>>,
    key: SigningKey,
}

impl Liar {
    pub fn start() -> Liar {
        let replies: Arc<Mutex<HashMap<String, Reply>>> = Arc::default();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let (said, heard) = (Arc::clone(&replies), Arc::clone(&requests));
        let fake = Fake::serve(move |stream| answer(stream, &said, &heard));
        let liar = Liar { fake, replies, requests, key: SigningKey::new("one") };
        let issuer = liar.issuer();
        let document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/auth"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        liar.say("/.well-known/openid-configuration", Reply::Json(document));
        liar.say("/jwks", Reply::Json(json!({ "keys": [liar.key.public()] })));
        liar
    }

    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.fake.port)
    }

    pub fn say(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// The same document with one member changed.
    pub fn document(&self, member: &str, value: Value) {
        let path = "/.well-known/openid-configuration";
        let mut replies = self.replies.lock().unwrap();
        let Some(Reply::Json(document)) = replies.get_mut(path) else { panic!("no document") };
        document[member] = value;
    }

    /// How often a path was asked for.
    pub fn requests(&self, path: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|heard| *heard == path).count()
    }

    /// From now on, codes are exchanged for `id_token`.
    pub fn hand_out(&self, id_token: &str) {
        let token = json!({ "access_token": "access-canary", "token_type": "Bearer", "id_token": id_token });
        self.say("/token", Reply::Json(token));
    }

    /// Claims that are right for the client `bridge`.
    pub fn claims(&self, nonce: &str) -> Value {
        let now = jsonwebtoken::get_current_timestamp();
        json!({
            "iss": self.issuer(), "aud": "bridge", "sub": "ann", "nonce": nonce, "iat": now, "exp": now + 300,
        })
    }

    pub fn signed(&self, claims: &Value) -> String {
        self.key.sign(claims)
    }
}

/// An ES256 key.
pub struct SigningKey {
    id: &'static str,
    pem: Vec<u8>,
}

impl SigningKey {
    pub fn new(id: &'static str) -> SigningKey {
        let mut openssl = Command::new(tool("openssl"));
        openssl.args(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        SigningKey { id, pem: run(&mut openssl, b"", SOON).ok().stdout.into_bytes() }
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.to_owned()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_pem(&self.pem).unwrap()).unwrap()
    }

    /// As a JSON Web Key.
    pub fn public(&self) -> Value {
        let mut openssl = Command::new(tool("openssl"));
        openssl.args(["pkey", "-pubout"]);
        let pem = run(&mut openssl, &self.pem, SOON).ok().stdout;
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        // The uncompressed point stands last: 4, then 32 bytes each of x and y.
        let point = &der[der.len() - 64..];
        let part = |bytes: &[u8]| BASE64URL.encode(bytes);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": part(&point[..32]), "y": part(&point[32..]),
        })
    }
}

fn answer(stream: TcpStream, replies: &Mutex<HashMap<String, Reply>>, requests: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    let _ = reader.read_line(&mut first);
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line == "\r\n" => break,
            Ok(_) => {}
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    requests.lock().unwrap().push(path.clone());
    let reply = replies.lock().unwrap().get(&path).cloned();
    let not_found = || Reply::Raw("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned());
    say(stream, reply.unwrap_or_else(not_found));
}

fn say(mut stream: TcpStream, reply: Reply) {
    let json = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n";
    // A client that has heard enough closes; what is left to say is lost.
    match reply {
        Reply::Json(value) => {
            let body = value.to_string();
            let _ = write!(stream, "{json}Content-Length: {}\r\n\r\n{body}", body.len());
        }
        Reply::Raw(text) => {
            let _ = stream.write_all(text.as_bytes());
        }
        Reply::Silence => {
            let _ = stream.read_to_end(&mut Vec::new());
        }
        Reply::Flood => {
            let _ = write!(stream, "{json}\r\n{{\"issuer\":\"");
            while stream.write_all(&[b'x'; 65536]).is_ok() {}
        }
    }
}
