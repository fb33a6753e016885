//! Text files of a wheel, read up to a limit.

use std::path::Path;

use super::error::WheelFault;

/// The longest metadata file, in bytes.
pub(super) const LONGEST_METADATA: u64 = 16 << 20;

pub(super) fn read(path: &Path) -> Result<String, WheelFault> {
    let shown = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = base::files::read_at_most(path, LONGEST_METADATA).map_err(|_| WheelFault::NoFile(shown()))?;
    String::from_utf8(bytes).map_err(|_| WheelFault::Damaged(format!("{} is not UTF-8", shown())))
}
