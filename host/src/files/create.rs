//! A new file in place of whatever stood under its name.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Creates a file for writing. What was there is removed first, so that nothing is written through a link.
///
/// # Errors
/// What the system says; also when somebody else makes a file of that name in between.
pub fn create_anew(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::options().write(true).create_new(true).mode(0o666).open(path)
}
