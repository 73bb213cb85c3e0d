//! Whose connections count for more than others': `"10.0.0.0/8"`, `"::1"`, `"unix"`.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Some of those who may connect to the listener.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peers {
    /// Those that come by TCP from these networks.
    pub networks: Vec<IpNet>,
    /// Those that come by the listener's own unix socket: the word `"unix"`.
    pub unix: bool,
}

/// The other end of a connection, whatever a request on it says of those further away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direct {
    /// By TCP; or by TCP to a proxy that has told its client's address by the PROXY protocol.
    Tcp(SocketAddr),
    /// By the listener's unix socket.
    Unix,
    /// Behind a proxy of the PROXY protocol that has not told for whom it connects; with the proxy's own address, if
    /// it has one. That may be anybody, so it is in no list.
    Unnamed(Option<SocketAddr>),
}

impl Peers {
    /// Nobody.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && !self.unix
    }

    /// Whether whoever is at the other end of a connection is meant.
    pub fn contains(&self, peer: Direct) -> bool {
        match peer {
            Direct::Tcp(address) => self.contains_address(address.ip()),
            Direct::Unix => self.unix,
            Direct::Unnamed(_) => false,
        }
    }

    /// Whether somebody with this address is meant.
    pub fn contains_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(address: &str) -> Direct {
        Direct::Tcp(SocketAddr::new(address.parse().unwrap(), 4000))
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_the_same() {
        let peers = Peers { networks: vec!["10.0.0.0/8".parse().unwrap()], unix: false };
        assert!(peers.contains(tcp("10.1.2.3")) && peers.contains(tcp("::ffff:10.1.2.3")));
        assert!(!peers.contains(tcp("11.0.0.1")) && !peers.is_empty());
        assert!(Peers::default().is_empty() && !Peers { unix: true, ..Peers::default() }.is_empty());
    }

    #[test]
    fn the_unix_socket_is_meant_by_its_word_alone() {
        let everybody = Peers { networks: vec!["0.0.0.0/0".parse().unwrap()], unix: false };
        assert!(!everybody.contains(Direct::Unix));
        let unix = Peers { networks: Vec::new(), unix: true };
        assert!(unix.contains(Direct::Unix) && !unix.contains(tcp("127.0.0.1")));
    }

    #[test]
    fn whoever_a_proxy_does_not_name_is_in_no_list() {
        let everybody = Peers { networks: vec!["0.0.0.0/0".parse().unwrap()], unix: true };
        let proxy = Some("10.1.2.3:4000".parse().unwrap());
        assert!(!everybody.contains(Direct::Unnamed(proxy)) && !everybody.contains(Direct::Unnamed(None)));
    }
}
