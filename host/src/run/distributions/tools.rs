//! What installs distributions for one Python from one set of sources. It exists once per run.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::environment::Environment;
use base::event::{Event, Level, Report};
use base::files::FileError;
use base::interrupt::Interrupt;
use distributions::build::{BuildOptions, ConfinedCommands, PATIENCE, ProjectBuilder};
use distributions::default_index::default_index;
use distributions::index::{DistributionSources, IndexCredentials, NoWeb, PackageIndex, PageDownloads, Web};
use distributions::install::Installer;
use distributions::python::Python;
use distributions::supply::{self, DistributionCache, Supply};
use fetch::{DownloadSettings, Downloader};
use tempfile::TempDir;

use super::super::context::RunContext;
use super::super::prepare::directories;
use super::super::python::program::is_in;
use super::error::NoDistributions;
use super::once::Once;
use super::provider::RequestPlace;

/// The options that do not apply to the files of distributions: these are kept by their names, by the crate
/// `distributions`.
const OF_OTHER_DOWNLOADS: [&str; 2] = ["download-cache", "install-from-cache"];

/// What installs distributions for one Python from one set of sources.
pub(super) struct InstallTools {
    pub(super) python: Arc<Python>,
    sources: DistributionSources,
    web: Box<dyn Web + Send>,
    downloader: Downloader,
    credentials: IndexCredentials,
    cache: DistributionCache,
    /// Takes the place of the user's cache directory if that cannot be written.
    _substitute: Option<TempDir>,
    runner: confine::Runner,
    level: confine::ConfinementLevel,
    interrupt: Interrupt,
    report: Arc<dyn Report>,
    /// The directories that recipes and commands can write.
    written: Vec<PathBuf>,
    /// What a Python that parts made needs in addition to itself: the libraries of other parts.
    libraries: Vec<PathBuf>,
}

/// The directory, or a temporary one if it cannot be written: nothing that is kept there is needed.
fn usable(
    kept: PathBuf,
    environment: &Environment,
    report: &dyn Report,
) -> Result<(PathBuf, Option<TempDir>), FileError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&kept);
    let Err(error) = made.and_then(|()| tempfile::tempfile_in(&kept)) else { return Ok((kept, None)) };
    let temporary = environment.variables.get("TMPDIR").filter(|path| !path.is_empty());
    let temporary = PathBuf::from(temporary.map_or("/tmp", String::as_str));
    let substitute = tempfile::Builder::new().prefix("buildout-host-").tempdir_in(&temporary);
    let substitute = substitute.map_err(FileError::of("write in", &temporary))?;
    let error = FileError::of("write in", &kept)(error);
    report.log(Level::Warning, &format!("Distributions and their metadata are not kept: {error}"));
    Ok((substitute.path().to_owned(), Some(substitute)))
}

impl InstallTools {
    pub(super) fn new(
        context: &RunContext,
        place: &RequestPlace<'_>,
        python: Arc<Python>,
    ) -> Result<Self, NoDistributions> {
        let RequestPlace { buildout, locations, settings, parts, .. } = place;
        let RunContext { environment, report, settings: run, .. } = context;
        let native = &run.native;
        let kept = environment.cache_directory().unwrap_or_else(|| locations.directory.join(".cache"));
        let (kept, substitute) = usable(kept, environment, &**report)?;
        let executable = buildout.require("buildout", "executable")?;
        let sources = settings.sources(|| default_index(environment, &python))?;
        let netrc = environment.home.as_ref().map(|home| home.join(".netrc"));
        let urls: Vec<String> = sources.urls().map(str::to_owned).collect();
        let credentials = || IndexCredentials::new(urls.iter().map(String::as_str), netrc.as_deref());
        let option =
            |name: &str| buildout.get("buildout", name).ok().flatten().filter(|_| !OF_OTHER_DOWNLOADS.contains(&name));
        let downloads = DownloadSettings::of_options(&option, &locations.directory, &kept.join("downloads"), &**report);
        let cache = DistributionCache::new(kept.join("distributions"))?;
        let web: Box<dyn Web + Send> = match downloads.network {
            fetch::NetworkUse::Allowed => {
                let interrupt = native.interrupt.clone();
                let canceled = Box::new(move || interrupt.signal().is_some());
                let pages = Some(cache.directory().to_owned());
                let limits = directories::registries(buildout).limits;
                Box::new(Once::new(PageDownloads::new(environment, limits, credentials(), pages, canceled)))
            }
            fetch::NetworkUse::Offline | fetch::NetworkUse::FromCache => Box::new(NoWeb),
        };
        let standard: Vec<PathBuf> = locations.standard().iter().map(|path| path.to_path_buf()).collect();
        let is_made = is_in(Path::new(&executable), parts);
        Ok(Self {
            python,
            sources,
            web,
            downloader: Downloader::new(environment, downloads),
            credentials: credentials(),
            cache,
            _substitute: substitute,
            runner: confine::Runner::new()?,
            level: native.level,
            interrupt: native.interrupt.clone(),
            report: Arc::clone(report),
            written: standard,
            libraries: if is_made { parts.clone() } else { Vec::new() },
        })
    }

    /// The receiver of messages.
    pub(super) fn report(&self) -> &dyn Report {
        &*self.report
    }

    /// Works with an installer and a builder. `options` are those of builds.
    pub(super) fn with<R>(
        &self,
        place: &RequestPlace<'_>,
        mut options: BuildOptions,
        work: impl FnOnce(&Installer<'_>, &ProjectBuilder<'_>) -> R,
    ) -> R {
        let settings = &place.settings;
        options.read.extend(self.libraries.iter().cloned());
        let commands = ConfinedCommands {
            runner: &self.runner,
            level: self.level,
            limits: confine::CommandLimits::default(),
            interrupt: &self.interrupt,
            written: self.written.clone(),
        };
        let logs = self.cache.directory().join("build-logs");
        let canceled = || self.is_canceled();
        let tools = supply::SupplyTools {
            python: &self.python,
            web: &*self.web,
            downloader: &self.downloader,
            credentials: &self.credentials,
            cache: &self.cache,
            download_cache: settings.archives.clone(),
            commands: &commands,
            logs: logs.clone(),
            report: &*self.report,
            canceled: &canceled,
        };
        let index = PackageIndex::new(self.sources.clone(), &*self.web, &*self.report).with_lock(place.lock.clone());
        let supply = Supply::new(index, tools).with_options(options);
        let builder = ProjectBuilder {
            python: &self.python,
            commands: &commands,
            environments: &supply,
            logs: &logs,
            on_line: &|line| self.report.report(Event::CommandLine { part: "", line }),
            on_wait: &|message| self.report.log(Level::Info, message),
            patience: PATIENCE,
        };
        work(&Installer::new(settings.choice.clone(), &supply), &builder)
    }

    /// The directory in which editable installs are remembered.
    pub(super) fn memory(&self) -> Result<PathBuf, NoDistributions> {
        Ok(self.cache.kind("developed")?)
    }

    /// The directory for what is made only to be looked at.
    pub(super) fn trials(&self) -> Result<PathBuf, NoDistributions> {
        Ok(self.cache.kind("trials")?)
    }

    /// Whether a signal has interrupted the run.
    pub(super) fn is_canceled(&self) -> bool {
        self.interrupt.signal().is_some()
    }
}
