//! Times as strings, in UTC.

use std::time::SystemTime;

use jiff::Timestamp;

/// Times later than the latest one that can be represented are replaced by it.
fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(Timestamp::MAX)
}

/// RFC 3339: `2026-11-21T01:02:03Z`.
#[must_use]
pub fn rfc3339(time: SystemTime) -> String {
    timestamp(time).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Python's `asctime`: `2026-11-21 01:02:03,456`.
#[must_use]
pub fn asctime(time: SystemTime) -> String {
    timestamp(time).strftime("%Y-%m-%d %H:%M:%S,%3f").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn times_are_in_utc() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_223_045_060);
        assert_eq!(rfc3339(time), "2026-11-21T01:04:05Z");
        assert_eq!(asctime(time), "2026-11-21 01:04:05,060");
        assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(951_782_400)), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn no_time_is_too_late() {
        assert!(rfc3339(UNIX_EPOCH + Duration::from_secs(1 << 40)).starts_with("9999-12-3"));
    }
}
