//! Locks that other processes may hold for any time: also a command that a recipe started can lock a directory that it
//! may only read. So waiting is reported, and ends when the run is interrupted.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::FileError;
use crate::event::{Level, Report};
use crate::interrupt::Interrupt;

/// How often a lock is tried while another process has it.
const INTERVAL: Duration = Duration::from_millis(50);

/// Locks a directory until the file is closed, so that no lock file is left behind. Waits for another process, and then
/// reports `waiting`, once.
///
/// # Errors
/// When it cannot be locked, or the run was interrupted meanwhile.
pub fn lock_directory(
    directory: &Path,
    report: &dyn Report,
    waiting: &str,
    interrupt: &Interrupt,
) -> Result<File, FileError> {
    let file = File::open(directory).map_err(FileError::of("lock", directory))?;
    let mut is_reported = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(FileError::of("lock", directory)(error)),
            Err(TryLockError::WouldBlock) if interrupt.signal().is_some() => {
                return Err(FileError::of("lock", directory)(io::ErrorKind::Interrupted.into()));
            }
            Err(TryLockError::WouldBlock) => {}
        }
        if !is_reported {
            report.log(Level::Info, waiting);
            is_reported = true;
        }
        std::thread::sleep(INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    /// Interrupts the run as soon as it waits.
    struct Interrupting(Interrupt);

    impl Report for Interrupting {
        fn report(&self, event: Event<'_>) {
            if let Event::Log { message, .. } = event {
                assert_eq!(message, "Waiting for x");
                self.0.raise(2);
            }
        }
    }

    #[test]
    fn waiting_is_reported_and_ends_with_the_run() {
        let space = tempfile::tempdir().unwrap();
        let interrupt = Interrupt::new().unwrap();
        let report = Interrupting(interrupt.clone());
        let held = lock_directory(space.path(), &report, "no one has it", &interrupt).unwrap();
        let error = lock_directory(space.path(), &report, "Waiting for x", &interrupt).unwrap_err();
        assert_eq!(error.cause.kind(), io::ErrorKind::Interrupted);
        drop(held);
        lock_directory(space.path(), &report, "no one has it", &interrupt).unwrap();
    }
}
