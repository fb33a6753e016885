//! A buildout's directories with an index, and this crate put together on top of them, as in the host.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base::environment::Environment;
use base::event::{Event, Level, Report as _};
use base::interrupt::Interrupt;
use distributions::build::{
    BuildError, BuildOptions, ConfinedCommands, DevelopRequest, DevelopedProject, Memory, PATIENCE, ProjectBuilder,
    develop,
};
use distributions::eggs::Directories;
use distributions::index::{self, AllowedHosts, DistributionSources, IndexCredentials, SearchLocation};
use distributions::install::{CustomBuild, InstallError, InstallSettings, Installation, Installer};
use distributions::lock::{DistributionsLock, LockError, LockUse, Purpose};
use distributions::pins::Pins;
use distributions::python::{Python, StartPython};
use distributions::requirement::Requirement;
use distributions::supply::{DistributionCache, Supply, SupplyTools};
use fetch::{CacheDirectory, DownloadSettings, Downloader, TransferLimits};
use test_support::ReportedMessages;

use super::index::{Behavior, TestIndex};

/// A buildout's directories with an index.
pub(crate) struct InstallationSpace {
    pub(crate) root: PathBuf,
    pub(crate) _directory: Option<tempfile::TempDir>,
    pub(crate) index: TestIndex,
    pub(crate) index_url: String,
    pub(crate) find_links: Vec<String>,
    pub(crate) download_cache: Option<PathBuf>,
    pub(crate) from_cache: bool,
    pub(crate) pins: Vec<(String, String)>,
    pub(crate) newest: bool,
    pub(crate) offline: bool,
    pub(crate) options: BuildOptions,
    pub(crate) changes_project: bool,
    pub(crate) patience: Duration,
    pub(crate) lock: Option<LockUse>,
    pub(crate) log: ReportedMessages,
}

impl InstallationSpace {
    pub(crate) fn new(behavior: Behavior) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        Self { _directory: Some(directory), ..Self::at(root, behavior) }
    }

    /// In a directory of another one.
    pub(crate) fn at(root: PathBuf, behavior: Behavior) -> Self {
        let archives = root.join("archives");
        std::fs::create_dir_all(&archives).unwrap();
        std::fs::create_dir_all(root.join("develop-eggs")).unwrap();
        let index = TestIndex::start(&archives, behavior);
        let index_url = index.url();
        Self {
            root,
            _directory: None,
            index,
            index_url,
            find_links: Vec::new(),
            download_cache: None,
            from_cache: false,
            pins: Vec::new(),
            newest: true,
            offline: false,
            options: BuildOptions::default(),
            changes_project: true,
            patience: PATIENCE,
            lock: None,
            log: ReportedMessages::default(),
        }
    }

    pub(crate) fn archives(&self) -> PathBuf {
        self.root.join("archives")
    }

    pub(crate) fn pin(mut self, name: &str, version: &str) -> Self {
        self.pins.push((name.to_owned(), version.to_owned()));
        self
    }

    /// The names in the eggs directory, sorted.
    pub(crate) fn eggs(&self) -> Vec<String> {
        names(&self.root.join("eggs"))
    }

    pub(crate) fn install(&self, requirements: &[&str]) -> Result<Installation, InstallError> {
        let requirements: Vec<Requirement> =
            requirements.iter().map(|text| Requirement::parse(text).unwrap()).collect();
        self.with(|installer, _| installer.install(&requirements))
    }

    /// The error of an installation, with all its details.
    pub(crate) fn error(&self, requirements: &[&str]) -> String {
        use base::source::Explain as _;
        let error = self.install(requirements).expect_err("an error");
        let mut lines = vec![error.to_string()];
        lines.extend(error.details());
        lines.extend(error.hints());
        lines.join("\n")
    }

    /// A lock of the distributions that the requirements need.
    pub(crate) fn lock(&self, requirements: &[&str]) -> DistributionsLock {
        let requirements: Vec<Requirement> =
            requirements.iter().map(|text| Requirement::parse(text).unwrap()).collect();
        self.with(|installer, _| {
            let resolution = installer.resolve(&requirements).unwrap();
            let mut lock = DistributionsLock::default();
            for step in &resolution.steps {
                let key = step.requirement.key();
                let files = installer.files(&key, Purpose::Use);
                let version = step.candidate.version().unwrap();
                lock.add::<LockError>(&key, version, Purpose::Use, files, |_| panic!("the index has digests")).unwrap();
            }
            lock
        })
    }

    pub(crate) fn build(&self, requirement: &str) -> Result<PathBuf, InstallError> {
        let requirement = Requirement::parse(requirement).unwrap();
        self.with(|installer, _| installer.build(&CustomBuild { requirement }))
    }

    pub(crate) fn develop(&self, project: &Path, protected: &[PathBuf]) -> Result<DevelopedProject, BuildError> {
        self.with(|_, builder| {
            let develop_eggs = self.root.join("develop-eggs");
            let memory = self.root.join("memory");
            std::fs::create_dir_all(&memory).unwrap();
            let wanted = DevelopRequest {
                project,
                develop_eggs: &develop_eggs,
                protected,
                options: &self.options,
                memory: Some(Memory { directory: &memory, context: "" }),
                changes_project: self.changes_project,
            };
            develop(builder, &wanted, &|| false)
        })
    }

    pub(crate) fn python(&self) -> Python {
        let start: Box<StartPython> = Box::new(|path, arguments, _| {
            std::process::Command::new(path)
                .args(arguments)
                .output()
                .map(|output| output.stdout)
                .map_err(|error| error.to_string())
        });
        Python::ask(Path::new("/usr/bin/python3"), &*start, Some(&self.root.join("cache"))).unwrap()
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment {
            directory: self.root.clone(),
            home: Some(self.root.join("home")),
            ..Environment::of_process().unwrap()
        }
    }

    fn with<R>(&self, work: impl FnOnce(&Installer<'_>, &ProjectBuilder<'_>) -> R) -> R {
        let (python, environment) = (self.python(), self.environment());
        let (interrupt, runner) = (Interrupt::new().unwrap(), confine::Runner::new().unwrap());
        let commands = ConfinedCommands {
            runner: &runner,
            level: confine::ConfinementLevel::Full,
            limits: confine::CommandLimits::default(),
            interrupt: &interrupt,
            written: Vec::new(),
        };
        let credentials = || IndexCredentials::new([self.index_url.as_str()], None);
        let mut limits = TransferLimits::for_registries();
        limits.attempts = 1;
        let cache = self.root.join("cache");
        let web = index::PageDownloads::new(
            &environment,
            limits.clone(),
            credentials(),
            Some(cache.clone()),
            Box::new(|| false),
        );
        let links = self.find_links.iter().map(String::as_str);
        let kept = self.download_cache.as_ref().map(|path| path.join("dist"));
        let mut find_links: Vec<SearchLocation> = kept.iter().cloned().map(SearchLocation::Path).collect();
        find_links.extend(links.map(|link| SearchLocation::parse(link, &self.root)));
        let sources = DistributionSources {
            origin: None,
            index: match (&kept, self.from_cache) {
                (Some(kept), true) => SearchLocation::Path(kept.clone()),
                _ => SearchLocation::parse(&self.index_url, &self.root),
            },
            find_links,
            allowed: AllowedHosts::default(),
            local: self.from_cache,
        };
        let downloads = DownloadSettings {
            directory: self.root.clone(),
            cache: CacheDirectory { path: cache.join("downloads"), chosen: false },
            network: fetch::NetworkUse::Allowed,
            limits: TransferLimits { attempts: 1, ..TransferLimits::for_sources() },
            mirrors: fetch::Mirrors::default(),
        };
        let logs = self.root.join("logs");
        let tools = SupplyTools {
            python: &python,
            web: &web,
            downloader: &Downloader::new(&environment, downloads),
            credentials: &credentials(),
            cache: &DistributionCache::new(cache.join("distributions")).unwrap(),
            download_cache: kept,
            commands: &commands,
            logs: logs.clone(),
            report: &self.log,
            canceled: &|| false,
        };
        let index = index::PackageIndex::new(sources, &web, &self.log).with_lock(self.lock.clone());
        let supply = Supply::new(index, tools).with_options(self.options.clone());
        let settings = InstallSettings {
            directories: Directories { eggs: self.root.join("eggs"), develop: self.root.join("develop-eggs") },
            path: Vec::new(),
            pins: Pins::new(self.pins.iter().map(|(name, pin)| (name.as_str(), pin.as_str()))),
            newest: self.newest,
            offline: self.offline,
            prefer_final: true,
            allow_picked_versions: true,
            allow_unknown_extras: false,
            threads: 4,
            provided: Default::default(),
            programs: None,
        };
        let builder = ProjectBuilder {
            python: &python,
            commands: &commands,
            environments: &supply,
            logs: &logs,
            on_line: &|_| {},
            on_wait: &|message| self.log.report(Event::Log { logger: "buildout", level: Level::Info, message }),
            patience: self.patience,
        };
        work(&Installer::new(settings, &supply), &builder)
    }
}

/// The names in a directory, sorted.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The files of a project that is built by the backend in it.
pub(crate) fn project<'a>(name: &'a str, extra: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut files = vec![
        ("pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"),
        ("backend.py", include_str!("backend.py")),
        ("name.txt", name),
        ("module.py", "value = 'built'\n"),
    ];
    files.extend(extra);
    files
}
