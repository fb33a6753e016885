//! Settings of a run that come from the command line rather than from the configuration.

use std::path::PathBuf;

use base::jobserver::Jobs;
use recipe::NativeSettings;
use registry::locking::LockMode;
use registry::oci::PlainHttp;

use super::cache::CacheFlags;

/// What happens after a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    /// No further parts start; running ones are completed.
    #[default]
    Stop,
    /// Parts that do not need the failed one are still installed.
    KeepGoing,
}

/// How parts are installed.
#[derive(Clone, Debug)]
pub(crate) struct RunSettings {
    /// Confinement of native commands, the interrupt, and the number of parts to install at once.
    pub(crate) native: NativeSettings,
    /// What happens after a failure.
    pub(crate) after_failure: AfterFailure,
    /// Whether `recipes.lock` may be changed.
    pub(crate) lock: LockMode,
    /// With which registries plain HTTP is used.
    pub(crate) plain_http: PlainHttp,
    /// The cache of parts.
    pub(crate) cache: CacheFlags,
    /// This program, which `bin/buildout` runs.
    pub(crate) program: PathBuf,
}

impl RunSettings {
    /// The job slots for installing parts.
    pub(super) fn jobs(&self) -> &Jobs {
        &self.native.jobs
    }

    /// The signal that interrupted the run. Running commands then end by themselves.
    pub(super) fn signal(&self) -> Option<i32> {
        self.native.interrupt.signal()
    }
}
