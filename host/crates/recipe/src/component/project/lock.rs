//! The lock of a recipe project: one build at a time.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use base::event::{Level, Report};
use base::interrupt::Interrupt;

use super::super::error::ComponentError;

/// How often the lock is tried while another build has it.
const INTERVAL: Duration = Duration::from_millis(50);

/// Locks the project's directory, so that no file is left behind. Waits for another build, and reports that.
pub(super) fn take(project: &Path, report: &dyn Report, interrupt: &Interrupt) -> Result<File, ComponentError> {
    let directory = File::open(project).map_err(|error| ComponentError::read(project, error))?;
    let mut is_reported = false;
    loop {
        match directory.try_lock() {
            Ok(()) => return Ok(directory),
            Err(TryLockError::Error(error)) => return Err(ComponentError::read(project, error)),
            Err(TryLockError::WouldBlock) if interrupt.signal().is_some() => {
                return Err(ComponentError::read(project, io::ErrorKind::Interrupted.into()));
            }
            Err(TryLockError::WouldBlock) => {}
        }
        if !is_reported {
            report.log(Level::Info, &format!("Waiting for another build of {}", project.display()));
            is_reported = true;
        }
        std::thread::sleep(INTERVAL);
    }
}
