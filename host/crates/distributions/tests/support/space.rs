//! A buildout's directories with an index, and this crate put together on top of them, as in the host.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use base::environment::Environment;
use base::event::{Event, Report};
use base::interrupt::Interrupt;
use distributions::build::{BuildError, BuildOptions, Builder, Confined, Develop, Developed, Memory, develop};
use distributions::eggs::Directories;
use distributions::index::{self, AllowedHosts, Credentials, Location, Sources};
use distributions::install::{Custom, InstallError, Installer, Outcome, Settings};
use distributions::lock::{Lock, LockError, LockUse, Purpose};
use distributions::pins::Pins;
use distributions::python::{Python, StartPython};
use distributions::requirement::Requirement;
use distributions::supply::{Cache, Supply, Tools};
use fetch::{CacheDirectory, DownloadSettings, Downloader, Limits};

use super::index::{Behavior, Index};

/// Collects log messages.
#[derive(Default)]
pub(crate) struct Logged(Mutex<Vec<String>>);

impl Report for Logged {
    fn report(&self, event: Event<'_>) {
        if let Event::Log { message, level, .. } = event
            && level >= base::event::Level::Info
        {
            self.0.lock().unwrap().push(message.to_owned());
        }
    }
}

impl Logged {
    pub(crate) fn lines(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A buildout's directories with an index.
pub(crate) struct Space {
    pub(crate) root: PathBuf,
    pub(crate) _directory: Option<tempfile::TempDir>,
    pub(crate) index: Index,
    pub(crate) index_url: String,
    pub(crate) find_links: Vec<String>,
    pub(crate) download_cache: Option<PathBuf>,
    pub(crate) from_cache: bool,
    pub(crate) pins: Vec<(String, String)>,
    pub(crate) newest: bool,
    pub(crate) offline: bool,
    pub(crate) options: BuildOptions,
    pub(crate) lock: Option<LockUse>,
    pub(crate) log: Logged,
}

impl Space {
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
        let index = Index::start(&archives, behavior);
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
            lock: None,
            log: Logged::default(),
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

    pub(crate) fn install(&self, requirements: &[&str]) -> Result<Outcome, InstallError> {
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
    pub(crate) fn lock(&self, requirements: &[&str]) -> Lock {
        let requirements: Vec<Requirement> =
            requirements.iter().map(|text| Requirement::parse(text).unwrap()).collect();
        self.with(|installer, _| {
            let resolution = installer.resolve(&requirements).unwrap();
            let mut lock = Lock::default();
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
        self.with(|installer, _| installer.build(&Custom { requirement }))
    }

    pub(crate) fn develop(&self, project: &Path, protected: &[PathBuf]) -> Result<Developed, BuildError> {
        self.with(|_, builder| {
            let develop_eggs = self.root.join("develop-eggs");
            let memory = self.root.join("memory");
            std::fs::create_dir_all(&memory).unwrap();
            let wanted = Develop {
                project,
                develop_eggs: &develop_eggs,
                protected,
                options: &self.options,
                memory: Some(Memory { directory: &memory, context: "" }),
                changes_project: true,
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

    fn with<R>(&self, work: impl FnOnce(&Installer<'_>, &Builder<'_>) -> R) -> R {
        let (python, environment) = (self.python(), self.environment());
        let (interrupt, runner) = (Interrupt::new().unwrap(), confine::Runner::new().unwrap());
        let commands = Confined {
            runner: &runner,
            level: confine::Level::Full,
            limits: confine::Limits::default(),
            interrupt: &interrupt,
            written: Vec::new(),
        };
        let credentials = || Credentials::new([self.index_url.as_str()], None);
        let mut limits = Limits::for_registries();
        limits.attempts = 1;
        let cache = self.root.join("cache");
        let web =
            index::Network::new(&environment, limits.clone(), credentials(), Some(cache.clone()), Box::new(|| false));
        let links = self.find_links.iter().map(String::as_str);
        let kept = self.download_cache.as_ref().map(|path| path.join("dist"));
        let mut find_links: Vec<Location> = kept.iter().cloned().map(Location::Path).collect();
        find_links.extend(links.map(|link| Location::parse(link, &self.root)));
        let sources = Sources {
            index: match (&kept, self.from_cache) {
                (Some(kept), true) => Location::Path(kept.clone()),
                _ => Location::parse(&self.index_url, &self.root),
            },
            find_links,
            allowed: AllowedHosts::default(),
            local: self.from_cache,
        };
        let downloads = DownloadSettings {
            directory: self.root.clone(),
            cache: CacheDirectory { path: cache.join("downloads"), chosen: false },
            network: fetch::Network::Allowed,
            limits: Limits { attempts: 1, ..Limits::for_sources() },
            mirrors: fetch::Mirrors::default(),
        };
        let logs = self.root.join("logs");
        let tools = Tools {
            python: &python,
            web: &web,
            downloader: &Downloader::new(&environment, downloads),
            credentials: &credentials(),
            cache: &Cache::new(cache.join("distributions")).unwrap(),
            download_cache: kept,
            commands: &commands,
            logs: logs.clone(),
            report: &self.log,
            cancelled: &|| false,
        };
        let index = index::Index::new(sources, &web, &self.log).with_lock(self.lock.clone());
        let supply = Supply::new(index, tools).with_options(self.options.clone());
        let settings = Settings {
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
        };
        let builder =
            Builder { python: &python, commands: &commands, environments: &supply, logs: &logs, on_line: &|_| {} };
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
