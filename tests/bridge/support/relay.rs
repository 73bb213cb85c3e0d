//! socat between a TCP port of its own and something else: a unix socket, TLS.

use std::path::Path;
use std::process::Command;

use super::certificates::text;
use super::fake::closed_port;
use super::process::{Running, run, tool};
use super::wait::{SOON, wait_until};

pub struct Relay {
    _socat: Running,
    pub port: u16,
}

impl Relay {
    /// To a unix socket, as a reverse proxy would connect to it.
    pub fn to_unix(path: &Path) -> Relay {
        Relay::to(&format!("UNIX-CONNECT:{}", path.display()))
    }

    /// To a port that speaks TLS.
    pub fn to_tls(port: u16) -> Relay {
        Relay::to(&format!("OPENSSL:127.0.0.1:{port},verify=0"))
    }

    /// To a port that speaks TLS with a certificate for `name`, by `authority`.
    #[track_caller]
    pub fn to_tls_of(port: u16, name: &str, authority: &Path) -> Relay {
        let authority = text(authority);
        Relay::to(&format!("OPENSSL:127.0.0.1:{port},cafile={authority},verify=1,commonname={name}"))
    }

    /// To a unix socket that speaks TLS by a certificate of this authority.
    pub fn to_tls_on_unix(path: &Path, authority: &Path) -> Relay {
        let (path, authority) = (path.display(), authority.display());
        Relay::to(&format!(
            "EXEC:openssl s_client -quiet -verify_return_error -CAfile {authority} -unix {path}"
        ))
    }

    #[track_caller]
    fn to(address: &str) -> Relay {
        let port = closed_port();
        let listen = format!("TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,nodelay,fork");
        let socat = Running::spawn(Command::new(tool("socat")).args(["-t40", &listen, address]));
        let listens = || {
            let tables = std::fs::read_to_string("/proc/net/tcp").unwrap();
            // The state 0A is LISTEN. To connect would be a visit to the other end.
            tables.lines().any(|line| line.contains(&format!("0100007F:{port:04X} 00000000:0000 0A")))
        };
        wait_until("socat to listen", SOON, listens);
        Relay { _socat: socat, port }
    }
}

/// The certificate that whoever listens at `port` shows, as PEM; nothing if there is no handshake.
pub fn shown(port: u16, name: &str) -> Option<String> {
    let mut client = Command::new(tool("openssl"));
    client.args(["s_client", "-servername", name, "-connect", &format!("127.0.0.1:{port}")]);
    pem(&run(&mut client, b"", SOON).stdout)
}

/// The first certificate in a text.
pub fn pem(text: &str) -> Option<String> {
    let (_, after) = text.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = after.split_once("-----END CERTIFICATE-----")?;
    Some(body.trim().to_owned())
}
