//! What all stages of a run have in common.

use std::sync::Arc;

use base::environment::Environment;
use base::event::{Level, Report};

use super::settings::RunSettings;
use crate::error::{Interrupted, RunError};

/// What all stages of a run have in common.
pub(super) struct Context {
    /// The environment of the process.
    pub(super) environment: Environment,
    /// Where events go.
    pub(super) report: Arc<dyn Report>,
    /// What the command line decides.
    pub(super) settings: RunSettings,
}

impl Context {
    pub(super) fn log(&self, level: Level, message: &str) {
        self.report.log(level, message);
    }

    /// Ends the run if a signal asked for that.
    pub(super) fn check_interrupt(&self) -> Result<(), RunError> {
        match self.settings.signal() {
            Some(signal) => Err(Interrupted { signal }.into()),
            None => Ok(()),
        }
    }
}
