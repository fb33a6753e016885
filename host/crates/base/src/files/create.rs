//! New files: in place of an existing one, or only if none exists.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::error::FileError;

/// Creates a file for writing. An existing one is removed first, so that nothing is written through a link.
///
/// # Errors
/// The system's error, also when another process creates the file in between.
pub fn recreate(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::options().write(true).create_new(true).mode(0o666).open(path)
}

/// Writes a file that does not exist yet, durably, with these permissions (less the umask).
///
/// # Errors
/// Names the path and the cause. An existing file of that name is an error, and is left unchanged.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let failed = FileError::of("write", path);
    let mut file = match File::options().write(true).create_new(true).mode(mode).open(path) {
        Ok(file) => file,
        Err(error) => return Err(failed(error)),
    };
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // Report the first error.
        let _ = std::fs::remove_file(path);
    }
    written.map_err(failed)
}
