//! A size-limited directory of files that only the user can read: the least recently used files are removed.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::SystemTime;

/// The extension of a file while it is written.
pub const TEMPORARY: &str = "temporary";

/// Writes a file that only the user can read under a temporary name, then lets `publish` give it its final name.
///
/// # Errors
/// When the file cannot be written or published. No temporary file is left.
pub fn write_private(
    directory: &Path,
    content: &[&[u8]],
    publish: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = directory.join(format!("{:016x}.{TEMPORARY}", random()?));
    let result = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        content.iter().try_for_each(|bytes| file.write_all(bytes))?;
        publish(&temporary)
    })();
    // It still exists after a failure, or if `publish` linked it. If it cannot be removed, it is evicted later.
    let _ = fs::remove_file(&temporary);
    result
}

/// An unpredictable number.
pub(super) fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Removes the least recently used files until the rest takes at most `capacity` bytes; never those for which `is_kept`
/// is true.
///
/// # Errors
/// When the directory cannot be read.
pub fn evict(directory: &Path, capacity: u64, is_kept: impl Fn(&str) -> bool) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if let Ok(metadata) = entry.metadata() {
            files.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), entry));
        }
    }
    let mut total: u64 = files.iter().map(|(_, length, _)| length).sum();
    files.sort_by_key(|(modified, _, _)| *modified);
    for (_, length, entry) in files {
        if total <= capacity {
            break;
        }
        if !entry.file_name().to_str().is_some_and(&is_kept) && fs::remove_file(entry.path()).is_ok() {
            total = total.saturating_sub(length);
        }
    }
    Ok(())
}
