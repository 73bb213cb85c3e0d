//! What a server says before anything is encrypted: its identification (RFC 4253, section 4.2), and the algorithms that
//! it has (section 7.1).

/// Bytes that are looked at; a server of today sends 1.2 KiB.
const LONGEST: usize = 64 * 1024;

/// Bytes kept of what comes before the identification.
const KEPT: usize = 512;

/// SSH_MSG_KEXINIT
const KEXINIT: u8 = 20;

/// The algorithms of a server, in its order. The names are the server's: hostile until they are escaped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offers {
    /// Of the key exchange, marks of extensions among them.
    pub kex: Vec<String>,
    /// Of host keys.
    pub host_keys: Vec<String>,
    /// Ciphers for what we send.
    pub ciphers: Vec<String>,
    /// MACs for what we send.
    pub macs: Vec<String>,
}

impl Offers {
    /// Whether it takes part in strict key exchange, against prefix truncation (CVE-2023-48795).
    pub fn is_strict(&self) -> bool {
        self.kex.iter().any(|name| name == "kex-strict-s-v00@openssh.com")
    }

    /// Whether it has a host certificate.
    pub fn has_certificate(&self) -> bool {
        self.host_keys.iter().any(|name| name.contains("-cert-v0"))
    }
}

/// The beginning of what a server sends.
#[derive(Debug, Clone, Default)]
pub(super) struct Opening(Vec<u8>);

impl Opening {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.0.len()).min(bytes.len());
        self.0.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    /// The identification string, without the end of its line.
    pub(super) fn identification(&self) -> Option<String> {
        let line = self.0.get(self.start()?..)?;
        let end = line.iter().position(|byte| *byte == b'\n')?;
        Some(String::from_utf8_lossy(line.get(..end)?.trim_ascii_end()).into_owned())
    }

    /// What came before it, or in its place.
    pub(super) fn before(&self) -> Option<&[u8]> {
        let end = self.start().unwrap_or(self.0.len()).min(KEPT);
        self.0.get(..end).filter(|text| !text.is_empty())
    }

    /// Its algorithms, once all of the packet is there.
    pub(super) fn offers(&self) -> Option<Offers> {
        let line = self.0.get(self.start()?..)?;
        let end = line.iter().position(|byte| *byte == b'\n')?;
        // RFC 4253, section 6: the length of what follows, the length of the padding at its end, the payload.
        let (length, packet) = line.get(end + 1..)?.split_first_chunk()?;
        let packet = packet.get(..u32::from_be_bytes(*length) as usize)?;
        let (_padding, payload) = packet.split_first()?;
        let mut fields = payload.strip_prefix(&[KEXINIT])?.get(16..)?;
        let mut names = || {
            let (length, rest) = fields.split_first_chunk()?;
            let (list, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            fields = rest;
            let list = String::from_utf8_lossy(list);
            Some(list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>())
        };
        let (kex, host_keys, ciphers) = (names()?, names()?, names()?);
        let (_from_it, macs) = (names()?, names()?);
        Some(Offers { kex, host_keys, ciphers, macs })
    }

    /// Where the line of the identification begins.
    fn start(&self) -> Option<usize> {
        if self.0.starts_with(b"SSH-") {
            return Some(0);
        }
        self.0.windows(5).position(|window| window == b"\nSSH-").map(|at| at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kexinit(lists: [&str; 5]) -> Vec<u8> {
        let mut payload = [&[KEXINIT][..], &[7; 16]].concat();
        for list in lists {
            payload.extend((list.len() as u32).to_be_bytes());
            payload.extend(list.as_bytes());
        }
        let length = (payload.len() + 1 + 4) as u32;
        [&length.to_be_bytes()[..], &[4], &payload, &[0; 4]].concat()
    }

    fn server() -> Vec<u8> {
        let lists = [
            "curve25519-sha256,kex-strict-s-v00@openssh.com",
            "ssh-ed25519,ssh-ed25519-cert-v01@openssh.com",
            "aes128-ctr",
            "",
            "hmac-sha2-256,hmac-sha1",
        ];
        [&b"hello\r\nSSH-2.0-x_1 y\r\n"[..], &kexinit(lists)].concat()
    }

    #[test]
    fn all_is_read_however_it_is_cut() {
        let bytes = server();
        for cut in 0..bytes.len() {
            let mut opening = Opening::default();
            opening.push(&bytes[..cut]);
            assert_eq!(opening.offers(), None, "cut at {cut}");
            opening.push(&bytes[cut..]);
            assert_eq!(opening.identification().as_deref(), Some("SSH-2.0-x_1 y"));
            assert_eq!(opening.before(), Some(&b"hello\r\n"[..]));
            let offers = opening.offers().unwrap();
            assert_eq!(offers.ciphers, ["aes128-ctr"]);
            assert_eq!(offers.macs, ["hmac-sha2-256", "hmac-sha1"]);
            assert!(offers.is_strict() && offers.has_certificate());
        }
    }

    #[test]
    fn what_never_identifies_itself_is_kept_up_to_a_limit() {
        let mut opening = Opening::default();
        (0..100).for_each(|_| opening.push(&[b'x'; 10_000]));
        assert_eq!(opening.before().map(<[u8]>::len), Some(KEPT));
        assert_eq!((opening.identification(), opening.offers()), (None, None));
        assert_eq!(opening.0.len(), LONGEST);
    }

    proptest! {
        #[test]
        fn whatever_a_server_sends_is_read_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut opening = Opening::default();
            opening.push(b"SSH-2.0-x\n");
            opening.push(&bytes);
            let _ = (opening.offers(), opening.before(), opening.identification());
        }
    }
}
