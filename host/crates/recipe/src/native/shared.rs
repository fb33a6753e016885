//! Shared by all native commands and downloads of a run: the confinement, the job slots, the downloader, the interrupt.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use base::environment::Environment;
use base::event::Report;
use base::interrupt::Interrupt;
use base::jobs::Jobs;
use config::options::Buildout;
use confine::{ConfineError, Level};
use fetch::{DownloadSettings, Downloader};

use super::temporary::Temporaries;
use super::variables::variables;
use crate::distributions::Distributions;
use crate::grants::rights::Rights;

/// How native commands are run.
#[derive(Clone, Debug)]
pub struct NativeSettings {
    /// How much they are confined.
    pub level: Level,
    /// Ends them.
    pub interrupt: Interrupt,
    /// The job slots that their makes share.
    pub jobs: Jobs,
    /// The temporary directories of parts.
    pub temporaries: Arc<Temporaries>,
}

/// Shared by all native commands and downloads of a run.
pub(crate) struct Native {
    pub(crate) report: Arc<dyn Report>,
    pub(crate) settings: NativeSettings,
    environment: Environment,
    /// Installs Python distributions.
    pub(crate) distributions: Option<Arc<dyn Distributions>>,
    /// Known when the first part is initialized.
    buildout: OnceLock<Buildout>,
    runner: OnceLock<confine::Runner>,
    downloader: OnceLock<Downloader>,
}

impl Native {
    pub(crate) fn new(
        report: Arc<dyn Report>,
        settings: NativeSettings,
        environment: Environment,
        distributions: Option<Arc<dyn Distributions>>,
    ) -> Self {
        let (buildout, runner, downloader) = Default::default();
        Self { report, settings, environment, distributions, buildout, runner, downloader }
    }

    /// Sets the buildout whose options determine how files are downloaded. The first one stays.
    pub(crate) fn serve(&self, buildout: &Buildout) {
        self.buildout.get_or_init(|| buildout.clone());
    }

    pub(crate) fn buildout(&self) -> Option<&Buildout> {
        self.buildout.get()
    }

    /// The buildout directory, to which paths are relative.
    pub(crate) fn directory(&self) -> PathBuf {
        let named = self.buildout.get().and_then(|buildout| buildout.get("buildout", "directory").ok().flatten());
        named.map_or_else(|| self.environment.directory.clone(), PathBuf::from)
    }

    /// Starts commands.
    pub(crate) fn runner(&self) -> Result<&confine::Runner, ConfineError> {
        if let Some(runner) = self.runner.get() {
            return Ok(runner);
        }
        let runner = confine::Runner::new()?;
        Ok(self.runner.get_or_init(|| runner))
    }

    /// Downloads files with the settings of `[buildout]`.
    pub(crate) fn downloader(&self) -> &Downloader {
        self.downloader.get_or_init(|| {
            let option = |name: &str| self.buildout.get().and_then(|known| known.get("buildout", name).ok().flatten());
            let kept = self.environment.cache_directory().unwrap_or_else(|| self.directory().join(".cache"));
            let settings =
                DownloadSettings::of_options(&option, &self.directory(), &kept.join("downloads"), &*self.report);
            Downloader::new(&self.environment, settings)
        })
    }

    /// The environment of the process.
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The environment of each command of a part.
    pub(crate) fn variables(&self, rights: &Rights) -> BTreeMap<String, String> {
        variables(rights, &self.environment, self.settings.level, &self.settings.jobs)
    }
}
