//! The limit on what a guest writes to its own files: the same as for native commands.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Mutex, PoisonError};

use base::collections::Map;
use confine::{CommandLimits, FreeSpace};

/// Bytes that a guest writes until free space is looked at again.
const INTERVAL: u64 = 16 << 20;

/// Watches free space while a call runs.
#[derive(Debug)]
pub(crate) struct DiskGuard {
    limits: CommandLimits,
    /// Those that were written to, by device.
    watched: Mutex<Map<u64, WatchedFileSystem>>,
}

/// A file system during a call.
#[derive(Clone, Copy, Debug)]
struct WatchedFileSystem {
    /// Free space when it was first written to.
    before: FreeSpace,
    /// Bytes that may be written until free space is looked at again.
    left: u64,
}

impl Default for DiskGuard {
    fn default() -> Self {
        Self::new(CommandLimits::default())
    }
}

impl DiskGuard {
    fn new(limits: CommandLimits) -> Self {
        Self { limits, watched: Mutex::default() }
    }

    /// Checks that `length` bytes more may be written to `file`, which then has at least `size` bytes.
    ///
    /// # Errors
    /// When the file would be too large, or too little space is left.
    pub(crate) fn check(&self, file: &File, size: u64, length: u64) -> io::Result<()> {
        if size > self.limits.file_size {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let device = file.metadata()?.dev();
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = watched.get_mut(&device)
            && known.left >= length
        {
            known.left -= length;
            return Ok(());
        }
        let now = FreeSpace::of(&rustix::fs::fstatvfs(file)?);
        let known = watched.entry(device).or_insert(WatchedFileSystem { before: now, left: 0 });
        known.left = 0;
        let mut after = now;
        after.free = now.free.saturating_sub(length);
        if known.before.is_used_up(after, self.limits.disk) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        known.left = INTERVAL.min(after.free - known.before.reserve());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn ends_what_fills_the_disk() {
        let mut file = tempfile::NamedTempFile::new_in(std::env::current_exe().unwrap().parent().unwrap()).unwrap();
        let guard = DiskGuard::new(CommandLimits { disk: 64 << 20, file_size: 1 << 30, ..CommandLimits::default() });
        let block = vec![7; 1 << 20];
        let written = (1_u64..=1024).find(|count| {
            let refused = guard.check(file.as_file(), count << 20, 1 << 20).is_err();
            file.write_all(&block).unwrap();
            file.as_file().sync_data().unwrap();
            refused
        });
        assert!(written.is_some_and(|written| written < 512), "{written:?} MiB were written");
    }

    #[test]
    fn a_file_has_a_largest_size() {
        let file = tempfile::tempfile().unwrap();
        let guard = DiskGuard::new(CommandLimits { file_size: 1 << 20, ..CommandLimits::default() });
        guard.check(&file, 1 << 20, 1).unwrap();
        assert_eq!(guard.check(&file, (1 << 20) + 1, 1).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
