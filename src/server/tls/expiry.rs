//! When the listener's certificate expires, and who is told: the log before it does, and the metrics always.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustls_pki_types::CertificateDer;

/// How long before its end a certificate is worth a warning, in seconds: renewals are due a month before.
const SOON: i64 = 14 * DAY;

const DAY: i64 = 24 * 60 * 60;

/// Between two warnings.
const REPEAT: Duration = Duration::from_secs(24 * 60 * 60);

/// The end of a certificate's validity (RFC 5280, section 4.1.2.5), in seconds since 1970.
#[derive(Debug)]
pub(super) struct Expires(AtomicI64);

const UNKNOWN: i64 = i64::MIN;

impl Expires {
    pub(super) fn of(certificate: Option<&CertificateDer<'_>>) -> Self {
        let expires = Self(AtomicI64::new(UNKNOWN));
        expires.set(certificate);
        expires
    }

    /// From now on it is that of another certificate.
    pub(super) fn set(&self, certificate: Option<&CertificateDer<'_>>) {
        let parsed = certificate.and_then(|der| x509_parser::parse_x509_certificate(der).ok());
        let end = parsed.map(|(_, certificate)| certificate.validity().not_after.timestamp());
        self.0.store(end.unwrap_or(UNKNOWN), Relaxed);
    }

    /// `None` without a certificate that can be understood.
    pub(super) fn at(&self) -> Option<i64> {
        Some(self.0.load(Relaxed)).filter(|at| *at != UNKNOWN)
    }
}

/// What is worth a warning.
#[derive(Debug, PartialEq, Eq)]
enum Warning {
    Expired,
    /// In so many days.
    Soon(i64),
}

fn warning(expires: i64, now: i64) -> Option<Warning> {
    match expires.saturating_sub(now) {
        left if left <= 0 => Some(Warning::Expired),
        left if left <= SOON => Some(Warning::Soon(left / DAY)),
        _ => None,
    }
}

/// Tells of one certificate after the other.
#[derive(Debug, Default)]
pub(in crate::server) struct Expiry {
    told: Option<(i64, Instant)>,
}

impl Expiry {
    /// Tells the metrics when the certificate expires. Tells the log of one that does soon: at first, when there is
    /// another one, and daily.
    pub(in crate::server) fn tell(&mut self, expires: Option<i64>, now: SystemTime, at: Instant) {
        let Some(expires) = expires else { return };
        #[allow(clippy::cast_precision_loss, reason = "seconds since 1970 have 31 bits, a f64 has 53")]
        metrics::gauge!("sftpbridge_certificate_expiry_timestamp_seconds").set(expires as f64);
        if !self.is_due(expires, at) {
            return;
        }
        self.told = Some((expires, at));
        match warning(expires, seconds(now)) {
            Some(Warning::Expired) => {
                tracing::warn!(event = %"certificate_expired", expires, "clients refuse the listener's certificate");
            }
            Some(Warning::Soon(days)) => {
                tracing::warn!(event = %"certificate_expires", days, expires, "the listener's certificate is due for renewal");
            }
            None => {}
        }
    }

    fn is_due(&self, expires: i64, at: Instant) -> bool {
        self.told.is_none_or(|(told, when)| told != expires || at.saturating_duration_since(when) >= REPEAT)
    }
}

/// Since 1970.
pub(super) fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_worth_a_warning_in_its_last_two_weeks_and_after_its_end() {
        let now = 1_800_000_000;
        for (left, expected) in [
            (-1, Some(Warning::Expired)),
            (0, Some(Warning::Expired)),
            (1, Some(Warning::Soon(0))),
            (2 * DAY, Some(Warning::Soon(2))),
            (SOON, Some(Warning::Soon(14))),
            (SOON + 1, None),
        ] {
            assert_eq!(warning(now + left, now), expected, "{left}");
        }
    }

    #[test]
    fn it_is_told_daily_and_of_each_certificate() {
        let (mut expiry, start, now) = (Expiry::default(), Instant::now(), SystemTime::now());
        assert!(expiry.is_due(5, start));
        expiry.tell(Some(5), now, start);
        assert!(!expiry.is_due(5, start + REPEAT / 2));
        assert!(expiry.is_due(6, start));
        assert!(expiry.is_due(5, start + REPEAT));
    }

    #[test]
    fn the_end_is_read_from_the_certificate() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["x.example".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2033, 5, 18);
        let certificate = params.self_signed(&key).unwrap();
        assert_eq!(Expires::of(Some(certificate.der())).at(), Some(1_999_987_200));
        assert_eq!(Expires::of(None).at(), None);
        assert_eq!(Expires::of(Some(&CertificateDer::from(vec![1, 2, 3]))).at(), None);
    }
}
