//! Text files of a wheel, read up to a limit.

use std::path::Path;

use super::error::WheelFault;

/// The longest metadata file, in bytes.
pub(super) const LONGEST_METADATA: u64 = 16 << 20;

pub(super) fn read(path: &Path) -> Result<String, WheelFault> {
    let shown = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let metadata = path.symlink_metadata().map_err(|_| WheelFault::NoFile(shown()))?;
    if !metadata.is_file() || metadata.len() > LONGEST_METADATA {
        return Err(WheelFault::NoFile(shown()));
    }
    let bytes = std::fs::read(path).map_err(|error| WheelFault::Damaged(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| WheelFault::Damaged(format!("{} is not UTF-8", shown())))
}
