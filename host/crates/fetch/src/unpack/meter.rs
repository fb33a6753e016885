//! Limits on the content of an archive.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::Fault;

/// Limits on the content of an archive. The defaults are far above those of real sources (the Linux kernel: 1.5 GB,
/// 90,000 files, 9 times its archive, 12 levels deep).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum total size of all files in bytes.
    pub bytes: u64,
    /// Maximum number of files, directories and links.
    pub entries: u64,
    /// Maximum ratio of content size to archive size, if the content is larger than [`Self::FREE`].
    pub ratio: u64,
    /// Maximum nesting of directories.
    pub depth: u64,
}

impl Limits {
    /// Content up to this size, in bytes, may have any ratio: small files of zeros are harmless.
    pub const FREE: u64 = 16 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 << 30, entries: 500_000, ratio: 200, depth: 100 }
    }
}

/// Counts the bytes read from an archive, and checks the size of its content against the limits. Clones share the
/// count.
#[derive(Clone)]
pub(super) struct Meter {
    pub(super) limits: Limits,
    consumed: Arc<AtomicU64>,
}

impl Meter {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, consumed: Arc::default() }
    }

    /// Counts bytes of the archive file.
    pub(super) fn consumed(&self, bytes: u64) {
        self.consumed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Checks whether this many bytes of content are allowed so far.
    pub(super) fn check(&self, bytes: u64) -> Result<(), Fault> {
        let Limits { bytes: most, ratio, .. } = self.limits;
        if bytes > most {
            return Err(Fault::Limit { what: "unpacked bytes", limit: most });
        }
        if bytes > Limits::FREE && bytes / ratio.max(1) > self.consumed.load(Ordering::Relaxed) {
            return Err(Fault::Limit { what: "times the size of the archive", limit: ratio });
        }
        Ok(())
    }
}

/// A reader that counts its bytes as bytes of the archive.
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
