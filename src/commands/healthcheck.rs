//! `sftpbridge healthcheck`: does the bridge of this container answer? It exits with 0 or 1 and nothing else, as
//! Docker's HEALTHCHECK wants it, so that a bad configuration is 1 here.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use url::{Host, Url};

use super::Failure;
use crate::cli::Healthcheck;
use crate::config::{Config, Listen, ListenAddress, Overrides, Tls, TlsProof};
use crate::connect::{Trust, connector};

/// For everything.
const LIMIT: Duration = Duration::from_secs(5);

const HEALTHZ: &str = "/healthz";

/// A connection of the sender itself and for nobody else: the command LOCAL of the PROXY protocol, version 2, made for
/// this (section 2.2).
const PROXY_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// Asks once. Redirects are not followed: they are not what was asked for.
pub(super) async fn run(arguments: Healthcheck) -> Result<(), Failure> {
    let place = place(&arguments).map_err(Failure::Unwell)?;
    let unwell = |problem: String| Failure::Unwell(format!("{}: {problem}", place.shown));
    match timeout(LIMIT, place.ask()).await {
        Ok(Ok(StatusCode::OK)) => Ok(()),
        Ok(Ok(status)) => Err(unwell(format!("answered {status}"))),
        Ok(Err(problem)) => Err(unwell(problem)),
        Err(_) => Err(unwell(format!("no answer within {LIMIT:?}"))),
    }
}

/// Where to ask, and how.
#[derive(Debug, PartialEq)]
struct Place {
    /// For people.
    shown: String,
    to: To,
    /// Of the request.
    host: String,
    path: String,
    tls: Option<Server>,
    /// The listener wants a header of the PROXY protocol first.
    proxied: bool,
}

#[derive(Debug, PartialEq)]
enum To {
    Tcp(String, u16),
    Unix(PathBuf),
}

/// Who should prove to be there.
#[derive(Debug, PartialEq)]
struct Server {
    name: ServerName<'static>,
    /// It is ourselves: its certificate is for other names, and nothing is told to it.
    any: bool,
}

fn place(arguments: &Healthcheck) -> Result<Place, String> {
    if let Some(url) = &arguments.url {
        return match url.strip_prefix("unix:") {
            Some(path) => Ok(unix(Path::new(path), HEALTHZ.to_owned())),
            None => named(url),
        };
    }
    let config = Config::load(arguments.config.as_deref(), &Overrides::default())
        .map_err(|error| error.to_string())?;
    configured(&config)
}

/// The admin listener, else the public one.
fn configured(config: &Config) -> Result<Place, String> {
    let Listen { address, base_path, tls, proxy_protocol_from, .. } = &config.listen;
    let public = format!("{}{HEALTHZ}", base_path.as_str());
    match &config.admin.address {
        Some(ListenAddress::Unix(path)) => Ok(unix(path, HEALTHZ.to_owned())),
        Some(ListenAddress::Tcp(address)) => tcp(*address, HEALTHZ.to_owned(), None),
        None => match address {
            ListenAddress::Unix(path) => {
                Ok(Place { proxied: proxy_protocol_from.unix, ..unix(path, public) })
            }
            ListenAddress::Tcp(address) => {
                let proxied = proxy_protocol_from.contains_address(reachable(*address).ip());
                Ok(Place { proxied, ..tcp(*address, public, tls.as_ref())? })
            }
        },
    }
}

fn unix(path: &Path, asked: String) -> Place {
    Place {
        shown: format!("unix:{}", path.display()),
        to: To::Unix(path.to_owned()),
        host: "localhost".to_owned(),
        path: asked,
        tls: None,
        proxied: false,
    }
}

fn tcp(address: SocketAddr, path: String, tls: Option<&Tls>) -> Result<Place, String> {
    if address.port() == 0 {
        return Err("the listener picks a port of its own (port 0); name a URL".to_owned());
    }
    let address = reachable(address);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let server = tls.map(|tls| Server { name: own_name(tls, address.ip()), any: true });
    Ok(Place {
        shown: format!("{scheme}://{address}{path}"),
        to: To::Tcp(address.ip().to_string(), address.port()),
        host: address.to_string(),
        path,
        tls: server,
        proxied: false,
    })
}

/// A listener on every address is asked on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        other => other,
    };
    SocketAddr::new(ip, address.port())
}

/// A listener with several certificates picks one by the name.
fn own_name(tls: &Tls, ip: IpAddr) -> ServerName<'static> {
    let domain = match &tls.proof {
        TlsProof::Files { .. } => None,
        TlsProof::Acme(acme) => acme.domains.first(),
    };
    let name = domain.and_then(|domain| ServerName::try_from(domain.clone()).ok());
    name.unwrap_or_else(|| ServerName::IpAddress(ip.into()))
}

fn named(text: &str) -> Result<Place, String> {
    let wrong = || format!("{}: expected http://, https:// or unix:/PATH", text.escape_debug());
    let url = Url::parse(text).map_err(|_| wrong())?;
    let (Some(host), Some(port), "http" | "https") = (url.host(), url.port_or_known_default(), url.scheme())
    else {
        return Err(wrong());
    };
    let (name, loopback) = match &host {
        Host::Domain(name) => ((*name).to_owned(), *name == "localhost"),
        Host::Ipv4(ip) => (ip.to_string(), ip.is_loopback()),
        Host::Ipv6(ip) => (ip.to_string(), ip.is_loopback()),
    };
    let tls = match url.scheme() {
        "https" => {
            let name = ServerName::try_from(name.clone()).map_err(|_| wrong())?;
            Some(Server { name, any: loopback })
        }
        _ => None,
    };
    let path = if url.path() == "/" { HEALTHZ } else { url.path() };
    Ok(Place {
        shown: format!("{}://{host}:{port}{path}", url.scheme()),
        to: To::Tcp(name, port),
        host: format!("{host}:{port}"),
        path: path.to_owned(),
        tls,
        proxied: false,
    })
}

impl Place {
    async fn ask(&self) -> Result<StatusCode, String> {
        match &self.to {
            To::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(not_there)?;
                self.greet(stream).await
            }
            To::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(not_there)?;
                self.greet(stream).await
            }
        }
    }

    async fn greet(&self, mut stream: impl Stream) -> Result<StatusCode, String> {
        if self.proxied {
            stream.write_all(PROXY_LOCAL).await.map_err(|error| error.to_string())?;
        }
        let Some(Server { name, any }) = &self.tls else {
            return self.request(stream).await;
        };
        let trust = if *any { Trust::DangerAnyone } else { Trust::System };
        let tls = connector(&trust, None).map_err(|error| error.to_string())?;
        let stream = tls.connect(name.clone(), stream).await.map_err(|error| format!("no TLS: {error}"))?;
        self.request(stream).await
    }

    async fn request(&self, stream: impl Stream) -> Result<StatusCode, String> {
        let failed = |error: hyper::Error| format!("no answer: {error}");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let request = Request::get(&self.path)
            .header(header::HOST, &self.host)
            .header(header::CONNECTION, "close")
            .body(Body::empty())
            .map_err(|error| error.to_string())?;
        // The status is all that counts: the connection is dropped with the future.
        let answer = sender.send_request(request);
        let answer = tokio::select! {
            answer = answer => answer,
            never = drive(connection) => never,
        };
        answer.map(|answer| answer.status()).map_err(failed)
    }
}

/// Moves the connection on; whoever waits for the answer learns of its end there.
async fn drive<T>(connection: impl Future<Output = Result<(), hyper::Error>>) -> T {
    let _ = connection.await;
    std::future::pending().await
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

fn not_there(error: io::Error) -> String {
    format!("cannot connect: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let pins = r#"["SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM"]"#;
        let text = format!("{text}\n[upstreams.main]\naddress = \"localhost\"\nhost_keys = {pins}\n");
        Config::resolve(Some(("proxy.toml".as_ref(), &text)), [], &Overrides::default()).unwrap()
    }

    fn asked(text: &str) -> (String, bool) {
        let place = configured(&config(text)).unwrap();
        (place.shown, place.proxied)
    }

    #[test]
    fn the_admin_listener_is_asked_or_else_the_public_one_on_loopback() {
        let off = "[admin]\naddress = \"\"\n";
        for (text, shown, proxied) in [
            (String::new(), "http://127.0.0.1:9022/healthz", false),
            ("[admin]\naddress = \"0.0.0.0:9\"".to_owned(), "http://127.0.0.1:9/healthz", false),
            ("[admin]\naddress = \"unix:/run/a\"".to_owned(), "unix:/run/a", false),
            (off.to_owned(), "http://127.0.0.1:8022/healthz", false),
            (
                format!("{off}[listen]\naddress = \"[::]:80\"\nbase_path = \"/files\""),
                "http://[::1]:80/files/healthz",
                false,
            ),
            (
                format!("{off}[listen]\nproxy_protocol_from = [\"127.0.0.0/8\"]"),
                "http://127.0.0.1:8022/healthz",
                true,
            ),
        ] {
            assert_eq!(asked(&text), (shown.to_owned(), proxied), "{text}");
        }
        let free = config("[admin]\naddress = \"127.0.0.1:0\"");
        assert!(configured(&free).unwrap_err().contains("port 0"));
    }

    #[test]
    fn a_url_is_asked_as_it_stands_and_for_health_without_a_path() {
        let place = |url: &str| named(url).unwrap();
        assert_eq!(place("http://host:81/x/healthz").path, "/x/healthz");
        assert_eq!(place("http://host").path, HEALTHZ);
        assert_eq!(place("https://[::1]:1/").to, To::Tcp("::1".to_owned(), 1));
        assert!(place("https://127.0.0.1").tls.unwrap().any && place("https://localhost").tls.unwrap().any);
        assert!(!place("https://example.org").tls.unwrap().any);
        for wrong in ["", "host", "ftp://host", "ws://host", "http://"] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
    }
}
