//! The client's side of the opening handshake, with a question at the terminal where it is needed.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_util::either::Either;

use super::{ConnectError, Options, PACKET_LIMIT, Target, tls};
use crate::websocket::{self, Socket};

/// To the bridge: plain or through TLS.
pub(super) type Stream = Either<TcpStream, tokio_rustls::client::TlsStream<TcpStream>>;

/// Time for TCP and TLS, each.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Time for the answer to the opening handshake. The bridge logs in at its upstream meanwhile, and gives up
/// earlier than this by itself.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// How often a person may try their password.
const TRIES: u32 = 3;

/// Opens a session. Without a password the first try is anonymous, as the bridge may know the person by other
/// means; when it does not, the terminal is asked.
pub(super) async fn log_in(options: &mut Options) -> Result<Socket<Stream>, ConnectError> {
    let mut tries = 0;
    let mut exposed = !options.target.tls && !options.target.is_loopback();
    loop {
        if exposed && options.login.password.is_some() {
            exposed = false;
            eprintln!("sftpbridge: warning: the password goes to {} unencrypted; use wss://", options.target);
        }
        let refused = match attempt(options).await? {
            Ok(socket) => return Ok(socket),
            Err(refused) => refused,
        };
        let may_ask = options.login.password.is_none() || options.login.asked;
        if !may_ask || tries == TRIES {
            return Err(ConnectError::Refused(refused));
        }
        tries += 1;
        let instructions = if options.login.asked { refused.as_str() } else { "" };
        options.login.ask(&options.target.to_string(), instructions).map_err(|error| {
            ConnectError::Refused(format!(
                "a password is needed, and there is no terminal to ask at ({error}); \
                 give --password-file or SFTPBRIDGE_PASSWORD"
            ))
        })?;
    }
}

/// One opening handshake; the inner error is a refused login.
async fn attempt(options: &Options) -> Result<Result<Socket<Stream>, String>, ConnectError> {
    let stream = dial(options).await?;
    let uri = options.target.url().parse().map_err(|error| failed(&options.target, error))?;
    let mut request = ClientRequestBuilder::new(uri).with_sub_protocol("sftp");
    if let Some(basic) = options.login.basic() {
        request = request.with_header("Authorization", basic.as_str());
    }
    let answer = timeout(ANSWER_TIMEOUT, websocket::connect(request, stream, PACKET_LIMIT));
    match answer.await.map_err(|_| failed(&options.target, "no answer to the opening handshake"))? {
        Ok(socket) => Ok(Ok(socket)),
        Err(Error::Http(response)) if response.status() == StatusCode::UNAUTHORIZED => {
            Ok(Err(reason(&response)))
        }
        Err(Error::Http(response)) => Err(refused(&options.target, &response)),
        Err(error) => Err(failed(&options.target, error)),
    }
}

async fn dial(options: &Options) -> Result<Stream, ConnectError> {
    let Target { host, port, tls, .. } = &options.target;
    let connect = timeout(CONNECT_TIMEOUT, TcpStream::connect((host.as_str(), *port)));
    let tcp = connect
        .await
        .map_err(|_| failed(&options.target, "no answer in time"))?
        .map_err(|error| failed(&options.target, error))?;
    tcp.set_nodelay(true).map_err(|error| failed(&options.target, error))?;
    if !tls {
        return Ok(Either::Left(tcp));
    }
    let name = ServerName::try_from(host.clone()).map_err(|error| failed(&options.target, error))?;
    let handshake = timeout(CONNECT_TIMEOUT, tls::connector(&options.trust)?.connect(name, tcp));
    let stream = handshake
        .await
        .map_err(|_| failed(&options.target, "no answer to the TLS handshake in time"))?
        .map_err(|error| failed(&options.target, error))?;
    Ok(Either::Right(stream))
}

fn failed(target: &Target, error: impl std::fmt::Display) -> ConnectError {
    ConnectError::Failed(format!("cannot connect to {target}: {error}"))
}

fn refused(target: &Target, response: &Response) -> ConnectError {
    let status = response.status();
    let location = text(response.headers(), header::LOCATION.as_str());
    let reason = match location.filter(|_| status.is_redirection()) {
        Some(location) => format!("it points to {location}; connect there if that is right"),
        None => reason(response),
    };
    ConnectError::Failed(format!("{target} answered {}: {reason}", status.as_u16()))
}

/// The sentence that the bridge gives its reason in; a proxy in front has none.
fn reason(response: &Response) -> String {
    text(response.headers(), "sftp-authenticate-info")
        .unwrap_or_else(|| response.status().canonical_reason().unwrap_or("no reason given").to_owned())
}

/// A header's text, made harmless for a terminal.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(HeaderValue::as_bytes).map(|value| value.escape_ascii().to_string())
}
