//! How a run is carried out: what the command line decides, rather than the configuration.

use std::path::PathBuf;

use recipe::NativeSettings;

use super::locking::LockMode;
use super::schedule::AfterFailure;

/// How parts are made.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// How native commands are confined, what ends them and the run, and how much is done at once.
    pub native: NativeSettings,
    /// What happens after a failure.
    pub after_failure: AfterFailure,
    /// What may be done with `recipes.lock`.
    pub lock: LockMode,
    /// Whether plain HTTP may be spoken with registries on other machines.
    pub plain_http: bool,
    /// This program, which `bin/buildout` runs.
    pub program: PathBuf,
}

impl RunSettings {
    /// How many parts are made at once.
    pub(super) fn jobs(&self) -> &base::jobs::Jobs {
        &self.native.jobs
    }

    /// The signal that asked the run to end. What runs then has to end by itself.
    pub(super) fn signal(&self) -> Option<i32> {
        self.native.interrupt.signal()
    }
}
