//! Times as they are told to people.

use std::time::Duration;

/// A time in the largest unit of which it is a whole number: `20 seconds`, `15 minutes`, `24 hours`. Never rounded: it
/// is told beside `Retry-After`, and must say the same.
pub fn time(time: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    let (seconds, part) = (time.as_secs(), time.subsec_nanos());
    match seconds {
        _ if part > 0 => format!("{} seconds", time.as_secs_f64()),
        HOUR.. if seconds.is_multiple_of(HOUR) => counted(seconds / HOUR, "hour"),
        MINUTE.. if seconds.is_multiple_of(MINUTE) => counted(seconds / MINUTE, "minute"),
        _ => counted(seconds, "second"),
    }
}

/// So many of something: `1 session`, `2 sessions`.
pub fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_the_largest_unit_that_is_exact() {
        for (millis, told) in [
            (0, "0 seconds"),
            (500, "0.5 seconds"),
            (1_000, "1 second"),
            (1_500, "1.5 seconds"),
            (20_000, "20 seconds"),
            (60_000, "1 minute"),
            (75_000, "75 seconds"),
            (900_000, "15 minutes"),
            (3_600_000, "1 hour"),
            (5_400_000, "90 minutes"),
            (86_400_000, "24 hours"),
        ] {
            assert_eq!(time(Duration::from_millis(millis)), told);
        }
    }
}
