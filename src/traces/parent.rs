//! Whose trace a login belongs to: the header `traceparent` of W3C Trace Context.

use http::{HeaderMap, HeaderName};
use tracing::Span;

const HEADER: HeaderName = HeaderName::from_static("traceparent");

/// Longest header that is looked at, in bytes. Version 00 has 55; later ones may append (section 3.2.4).
const LONGEST: usize = 128;

/// A span of another program, which a login continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    trace: u128,
    span: u64,
    sampled: bool,
}

impl Parent {
    /// What the headers of a request say. What breaks the grammar in any way says nothing, and neither do two of them.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER).iter();
        let value = values.next()?.to_str().ok().filter(|value| value.len() <= LONGEST)?;
        values.next().is_none().then(|| Self::parse(value))?
    }

    /// `version "-" trace-id "-" parent-id "-" trace-flags`, in lower case hexadecimal (section 3.2.2).
    fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split('-');
        let version = hexadecimal(parts.next()?, 2)?;
        let trace = hexadecimal(parts.next()?, 32)?;
        let span = hexadecimal(parts.next()?, 16)?;
        let flags = hexadecimal(parts.next()?, 2)?;
        let known = match version {
            0xff => false,
            0 => parts.next().is_none(),
            _ => true,
        };
        let span = u64::try_from(span).ok()?;
        (known && trace != 0 && span != 0).then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }
}

/// A number of exactly so many digits.
fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (plain && text.len() == digits).then(|| u128::from_str_radix(text, 16).ok())?
}

#[cfg(feature = "opentelemetry")]
impl Parent {
    /// Makes `span` its child. To be called before anything happens in it.
    pub(super) fn adopt(self, span: &Span) {
        use opentelemetry::Context;
        use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState};
        use tracing_opentelemetry::OpenTelemetrySpanExt;
        let Self { trace, span: parent, sampled } = self;
        let flags = TraceFlags::default().with_sampled(sampled);
        let far = SpanContext::new(trace.into(), parent.into(), flags, true, TraceState::default());
        // Without a collector there is nothing to adopt.
        let _ = span.set_parent(Context::new().with_remote_span_context(far));
    }

    /// Makes `span` a child of `earlier`, which does not last any longer by that.
    pub(super) fn continue_from(earlier: &Span, span: &Span) {
        use tracing_opentelemetry::OpenTelemetrySpanExt;
        let _ = span.set_parent(earlier.context());
    }
}

#[cfg(not(feature = "opentelemetry"))]
impl Parent {
    pub(super) fn adopt(self, _: &Span) {
        // Read by whoever sends it on.
        let Self { trace: _, span: _, sampled: _ } = self;
    }

    pub(super) fn continue_from(_: &Span, _: &Span) {}
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn read(values: &[&str]) -> Option<Parent> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_str(value).unwrap());
        }
        Parent::of(&headers)
    }

    #[test]
    fn the_example_of_the_standard_is_read() {
        let parent = Parent {
            trace: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
            span: 0x00f0_67aa_0ba9_02b7,
            sampled: true,
        };
        assert_eq!(read(&[GOOD]), Some(parent));
        assert_eq!(read(&[&GOOD.replace("-01", "-00")]), Some(Parent { sampled: false, ..parent }));
        assert_eq!(read(&[&format!("01{}-and-more", &GOOD[2..])]), Some(parent), "of a later version");
    }

    #[test]
    fn anything_else_says_nothing() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[GOOD, GOOD]), None, "two of them");
        for broken in [
            "",
            "00",
            &GOOD.to_uppercase(),
            &GOOD.replace("4bf9", "4bg9"),
            &GOOD.replace("-01", ""),
            &format!("{GOOD}-more"),
            &format!("ff{}", &GOOD[2..]),
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &GOOD.replace("00f067", "+0f067"),
            &format!("01{}-{}", &GOOD[2..], "x".repeat(LONGEST)),
        ] {
            assert_eq!(read(&[broken]), None, "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn every_valid_one_is_read(trace in 1u128.., span in 1u64.., flags: u8) {
            let parent = Parent::parse(&format!("00-{trace:032x}-{span:016x}-{flags:02x}"));
            prop_assert_eq!(parent, Some(Parent { trace, span, sampled: flags % 2 == 1 }));
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC*") {
            let _ = Parent::parse(&text);
        }
    }
}
