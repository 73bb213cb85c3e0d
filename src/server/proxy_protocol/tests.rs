use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

use super::*;

const NEXT: &[u8] = b"\x16GET / HTTP/1.1\r\n";

/// What is read of `header`, which arrives in pieces of at most `piece` bytes, and then ends or is followed by others.
fn read(header: &[u8], piece: usize) -> Result<Option<SocketAddr>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (mut sender, mut receiver) = tokio::io::duplex(piece);
        let bytes = [header, NEXT].concat();
        let reads = async move {
            let client = client(&mut receiver).await.map_err(|error| error.to_string())?;
            let mut rest = Vec::new();
            receiver.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, NEXT, "only the header is taken");
            Ok(client)
        };
        let writes = async move {
            // Whoever refuses a header reads no more of it.
            let _ = sender.write_all(&bytes).await;
        };
        tokio::join!(reads, writes).0
    })
}

/// A header of version 2: command and version, family and protocol, what follows the length.
fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [v2::PROTOCOL_PREFIX, &[command, family], &length, body].concat()
}

const IPV4: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 1, 0x30, 0x39, 0x01, 0xbb];

fn address(text: &str) -> Option<SocketAddr> {
    Some(text.parse().unwrap())
}

#[test]
fn a_client_is_named_by_either_version() {
    let v6 =
        [&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7][..], &[0; 16], &[0, 80, 1, 187]].concat();
    for (header, client) in [
        (b"PROXY TCP4 192.0.2.1 198.51.100.1 12345 443\r\n".to_vec(), "192.0.2.1:12345"),
        (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n".to_vec(), "1.1.1.1:1"),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 80 443\r\n".to_vec(), "[2001:db8::7]:80"),
        (binary(0x21, 0x11, &IPV4), "192.0.2.1:12345"),
        (binary(0x21, 0x21, &v6), "[2001:db8::7]:80"),
        // A TLV (here PP2_TYPE_CRC32C, and wrong) is skipped.
        (binary(0x21, 0x11, &[&IPV4[..], &[3, 0, 4, 1, 2, 3, 4]].concat()), "192.0.2.1:12345"),
        // As is what does not even have the form of one.
        (binary(0x21, 0x11, &[&IPV4[..], &[0xff; 500]].concat()), "192.0.2.1:12345"),
    ] {
        for piece in [1, 7, 4096] {
            assert_eq!(read(&header, piece), Ok(address(client)), "{header:?} in pieces of {piece}");
        }
    }
}

#[test]
fn a_proxy_may_name_nobody() {
    for header in [
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n".to_vec(),
        binary(0x20, 0x00, &[]),
        binary(0x20, 0x11, &IPV4),
        binary(0x21, 0x00, &[]),
        binary(0x21, 0x00, &IPV4),
        binary(0x21, 0x31, &[b'/'; 216]),
    ] {
        assert_eq!(read(&header, 5), Ok(None), "{header:?}");
    }
}

#[test]
fn what_is_no_header_is_refused() {
    let absent = "the connection does not begin with a header";
    for (bytes, cause) in [
        (&b"GET / HTTP/1.1\r\n"[..], absent),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00", absent),
        (b"proxy TCP4 192.0.2.1 198.51.100.1 1 2\r\n", absent),
        (b"PROXYTCP4 192.0.2.1", absent),
        (b"PROXY TCP5 192.0.2.1 198.51.100.1 1 2\r\n", "version 1: "),
        (b"PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n", "version 1: "),
        (b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n", "version 1: "),
        (b"PROXY TCP4 192.0.2.1 198.51.100.1 65536 2\r\n", "version 1: "),
        (b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n", "version 1: "),
        (b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n", "version 1: "),
        (b"PROXY \r\nGET / HTTP/1.1\r\n", "version 1: "),
        (b"PROXY TCP4 \xff\xff\xff\xff\r\n", "version 1: "),
        (&binary(0x31, 0x11, &IPV4), "version 2: "),
        (&binary(0x22, 0x11, &IPV4), "version 2: "),
        (&binary(0x21, 0x41, &IPV4), "version 2: "),
        (&binary(0x21, 0x21, &IPV4), "version 2: "),
    ] {
        let error = read(bytes, 4096).unwrap_err();
        assert!(error.starts_with(cause), "{error}: {bytes:?}");
    }
}

#[test]
fn a_header_has_a_largest_length() {
    let line = |length: usize| format!("PROXY UNKNOWN {}\r\n", "x".repeat(length - 16)).into_bytes();
    assert_eq!(read(&line(LONGEST_LINE), 4096), Ok(None));
    assert_eq!(read(&line(LONGEST_LINE + 1), 4096).unwrap_err(), "a header of more than 107 bytes");
    let body = |length| binary(0x21, 0x00, &vec![0; length]);
    assert_eq!(read(&body(LONGEST_BODY), 4096), Ok(None));
    assert_eq!(read(&body(LONGEST_BODY + 1), 4096).unwrap_err(), "a header of more than 4112 bytes");
}

#[tokio::test]
async fn half_a_header_that_ends_is_refused() {
    for half in [&b"PROXY TCP4 192"[..], b"PRO", b"", &binary(0x21, 0x11, &IPV4)[..20]] {
        let error = client(&mut &half[..]).await.unwrap_err();
        assert!(matches!(error, ProxyError::Lost(_)), "{error}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text: bool, piece in 1..64usize) {
        let start: &[u8] = if text { WORD } else { v2::PROTOCOL_PREFIX };
        let header = [start, &bytes].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (mut sender, mut receiver) = tokio::io::duplex(piece);
            let reads = async move {
                let _ = client(&mut receiver).await;
            };
            let writes = async move {
                let _ = sender.write_all(&header).await;
            };
            tokio::join!(reads, writes);
        });
    }

    #[test]
    fn every_address_arrives(address: SocketAddr, piece in 1..40usize) {
        let address = match address {
            SocketAddr::V6(v6) => SocketAddrV6::new(*v6.ip(), v6.port(), 0, 0).into(),
            v4 => v4,
        };
        let family = if address.is_ipv4() { "TCP4" } else { "TCP6" };
        let (ip, port) = (address.ip(), address.port());
        let line = format!("PROXY {family} {ip} {ip} {port} 443\r\n");
        prop_assert_eq!(read(line.as_bytes(), piece), Ok(Some(address)));
        let bytes = v2::Builder::with_addresses(
            v2::Version::Two | v2::Command::Proxy,
            v2::Protocol::Stream,
            (address, address),
        );
        prop_assert_eq!(read(&bytes.build().unwrap(), piece), Ok(Some(address)));
    }
}
