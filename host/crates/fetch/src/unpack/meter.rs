//! How large the content of an archive may be.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::ArchiveFault;

/// How large the content of an archive may be. The usual limits are far above real sources (the kernel of Linux: 1.5 GB, 90,000
/// files, 9 times its archive, 12 deep).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnpackLimits {
    /// Most bytes of all files together.
    pub bytes: u64,
    /// Most files, directories and links.
    pub entries: u64,
    /// How many times larger than the archive the content may be, where it is larger than [`Self::FREE`].
    pub ratio: u64,
    /// Deepest nesting of directories.
    pub depth: u64,
}

impl UnpackLimits {
    /// Content up to this size, in bytes, may have any ratio: small files of zeros are not a bomb.
    pub(crate) const FREE: u64 = 16 << 20;
}

impl Default for UnpackLimits {
    fn default() -> Self {
        Self { bytes: 32 << 30, entries: 500_000, ratio: 200, depth: 100 }
    }
}

/// Counts what is read of an archive, and compares its content with the limits. Clones share the count.
#[derive(Clone)]
pub(super) struct Meter {
    pub(super) limits: UnpackLimits,
    consumed: Arc<AtomicU64>,
}

impl Meter {
    pub(super) fn new(limits: UnpackLimits) -> Self {
        Self { limits, consumed: Arc::default() }
    }

    /// Counts bytes of the archive as it is on disk.
    pub(super) fn consumed(&self, bytes: u64) {
        self.consumed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether so many bytes may have come out of the archive by now.
    pub(super) fn check(&self, bytes: u64) -> Result<(), ArchiveFault> {
        self.check_bytes(bytes)?;
        let ratio = self.limits.ratio;
        if bytes > UnpackLimits::FREE && bytes / ratio.max(1) > self.consumed.load(Ordering::Relaxed) {
            return Err(ArchiveFault::Limit { what: "times the size of the archive", limit: ratio });
        }
        Ok(())
    }

    /// Whether there may be so many bytes at all.
    pub(super) fn check_bytes(&self, bytes: u64) -> Result<(), ArchiveFault> {
        let limit = self.limits.bytes;
        if bytes > limit { Err(ArchiveFault::Limit { what: "unpacked bytes", limit }) } else { Ok(()) }
    }
}

/// Counts what is read through it as bytes of the archive.
pub(super) struct Counted<R> {
    inner: R,
    meter: Meter,
}

impl<R> Counted<R> {
    pub(super) fn new(inner: R, meter: &Meter) -> Self {
        Self { inner, meter: meter.clone() }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.meter.consumed(count as u64);
        Ok(count)
    }
}
