//! Writes a first configuration, if none exists.

use std::path::Path;

use base::files;

use super::super::fault::RunFault;
use crate::error::RunError;

const FIRST_CONFIGURATION: &str = "[buildout]\nparts =\n";

/// Writes a minimal configuration. Returns false if one already exists.
///
/// # Errors
/// When its directory does not exist, or the file cannot be written.
pub(crate) fn write_configuration(path: &Path) -> Result<bool, RunError> {
    if path.exists() {
        return Ok(false);
    }
    let directory = path.parent().unwrap_or(path);
    if !directory.exists() {
        return Err(RunFault::NoDirectory { path: directory.to_owned() }.into());
    }
    files::replace(path, FIRST_CONFIGURATION.as_bytes())?;
    Ok(true)
}

/// Writes the first configuration of `init`.
///
/// # Errors
/// When one already exists, or it cannot be written.
pub(crate) fn write_new_configuration(path: &Path) -> Result<(), RunError> {
    if write_configuration(path)? { Ok(()) } else { Err(RunFault::Exists { path: path.to_owned() }.into()) }
}
