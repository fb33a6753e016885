//! A directory of files that only the user reads and that is kept below a size: the files not used for longest go first.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::SystemTime;

/// What the name of a file ends with that is being written.
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
    // It still exists if it failed, or if `publish` linked it: a left file would only be evicted later.
    let _ = fs::remove_file(&temporary);
    result
}

pub(super) fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Removes the files that were not used for longest, until the rest takes at most `capacity` bytes; never those that
/// `is_kept` names.
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
