//! Limits on time and size for servers.

use std::fmt;
use std::time::Duration;

/// Limits on time and size for servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferLimits {
    /// Maximum size of a file, in bytes.
    pub size: u64,
    /// Time limit for connecting.
    pub connect: Duration,
    /// Maximum silence of the other side, and time limit for the header of a response.
    pub stall: Duration,
    /// Minimum rate of a response.
    pub slowest: Rate,
    /// Time limit for everything: all attempts, with their redirects and the pauses between them.
    pub total: Duration,
    /// Maximum number of attempts, if another one may succeed.
    pub attempts: u32,
    /// The pause before the second attempt; doubled before each further one.
    pub pause: Duration,
    /// Maximum pause between attempts. If a server demands a longer one (`Retry-After`), no further attempt is made.
    pub longest_pause: Duration,
}

/// A number of bytes within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The bytes.
    pub bytes: u64,
    /// The time.
    pub within: Duration,
}

/// `30000 bytes in 30 seconds`.
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

impl TransferLimits {
    /// Generous for configurations, which are written by people.
    pub(crate) fn for_configuration() -> Self {
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

    /// For registries: the largest component takes an hour on a slow connection.
    pub fn for_registries() -> Self {
        Self { total: Duration::from_secs(3600), attempts: 4, ..Self::for_configuration() }
    }

    /// For sources of parts: the largest archives have some gigabytes, which take hours on a slow connection.
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

    /// Limits the silence of a server, also while connecting (`socket-timeout`).
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
        assert_eq!(TransferLimits::for_sources().slowest.to_string(), "60000 bytes in 60 seconds");
    }
}
