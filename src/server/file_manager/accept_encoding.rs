//! `Accept-Encoding` (RFC 9110, section 12.5.3).

use http::{HeaderMap, header};

/// How a file may be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// RFC 7932
    Brotli,
    /// RFC 1952
    Gzip,
}

impl Coding {
    /// The smaller one first.
    pub(super) const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// What the name of a file so compressed ends with.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }
}

/// The codings that a request names, with their weights.
#[derive(Debug)]
pub(super) struct AcceptEncoding<'a>(Vec<(&'a str, f32)>);

impl<'a> AcceptEncoding<'a> {
    /// What makes no sense is left out: a client may always be sent the file as it is.
    pub(super) fn of(request: &'a HeaderMap) -> Self {
        let lines = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
        Self(lines.flat_map(|line| line.split(',')).filter_map(weighted).collect())
    }

    /// Which of the codings in `offered`, the best first, the client likes best; `None` is the file as it is, which it
    /// gets where nothing else is wanted at least as much.
    pub(super) fn choose(&self, offered: impl DoubleEndedIterator<Item = Coding>) -> Option<Coding> {
        let weight = |coding: Coding| self.named(coding.name()).or_else(|| self.named("*")).unwrap_or(0.0);
        let uncompressed = self.named("identity").unwrap_or(0.0);
        let wanted = offered.filter(|coding| weight(*coding) > 0.0 && weight(*coding) >= uncompressed);
        // Of several with the same weight, `max_by` gives the last.
        wanted.rev().max_by(|one, other| weight(*one).total_cmp(&weight(*other)))
    }

    fn named(&self, name: &str) -> Option<f32> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, weight)| *weight)
    }
}

/// `gzip` or `gzip;q=0.5`
fn weighted(element: &str) -> Option<(&str, f32)> {
    let (name, parameter) = match element.split_once(';') {
        Some((name, parameter)) => (name, Some(parameter.trim())),
        None => (element, None),
    };
    let weight = match parameter {
        Some(parameter) => parameter.strip_prefix(['q', 'Q'])?.strip_prefix('=')?.parse().ok()?,
        None => 1.0,
    };
    (0.0..=1.0).contains(&weight).then_some((name.trim(), weight))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn chosen(lines: &[&str], offered: &[Coding]) -> &'static str {
        let lines = lines.iter().map(|line| (header::ACCEPT_ENCODING, line.parse::<HeaderValue>().unwrap()));
        let request = lines.fold(HeaderMap::new(), |mut request, (name, value)| {
            request.append(name, value);
            request
        });
        AcceptEncoding::of(&request).choose(offered.iter().copied()).map_or("identity", Coding::name)
    }

    #[test]
    fn the_coding_with_the_largest_weight_is_chosen() {
        for (line, coding) in [
            ("gzip, deflate, br, zstd", "br"),
            ("br;q=0.5, gzip;q=0.8", "gzip"),
            ("GZIP ; Q=0.1", "gzip"),
            ("*", "br"),
            ("br;q=0, *", "gzip"),
            ("*;q=0", "identity"),
            ("gzip;q=0, br;q=0.0", "identity"),
            ("identity, gzip;q=0.5", "identity"),
            ("identity, gzip", "gzip"),
            ("identity;q=0.2, gzip;q=0.5", "gzip"),
            ("identity;q=0", "identity"),
            ("deflate", "identity"),
            ("", "identity"),
        ] {
            assert_eq!(chosen(&[line], &Coding::ALL), coding, "{line:?}");
        }
        assert_eq!(chosen(&[], &Coding::ALL), "identity");
        assert_eq!(chosen(&["deflate", "gzip"], &Coding::ALL), "gzip");
    }

    #[test]
    fn only_what_is_offered_is_chosen() {
        assert_eq!(chosen(&["br, gzip;q=0.1"], &[Coding::Gzip]), "gzip");
        assert_eq!(chosen(&["br, gzip"], &[]), "identity");
    }

    #[test]
    fn a_weight_that_is_none_asks_for_nothing() {
        for line in ["br;q=2", "br;q=-1", "br;q=NaN", "br;q=", "br;q", "br;level=1", "br;"] {
            assert_eq!(chosen(&[line], &Coding::ALL), "identity", "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn a_coding_that_is_not_named_is_never_sent(line in "[ -~]{0,40}") {
            let coding = chosen(&[&line], &Coding::ALL);
            let line = line.to_ascii_lowercase();
            prop_assert!(coding == "identity" || line.contains(coding) || line.contains('*'));
        }
    }
}
