//! What installs distributions for one Python from one set of sources. It exists once per run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::event::{Event, Report};
use base::interrupt::Interrupt;
use distributions::build::{BuildOptions, Builder, Confined};
use distributions::default_index::default_index;
use distributions::index::{Credentials, Index, Network, NoWeb, Sources, Web};
use distributions::install::Installer;
use distributions::python::Python;
use distributions::supply::{self, Cache, Supply};
use fetch::{DownloadSettings, Downloader};

use super::super::context::Context;
use super::super::prepare::directories;
use super::super::python::program::is_in;
use super::error::NoDistributions;
use super::once::Once;
use super::provider::Place;

/// The options that do not apply to the files of distributions: these are kept by their names, by the crate
/// `distributions`.
const OF_OTHER_DOWNLOADS: [&str; 2] = ["download-cache", "install-from-cache"];

/// What installs distributions for one Python from one set of sources.
pub(super) struct Tools {
    pub(super) python: Arc<Python>,
    sources: Sources,
    web: Box<dyn Web + Send>,
    downloader: Downloader,
    credentials: Credentials,
    cache: Cache,
    runner: confine::Runner,
    level: confine::Level,
    interrupt: Interrupt,
    report: Arc<dyn Report>,
    /// The directories that recipes and commands can write.
    written: Vec<PathBuf>,
    /// What a Python that parts made needs in addition to itself: the libraries of other parts.
    libraries: Vec<PathBuf>,
}

impl Tools {
    pub(super) fn new(context: &Context, place: &Place<'_>, python: Arc<Python>) -> Result<Self, NoDistributions> {
        let Place { buildout, locations, settings, parts, .. } = place;
        let Context { environment, report, settings: run } = context;
        let native = &run.native;
        let kept = environment.cache_directory().unwrap_or_else(|| locations.directory.join(".cache"));
        let executable = buildout.require("buildout", "executable")?;
        let sources = settings.sources(|| default_index(environment, &python))?;
        let netrc = environment.home.as_ref().map(|home| home.join(".netrc"));
        let urls: Vec<String> = sources.urls().map(str::to_owned).collect();
        let credentials = || Credentials::new(urls.iter().map(String::as_str), netrc.as_deref());
        let option =
            |name: &str| buildout.get("buildout", name).ok().flatten().filter(|_| !OF_OTHER_DOWNLOADS.contains(&name));
        let downloads = DownloadSettings::of_options(&option, &locations.directory, &kept.join("downloads"), &**report);
        let cache = Cache::new(kept.join("distributions"))?;
        let web: Box<dyn Web + Send> = match downloads.network {
            fetch::Network::Allowed => {
                let interrupt = native.interrupt.clone();
                let cancelled = Box::new(move || interrupt.signal().is_some());
                let pages = Some(cache.directory().to_owned());
                let limits = directories::registries(buildout).limits;
                Box::new(Once::new(Network::new(environment, limits, credentials(), pages, cancelled)))
            }
            fetch::Network::Offline | fetch::Network::FromCache => Box::new(NoWeb),
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
        place: &Place<'_>,
        mut options: BuildOptions,
        work: impl FnOnce(&Installer<'_>, &Builder<'_>) -> R,
    ) -> R {
        let settings = &place.settings;
        options.read.extend(self.libraries.iter().cloned());
        let commands = Confined {
            runner: &self.runner,
            level: self.level,
            limits: confine::Limits::default(),
            interrupt: &self.interrupt,
            written: self.written.clone(),
        };
        let logs = self.cache.directory().join("build-logs");
        let cancelled = || self.is_cancelled();
        let tools = supply::Tools {
            python: &self.python,
            web: &*self.web,
            downloader: &self.downloader,
            credentials: &self.credentials,
            cache: &self.cache,
            download_cache: settings.archives.clone(),
            commands: &commands,
            logs: logs.clone(),
            report: &*self.report,
            cancelled: &cancelled,
        };
        let index = Index::new(self.sources.clone(), &*self.web, &*self.report).with_lock(place.lock.clone());
        let supply = Supply::new(index, tools).with_options(options);
        let builder = Builder {
            python: &self.python,
            commands: &commands,
            environments: &supply,
            logs: &logs,
            on_line: &|line| self.report.report(Event::CommandLine { part: "", line }),
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
    pub(super) fn is_cancelled(&self) -> bool {
        self.interrupt.signal().is_some()
    }
}
