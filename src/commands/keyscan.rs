//! `sftpbridge keyscan`: the host keys of a server on standard output, and that they prove nothing yet on standard
//! error.

use std::io::Write;

use super::Failure;
use crate::cli::Keyscan;
use crate::config::HostPort;
use crate::upstream::scan;

/// Prints lines for a known_hosts file. The fingerprints are comments among them.
pub(super) async fn run(arguments: Keyscan) -> Result<(), Failure> {
    let address: HostPort = arguments
        .address
        .parse()
        .map_err(|error: crate::config::Malformed| Failure::Usage(format!("HOST[:PORT]: {error}")))?;
    let scanned = scan(&address, arguments.timeout).await;
    let scanned = scanned.map_err(|error| Failure::Unwell(format!("no host key of {address}: {error}")))?;
    std::io::stdout()
        .write_all(scanned.lines().as_bytes())
        .map_err(|error| Failure::System("cannot write", error))?;
    let _ = writeln!(
        std::io::stderr(),
        "sftpbridge: compare the fingerprints with what the server's operator says before you trust these keys: \
         whoever is on the way can show others"
    );
    Ok(())
}
