//! How much a server may demand of time, space and patience.

use std::fmt;
use std::time::Duration;

/// How much a server may demand of time, space and patience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub size: u64,
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// How long the other side may be silent, and how long the header of an answer may take.
    pub stall: Duration,
    /// The slowest answer that is waited for.
    pub slowest: Rate,
    /// How long everything may take: all attempts, with their redirects and the pauses between them.
    pub total: Duration,
    /// How often a download is tried if another attempt may succeed.
    pub attempts: u32,
    /// How long to wait before the second attempt; twice as long before each further one.
    pub pause: Duration,
    /// Longest wait between attempts. If a server demands a longer one (`Retry-After`), there is no further attempt.
    pub longest_pause: Duration,
}

/// So many bytes in so long a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The bytes.
    pub bytes: u64,
    /// The time.
    pub within: Duration,
}

/// As in `30000 bytes in 30 seconds`.
impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes in {}", self.bytes, Seconds(self.within))
    }
}

/// Prints a time as `30 seconds`.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs_f64() {
            1.0 => formatter.write_str("1 second"),
            seconds => write!(formatter, "{seconds} seconds"),
        }
    }
}

impl Limits {
    /// Generous for a configuration, which is a text that people write.
    pub fn for_configuration() -> Self {
        Self {
            size: 16 << 20,
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(30),
            slowest: Rate { bytes: 30_000, within: Duration::from_secs(30) },
            total: Duration::from_secs(300),
            attempts: 3,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }

    /// For registries: the largest component takes an hour on a slow line.
    pub fn for_registries() -> Self {
        Self { total: Duration::from_secs(3600), attempts: 4, ..Self::for_configuration() }
    }

    /// For sources of parts: the largest archives have some gigabytes, which take hours on a slow line.
    pub fn for_sources() -> Self {
        Self {
            size: 4 << 30,
            connect: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            slowest: Rate { bytes: 60_000, within: Duration::from_secs(60) },
            total: Duration::from_secs(6 * 3600),
            attempts: 5,
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
        }
    }

    /// Gives up on a server that is silent for so long, also while the connection is made (`socket-timeout`).
    pub fn give_up_after(&mut self, silence: Duration) {
        (self.connect, self.stall) = (silence, silence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_in_seconds() {
        let t = |milliseconds, expected: &str| {
            assert_eq!(Seconds(Duration::from_millis(milliseconds)).to_string(), expected);
        };
        t(1000, "1 second");
        t(30_000, "30 seconds");
        t(300, "0.3 seconds");
        assert_eq!(Limits::for_sources().slowest.to_string(), "60000 bytes in 60 seconds");
    }
}
