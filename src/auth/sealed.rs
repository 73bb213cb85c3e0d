//! Values that the person's browser keeps for us: encrypted and authenticated (AES-256-GCM), so that it can
//! neither read nor change them. Every replica with the same secret can open them.

use cookie::{Cookie, CookieJar, Key};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, header};
use sha2::Sha512;
use zeroize::Zeroizing;

/// A key for values of one purpose.
#[derive(Clone)]
pub(super) struct Seal(Key);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(..)")
    }
}

impl Seal {
    /// The key that follows from `secret` for `purpose`, by HMAC-SHA-512 as a pseudorandom function: what is
    /// sealed for one purpose cannot be opened for another.
    pub(super) fn derive(secret: &[u8], purpose: &str) -> Option<Seal> {
        let mut mac = Hmac::<Sha512>::new_from_slice(secret).ok()?;
        mac.update(purpose.as_bytes());
        let bytes = Zeroizing::new(mac.finalize().into_bytes().to_vec());
        Key::try_from(bytes.as_slice()).ok().map(Seal)
    }

    /// Seals `text` for the cookie `name`; under another name it cannot be opened.
    pub(super) fn seal(&self, name: &str, text: String) -> String {
        let mut jar = CookieJar::new();
        jar.private_mut(&self.0).add(Cookie::new(name.to_owned(), text));
        jar.get(name).map(|cookie| cookie.value().to_owned()).unwrap_or_default()
    }

    /// What was sealed, or `None` where not everything about it is as it was.
    pub(super) fn open(&self, name: &str, sealed: &str) -> Option<Zeroizing<String>> {
        let sealed = Cookie::new(name.to_owned(), sealed.to_owned());
        let opened = CookieJar::new().private(&self.0).decrypt(sealed)?;
        Some(Zeroizing::new(opened.value().to_owned()))
    }
}

/// The cookies of a request, as pairs of name and value (RFC 6265, section 5.4).
pub(super) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seal(purpose: &str) -> Seal {
        Seal::derive(&[7; 32], purpose).unwrap()
    }

    #[test]
    fn a_seal_opens_only_for_its_name_purpose_and_secret() {
        let sealed = seal("one").seal("a", "text".to_owned());
        assert_eq!(seal("one").open("a", &sealed).unwrap().as_str(), "text");
        assert!(seal("one").open("b", &sealed).is_none());
        assert!(seal("two").open("a", &sealed).is_none());
        assert!(Seal::derive(&[8; 32], "one").unwrap().open("a", &sealed).is_none());
    }

    #[test]
    fn no_part_of_a_seal_opens() {
        let sealed = seal("one").seal("a", "text".to_owned());
        for end in 0..sealed.len() {
            assert!(seal("one").open("a", &sealed[..end]).is_none(), "{end} of {}", sealed.len());
        }
    }

    #[test]
    fn the_key_never_shows_in_debug() {
        assert_eq!(format!("{:?}", seal("one")), "Seal(..)");
    }

    proptest! {
        #[test]
        fn a_changed_seal_does_not_open(at in 0..40usize, to in "[A-Za-z0-9+/=]") {
            let sealed = seal("one").seal("a", "text".to_owned());
            let at = at % sealed.len();
            let changed = format!("{}{to}{}", &sealed[..at], &sealed[at + 1..]);
            prop_assert!(changed == sealed || seal("one").open("a", &changed).is_none());
        }

        #[test]
        fn no_cookie_header_panics(line in "[ -~]{0,100}") {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, line.parse().unwrap());
            for (name, value) in cookies(&headers) {
                prop_assert!(seal("one").open(name, value).is_none());
            }
        }
    }
}
