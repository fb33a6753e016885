//! Data that all stages of a run share.

use std::sync::Arc;

use base::environment::Environment;
use base::event::{Level, Report};

use super::cache::{CacheTally, OpenCache};
use super::settings::RunSettings;
use crate::error::{InterruptedBySignal, RunError};

/// Data that all stages of a run share.
pub(super) struct RunContext {
    pub(super) environment: Environment,
    /// The receiver of events.
    pub(super) report: Arc<dyn Report>,
    /// Settings from the command line.
    pub(super) settings: RunSettings,
    /// The cache of parts, opened when the first part is installed.
    pub(super) cache: OpenCache,
    /// What came from it.
    pub(super) tally: CacheTally,
}

impl RunContext {
    pub(super) fn log(&self, level: Level, message: &str) {
        self.report.log(level, message);
    }

    /// Fails if a signal has interrupted the run.
    pub(super) fn check_interrupt(&self) -> Result<(), RunError> {
        match self.settings.signal() {
            Some(signal) => Err(InterruptedBySignal { signal }.into()),
            None => Ok(()),
        }
    }
}
