//! Shared by all native commands and downloads of a run: the confinement, the job slots, the downloader, the interrupt.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use base::environment::Environment;
use base::event::Report;
use base::interrupt::Interrupt;
use base::jobserver::Jobs;
use config::options::Buildout;
use confine::{ConfineError, ConfinementLevel};
use fetch::{DownloadSettings, Downloader};

use super::refusals::Refusals;
use super::temporary::Temporaries;
use super::variables::variables;
use crate::distributions::Distributions;
use crate::grants::rights::Rights;
use crate::ownership::{Records, Unfinished};

/// How native commands are run.
#[derive(Clone, Debug)]
pub struct NativeSettings {
    /// How much they are confined.
    pub level: ConfinementLevel,
    /// Ends them.
    pub interrupt: Interrupt,
    /// The job slots that their makes share.
    pub jobs: Jobs,
    /// The temporary directories of parts.
    pub temporaries: Arc<Temporaries>,
    /// What was refused to parts that were made all the same.
    pub refusals: Arc<Refusals>,
}

/// Shared by all native commands and downloads of a run.
pub(crate) struct Native {
    pub(crate) report: Arc<dyn Report>,
    pub(crate) settings: NativeSettings,
    environment: Environment,
    /// Installs Python distributions.
    pub(crate) distributions: Option<Arc<dyn Distributions>>,
    /// Options, as section and name, to which grants refer.
    pub(crate) granted_options: Arc<[(String, String)]>,
    /// Known when the first part is initialized.
    buildout: OnceLock<Buildout>,
    runner: OnceLock<confine::Runner>,
    /// What the state records of all parts.
    pub(crate) records: Arc<Records>,
    /// Known once the run holds the state lock.
    unfinished: OnceLock<Arc<Unfinished>>,
    downloader: OnceLock<Downloader>,
}

impl Native {
    pub(crate) fn new(
        report: Arc<dyn Report>,
        settings: NativeSettings,
        environment: Environment,
        distributions: Option<Arc<dyn Distributions>>,
        granted_options: Vec<(String, String)>,
    ) -> Self {
        let granted_options = granted_options.into();
        let (buildout, runner, records, unfinished, downloader) = Default::default();
        Self {
            report,
            settings,
            environment,
            distributions,
            granted_options,
            buildout,
            runner,
            records,
            unfinished,
            downloader,
        }
    }

    /// Sets where paths are announced. The first one stays.
    pub(crate) fn announce_to(&self, unfinished: &Arc<Unfinished>) {
        self.unfinished.get_or_init(|| Arc::clone(unfinished));
    }

    /// Where paths are announced: nowhere, before the run holds the state lock.
    pub(crate) fn unfinished(&self) -> Arc<Unfinished> {
        self.unfinished.get().map(Arc::clone).unwrap_or_default()
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
