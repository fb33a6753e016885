//! Restores a missing `sdk/` of a project.

use std::path::Path;

use super::super::error::ComponentError;
use crate::sdk::{self, Language};
use base::event::{Level, Report};

/// Restores the SDK of a project that should have one but does not (it may not be in version control), and reports
/// that.
pub(super) fn sdk(project: &Path, language: Option<Language>, report: &dyn Report) -> Result<(), ComponentError> {
    let Some(language) = language.filter(|_| !project.join(sdk::DIRECTORY).exists()) else { return Ok(()) };
    sdk::refresh(project, language)
        .map_err(|error| ComponentError::write(&error.path, std::io::Error::other(error.error)))?;
    let message = format!(
        "Restored {}: the SDK for {} of this version of buildout-host",
        project.join(sdk::DIRECTORY).display(),
        language.name()
    );
    report.log(Level::Info, &message);
    Ok(())
}
