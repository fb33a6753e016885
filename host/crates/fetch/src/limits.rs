//! How much a download may ask of time and memory.

use std::time::Duration;

/// How much a download may ask of time, space and patience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest file, in bytes.
    pub size: u64,
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// How long the other side may be silent.
    pub stall: Duration,
    /// How long one attempt may take as a whole, redirects and all.
    pub total: Duration,
    /// How often a download is tried whose failure may pass.
    pub attempts: u32,
    /// How long to wait before the second attempt; twice as long before each further one.
    pub pause: Duration,
    /// Longest wait between attempts. A server that asks for more (`Retry-After`) is not tried again.
    pub longest_pause: Duration,
}

impl Limits {
    /// Generous for a configuration, which is a text that people write.
    pub fn for_configuration() -> Self {
        Self {
            size: 16 << 20,
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(30),
            total: Duration::from_secs(300),
            attempts: 3,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }

    /// For registries: a component of the largest size, over a slow line, takes an hour.
    pub fn for_registries() -> Self {
        Self { total: Duration::from_secs(3600), attempts: 4, ..Self::for_configuration() }
    }

    /// For sources of parts: the largest archives are some gigabytes, over a slow line some hours.
    pub fn for_sources() -> Self {
        Self {
            size: 16 << 30,
            connect: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            total: Duration::from_secs(6 * 3600),
            attempts: 5,
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
        }
    }

    /// Gives up on a server that is silent for so long, be it when the connection is made (`socket-timeout`).
    pub fn give_up_after(&mut self, silence: Duration) {
        (self.connect, self.stall) = (silence, silence);
    }
}
