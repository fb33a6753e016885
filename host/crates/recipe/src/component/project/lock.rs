//! The lock of a recipe project: one build at a time.

use std::fs::File;
use std::path::Path;

use base::event::Report;
use base::files::lock_directory;
use base::interrupt::Interrupt;

use super::super::error::ComponentError;

/// Locks the project's directory, so that no file is left behind. Waits for another build, and reports that.
pub(super) fn take(project: &Path, report: &dyn Report, interrupt: &Interrupt) -> Result<File, ComponentError> {
    let waiting = format!("Waiting for another build of {}", project.display());
    lock_directory(project, report, &waiting, interrupt).map_err(|error| ComponentError::read(project, error.cause))
}
