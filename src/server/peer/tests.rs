use http::HeaderValue;
use proptest::prelude::*;

use super::*;

const PROXY: &str = "10.0.0.1:4000";

fn peer(direct: &str, lines: &[(&'static str, &str)]) -> Peer {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    let networks = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
    let (direct, unix) = match direct {
        "unix" => (Direct::Unix, true),
        "another unix" => (Direct::Unix, false),
        "unnamed" => (Direct::Unnamed(Some(PROXY.parse().unwrap())), true),
        address => (Direct::Tcp(address.parse().unwrap()), false),
    };
    Peer::of(direct, &headers, &Peers { networks, unix })
}

fn shown(direct: &str, name: &'static str, value: &str) -> String {
    peer(direct, &[(name, value)]).to_string()
}

#[test]
fn nothing_that_a_stranger_sends_is_believed() {
    for name in ["x-forwarded-for", "forwarded"] {
        for value in ["10.0.0.1", "for=10.0.0.1", "192.0.2.9", "for=192.0.2.9;proto=https"] {
            assert_eq!(shown("192.0.2.1:5", name, value), "192.0.2.1:5", "{name}: {value}");
        }
    }
    assert!(!peer("192.0.2.1:5", &[("x-forwarded-proto", "https")]).https);
}

#[test]
fn the_client_is_the_first_from_the_right_that_is_no_proxy() {
    for (value, client) in [
        ("192.0.2.1", "192.0.2.1"),
        ("203.0.113.9, 192.0.2.1", "192.0.2.1"),
        ("203.0.113.9,192.0.2.1 ,\t10.1.1.1", "192.0.2.1"),
        ("192.0.2.1:77, fd00::1", "192.0.2.1:77"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:77", "[2001:db8::1]:77"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("10.2.2.2, 10.1.1.1", "10.2.2.2"),
        ("203.0.113.9, unknown, 10.1.1.1", "10.1.1.1"),
        ("203.0.113.9, [192.0.2.1]", PROXY),
        ("203.0.113.9,", PROXY),
        ("", PROXY),
    ] {
        assert_eq!(shown(PROXY, "x-forwarded-for", value), client, "{value:?}");
    }
}

#[test]
fn behind_a_listed_unix_socket_a_client_is_whom_the_proxy_names() {
    assert_eq!(shown("unix", "x-forwarded-for", "203.0.113.9, 192.0.2.1, 10.1.1.1"), "192.0.2.1");
    assert_eq!(shown("unix", "forwarded", "for=192.0.2.1;proto=https"), "192.0.2.1");
    assert!(peer("unix", &[("x-forwarded-proto", "https")]).https);
    for nobody in [peer("unix", &[]), peer("unix", &[("x-forwarded-for", "unknown")])] {
        assert_eq!((nobody.address, nobody.to_string().as_str()), (None, "unix"));
    }
    assert_eq!(shown("another unix", "x-forwarded-for", "192.0.2.1"), "unix");
}

#[test]
fn a_balancer_that_names_nobody_vouches_for_no_header() {
    assert_eq!(shown("unnamed", "x-forwarded-for", "192.0.2.1"), PROXY);
}

#[test]
fn forwarded_is_read_by_its_own_grammar() {
    for (value, client) in [
        ("for=192.0.2.1", "192.0.2.1"),
        ("For=\"192.0.2.1:77\";proto=http;by=10.0.0.1", "192.0.2.1:77"),
        ("for=203.0.113.9, FOR=\"[2001:db8::1]:77\"", "[2001:db8::1]:77"),
        ("for=\"[2001:db8::1]\" , for=10.3.3.3", "2001:db8::1"),
        ("for=[2001:db8::1]", "2001:db8::1"),
        ("by=_x;;host=\"a,b;c\\\"\";for=192.0.2.1", "192.0.2.1"),
        ("for=203.0.113.9, for=_hidden", PROXY),
        ("for=203.0.113.9, proto=https", PROXY),
        ("for=203.0.113.9, for=192.0.2.1;for=192.0.2.2", PROXY),
        // The client's own quote must not swallow what the proxy appended.
        ("for=\"203.0.113.9, for=192.0.2.1", PROXY),
        ("for=203.0.113.9;x=\", for=\"[2001:db8::1]\"", PROXY),
        ("for = 192.0.2.1", PROXY),
        ("for=", PROXY),
        ("for", PROXY),
        ("", PROXY),
    ] {
        assert_eq!(shown(PROXY, "forwarded", value), client, "{value:?}");
    }
}

#[test]
fn lines_of_the_same_name_are_one_list() {
    let lines = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.1, 10.1.1.1")];
    assert_eq!(peer(PROXY, &lines).to_string(), "192.0.2.1");
    let lines = [("forwarded", "for=\"broken"), ("forwarded", "for=192.0.2.1")];
    assert_eq!(peer(PROXY, &lines).to_string(), "192.0.2.1");
}

#[test]
fn two_headers_that_contradict_each_other_are_not_believed() {
    let forged = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=203.0.113.9")];
    assert_eq!(peer(PROXY, &forged).to_string(), PROXY);
    let forged = [("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "")];
    assert_eq!(peer(PROXY, &forged).to_string(), PROXY);
    let agreed = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=\"192.0.2.1:7\"")];
    assert_eq!(peer(PROXY, &agreed).to_string(), "192.0.2.1");
}

#[test]
fn https_is_what_a_proxy_says_once() {
    let https = |lines: &[(&'static str, &str)]| peer(PROXY, lines).https;
    assert!(https(&[("x-forwarded-proto", "HTTPS"), ("x-forwarded-for", "192.0.2.1")]));
    assert!(https(&[("forwarded", "for=192.0.2.1;proto=https")]));
    assert!(!https(&[("forwarded", "for=192.0.2.1;proto=https"), ("x-forwarded-proto", "http")]));
    assert!(!https(&[("x-forwarded-proto", "https, http")]));
    assert!(!https(&[("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")]));
    assert!(!https(&[("forwarded", "for=203.0.113.9;proto=https, for=192.0.2.1")]));
    assert!(!https(&[]));
}

proptest! {
    #[test]
    fn whatever_a_client_writes_a_proxy_has_the_last_word(claimed in "[ -~]{0,60}", last in 1..=255u8) {
        let appended = format!("{claimed}, 192.0.2.{last}");
        prop_assert_eq!(shown(PROXY, "x-forwarded-for", &appended), format!("192.0.2.{last}"));
        let appended = format!("{claimed}, for=192.0.2.{last}");
        let seen = shown(PROXY, "forwarded", &appended);
        prop_assert!(seen == format!("192.0.2.{last}") || seen == PROXY, "{}", seen);
    }

    #[test]
    fn a_claim_that_looks_like_the_grammar_changes_nothing_either(
        claimed in "(for=|\"|\\\\|,|;|=|192\\.0\\.2\\.7|\\[::1\\]| |proto=https){0,12}",
    ) {
        let seen = shown(PROXY, "forwarded", &format!("{claimed}, for=192.0.2.1;proto=http"));
        prop_assert!(seen == "192.0.2.1" || seen == PROXY, "{}", seen);
        let seen = shown(PROXY, "forwarded", &format!("{claimed}, for=\"[2001:db8::1]:9\""));
        prop_assert!(seen == "[2001:db8::1]:9" || seen == PROXY, "{}", seen);
    }

    #[test]
    fn a_written_address_reads_back(address: IpAddr, port: Option<u16>) {
        let peer = Peer { address: Some(address.to_canonical()), port, https: false };
        prop_assert_eq!(super::address(&peer.to_string()), Some(peer));
    }
}
