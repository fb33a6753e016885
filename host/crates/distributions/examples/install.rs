//! Installs distributions into an eggs directory and writes their scripts: a way to try the crate without a buildout.
//!
//! ```text
//! cargo run -p distributions --example install -- [--python PATH] [--index URL] [--develop DIR] [--custom] [-N] [-o] TARGET REQUIREMENT…
//! ```

use std::path::{Path, PathBuf};

use base::environment::Environment;
use base::event::{Event, Level, Report};
use base::files::FileError;
use base::interrupt::Interrupt;
use base::source::Explain;
use distributions::build::{BuildOptions, ConfinedCommands, DevelopRequest, PATIENCE, ProjectBuilder, develop};
use distributions::default_index::default_index;
use distributions::eggs::Directories;
use distributions::index::{
    AllowedHosts, DistributionSources, IndexCredentials, PackageIndex, PageDownloads, SearchLocation,
};
use distributions::install::{InstallSettings, Installer};
use distributions::pins::Pins;
use distributions::python::{Python, StartPython};
use distributions::requirement::Requirement;
use distributions::resolve::picked_lines;
use distributions::scripts::RequestedScripts;
use distributions::supply::{DistributionCache, Supply, SupplyTools};
use fetch::{CacheDirectory, DownloadSettings, Downloader, TransferLimits};

/// Prints log messages.
struct MessagePrinter;

impl Report for MessagePrinter {
    fn report(&self, event: Event<'_>) {
        if let Event::Log { level, message, .. } = event
            && level >= Level::Info
        {
            say(message);
        }
    }
}

#[allow(clippy::print_stdout)]
fn say(text: &str) {
    println!("{text}");
}

struct Arguments {
    python: PathBuf,
    index: Option<String>,
    develop: Vec<PathBuf>,
    pins: Vec<(String, String)>,
    newest: bool,
    offline: bool,
    target: PathBuf,
    requirements: Vec<Requirement>,
}

fn arguments() -> Arguments {
    let mut parsed = Arguments {
        python: "/usr/bin/python3".into(),
        index: None,
        develop: Vec::new(),
        pins: Vec::new(),
        newest: true,
        offline: false,
        target: PathBuf::new(),
        requirements: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("an option has a value");
        match argument.as_str() {
            "--python" => parsed.python = value().into(),
            "--index" => parsed.index = Some(value()),
            "--develop" => parsed.develop.push(value().into()),
            "--pin" => parsed.pins.extend(value().split_once('=').map(|(name, pin)| (name.to_owned(), pin.to_owned()))),
            "-N" => parsed.newest = false,
            "-o" => parsed.offline = true,
            _ if parsed.target.as_os_str().is_empty() => parsed.target = argument.into(),
            _ => parsed.requirements.push(Requirement::parse(&argument).expect("a requirement")),
        }
    }
    parsed
}

fn main() -> std::process::ExitCode {
    confine::shim::main().unwrap_or_else(own_main)
}

fn own_main() -> std::process::ExitCode {
    if let Err(error) = run(&arguments()) {
        error.details().iter().for_each(|line| say(&format!("  {line}")));
        say(&format!("Error: {error}"));
        error.hints().iter().for_each(|line| say(&format!("Hint: {line}")));
        return std::process::ExitCode::FAILURE;
    }
    std::process::ExitCode::SUCCESS
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Explain>> {
    let environment = Environment::of_process().expect("a working directory");
    let cache = environment.cache_directory().expect("a home directory");
    let start: Box<StartPython> = Box::new(|path, arguments, _| {
        std::process::Command::new(path)
            .args(arguments)
            .output()
            .map(|output| output.stdout)
            .map_err(|error| error.to_string())
    });
    let python = Python::ask(&arguments.python, &*start, Some(&cache)).map_err(boxed)?;
    let index =
        arguments.index.clone().or_else(|| Some(default_index(&environment, &python)?.address)).expect("an index");
    let target = std::path::absolute(&arguments.target).expect("a path");
    let directories = Directories { eggs: target.join("eggs/v5"), develop: target.join("develop-eggs") };
    std::fs::create_dir_all(target.join("bin")).expect("a directory");
    std::fs::create_dir_all(&directories.develop).expect("a directory");
    let interrupt = Interrupt::new().expect("a descriptor");
    let runner = confine::Runner::new().map_err(boxed)?;
    let commands = ConfinedCommands {
        runner: &runner,
        level: confine::ConfinementLevel::Full,
        limits: confine::CommandLimits::default(),
        interrupt: &interrupt,
        written: Vec::new(),
    };
    let netrc = environment.home.as_ref().map(|home| home.join(".netrc"));
    let credentials = || IndexCredentials::new([index.as_str()], netrc.as_deref());
    let limits = TransferLimits::for_registries();
    let web = PageDownloads::new(
        &environment,
        limits.clone(),
        credentials(),
        Some(cache.join("distributions")),
        Box::new(|| false),
    );
    let sources = DistributionSources {
        origin: None,
        index: SearchLocation::parse(&index, &environment.directory),
        find_links: Vec::new(),
        allowed: AllowedHosts::default(),
        local: false,
    };
    let downloads = DownloadSettings {
        directory: target.clone(),
        cache: CacheDirectory { path: cache.join("downloads"), chosen: false },
        network: fetch::NetworkUse::Allowed,
        limits: TransferLimits::for_sources(),
        mirrors: fetch::Mirrors::default(),
    };
    let tools = SupplyTools {
        python: &python,
        web: &web,
        downloader: &Downloader::new(&environment, downloads),
        credentials: &credentials(),
        cache: &DistributionCache::new(cache.join("distributions")).map_err(boxed)?,
        download_cache: None,
        commands: &commands,
        logs: target.join("build-logs"),
        report: &MessagePrinter,
        canceled: &|| false,
    };
    let supply = Supply::new(PackageIndex::new(sources, &web, &MessagePrinter), tools);
    for project in &arguments.develop {
        let builder = ProjectBuilder {
            python: &python,
            commands: &commands,
            environments: &supply,
            logs: &target.join("build-logs"),
            on_line: &|_| {},
            on_wait: &|message| say(message),
            patience: PATIENCE,
        };
        let protected = [target.join("eggs"), target.join("bin")];
        let options = BuildOptions::default();
        let wanted = DevelopRequest {
            project,
            develop_eggs: &directories.develop,
            protected: &protected,
            options: &options,
            memory: None,
            changes_project: true,
        };
        let developed = develop(&builder, &wanted, &|| false).map_err(boxed)?;
        say(&format!("Develop: {} {:?}", developed.name, developed.paths));
    }
    let settings = InstallSettings {
        directories,
        path: Vec::new(),
        pins: Pins::new(arguments.pins.iter().map(|(name, pin)| (name.as_str(), pin.as_str()))),
        newest: arguments.newest,
        offline: arguments.offline,
        prefer_final: true,
        allow_picked_versions: true,
        allow_unknown_extras: false,
        threads: 8,
        provided: Default::default(),
        programs: None,
    };
    let installer = Installer::new(settings, &supply);
    let outcome = installer.install(&arguments.requirements).map_err(boxed)?;
    let scripts = RequestedScripts {
        requirements: arguments.requirements.clone(),
        directory: target.join("bin"),
        interpreter: Some("py".into()),
        ..RequestedScripts::default()
    };
    let made = std::fs::create_dir_all(&scripts.directory).and_then(|()| scripts.directory.canonicalize());
    let bin = made.map_err(FileError::of("create the directory", &scripts.directory)).map_err(boxed)?;
    for script in scripts.make(&outcome.working_set(), &python, &MessagePrinter).map_err(boxed)? {
        script.write(&bin, &MessagePrinter).map_err(boxed)?;
    }
    outcome.working_set().path().iter().for_each(|path| say(&shown(path)));
    picked_lines(&outcome.picked).iter().for_each(|line| say(line));
    Ok(())
}

fn shown(path: &Path) -> String {
    format!("  {}", path.display())
}

fn boxed<E: Explain + 'static>(error: E) -> Box<dyn Explain> {
    Box::new(error)
}
