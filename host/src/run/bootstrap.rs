//! `bootstrap` and `init`: a first configuration, the directories, and the launcher `bin/buildout`.

use std::path::{Path, PathBuf};

use base::files;

use super::error::{Fault, RunError};
use super::{Session, directories, launcher};

const FIRST_CONFIGURATION: &str = "[buildout]\nparts =\n";

/// Writes a minimal configuration. False if there is one already.
///
/// # Errors
/// When its directory does not exist, or the file cannot be written.
pub fn write_configuration(path: &Path) -> Result<bool, RunError> {
    if path.exists() {
        return Ok(false);
    }
    let directory = path.parent().unwrap_or(path);
    if !directory.exists() {
        return Err(Fault::NoDirectory { path: directory.to_owned() }.into());
    }
    files::replace(path, FIRST_CONFIGURATION.as_bytes())?;
    Ok(true)
}

/// Writes the first configuration of `init`.
///
/// # Errors
/// When there is one already, or it cannot be written.
pub fn write_new_configuration(path: &Path) -> Result<(), RunError> {
    if write_configuration(path)? { Ok(()) } else { Err(Fault::Exists { path: path.to_owned() }.into()) }
}

impl Session {
    /// Makes the directories and `bin/buildout`, which runs this program.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn bootstrap(&self) -> Result<PathBuf, RunError> {
        let locations = self.locations()?;
        directories::create(&locations, &self.buildout, self.report())?;
        let path = locations.bin.join("buildout");
        launcher::write(&path, &self.settings.program).map_err(RunError::of)?;
        Ok(path)
    }
}
