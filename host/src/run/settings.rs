//! How a run is carried out: what the command line decides, rather than the configuration.

use std::path::PathBuf;

use base::jobs::Jobs;
use recipe::NativeSettings;
use registry::locking::LockMode;

/// What happens after a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterFailure {
    /// Nothing more starts; what is running ends.
    #[default]
    Stop,
    /// Parts that do not need the failed one are still installed.
    KeepGoing,
}

/// How parts are installed.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// How native commands are confined, what ends them and the run, and how many parts are installed at once.
    pub native: NativeSettings,
    /// What happens after a failure.
    pub after_failure: AfterFailure,
    /// What may be done with `recipes.lock`.
    pub lock: LockMode,
    /// Whether plain HTTP may be used with registries on other machines.
    pub plain_http: bool,
    /// This program, which `bin/buildout` runs.
    pub program: PathBuf,
}

impl RunSettings {
    /// How many parts are installed at once.
    pub(super) fn jobs(&self) -> &Jobs {
        &self.native.jobs
    }

    /// The signal that asked the run to end. The commands that run then end by themselves.
    pub(super) fn signal(&self) -> Option<i32> {
        self.native.interrupt.signal()
    }
}
