//! The client's side of the opening handshake (RFC 6455, section 4.1).

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
use crate::login;
use crate::websocket::{self, Socket};

/// To the bridge: plain or through TLS.
pub(super) type Stream = Either<TcpStream, tokio_rustls::client::TlsStream<TcpStream>>;

/// The subprotocol of a session whose user the opening handshake has proved.
const SFTP: &str = "sftp";

/// Time for TCP and TLS, each.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Time for the answer to the opening handshake. The bridge logs in at its upstream meanwhile, and gives up
/// earlier than this by itself.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// What came of an opening handshake.
pub(super) enum Opened {
    /// A session.
    Session(Socket<Stream>),
    /// A conversation, to log in.
    Conversation(Socket<Stream>),
    /// 401, and the reason.
    Refused(String),
}

/// An opening handshake that offers the conversation.
pub(super) async fn converse(options: &Options, authorization: Option<&str>) -> Result<Opened, ConnectError> {
    open(options, &[login::SUBPROTOCOL, SFTP], authorization).await
}

/// An opening handshake that proves the user, or that the bridge may take for proof as it is.
pub(super) async fn plain(options: &Options, authorization: Option<&str>) -> Result<Opened, ConnectError> {
    open(options, &[SFTP], authorization).await
}

async fn open(
    options: &Options,
    offered: &[&str],
    authorization: Option<&str>,
) -> Result<Opened, ConnectError> {
    let stream = dial(options).await?;
    let uri = options.target.url().parse().map_err(|error| failed(&options.target, error))?;
    let mut request = ClientRequestBuilder::new(uri);
    for subprotocol in offered {
        request = request.with_sub_protocol(*subprotocol);
    }
    if let Some(authorization) = authorization {
        request = request.with_header("Authorization", authorization);
    }
    let answer = timeout(ANSWER_TIMEOUT, websocket::connect(request, stream, PACKET_LIMIT));
    match answer.await.map_err(|_| failed(&options.target, "no answer to the opening handshake"))? {
        Ok((socket, Some(chosen))) if chosen == login::SUBPROTOCOL => Ok(Opened::Conversation(socket)),
        Ok((socket, _)) => Ok(Opened::Session(socket)),
        Err(Error::Http(response)) if response.status() == StatusCode::UNAUTHORIZED => {
            Ok(Opened::Refused(reason(&response)))
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
    let connector = tls::connector(&options.trust, options.certificate.as_ref())?;
    let handshake = timeout(CONNECT_TIMEOUT, connector.connect(name, tcp));
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
    let later = text(response.headers(), header::RETRY_AFTER.as_str())
        .filter(|_| !reason.contains("try again in"))
        .map(|seconds| format!(" (try again in {seconds} s)"))
        .unwrap_or_default();
    ConnectError::Failed(format!("{target} answered {}: {reason}{later}", status.as_u16()))
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
