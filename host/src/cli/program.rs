//! The program: its environment, its printer, the signal that interrupts it, and operations shared by several commands.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::environment::Environment;
use base::event::{Level, Report};
use base::interrupt::Interrupt;
use base::jobserver::Jobs;
use base::source::{Explain, Place};
use config::options::Buildout;
use config::{Assignment, ConfigError, ConfigFile, Configuration};
use recipe::{NativeSettings, Temporaries};
use registry::oci::{PlainHttp, Remote, RemoteSettings};
use registry::signature::{PrivateKey, is_open_to_others};

use super::arguments::{ConfigurationArguments, DEFAULT_FILE, PassphraseArguments, RegistryArguments};
use super::output::{InvalidFormat, LogFormat, Printer};
use crate::run::{AfterFailure, CacheFlags, Loaded, Loader, LockMode, RunError, RunSettings, Session};
use crate::share::Authoring;

/// The data that every command works with.
pub(super) struct Program {
    pub(super) environment: Environment,
    pub(super) printer: Arc<Printer>,
    pub(super) interrupt: Interrupt,
}

/// The operating system refused something that the program needs to start.
#[derive(Debug, thiserror::Error)]
#[error("Cannot {operation}: {cause}")]
pub(super) struct StartError {
    pub(super) operation: &'static str,
    pub(super) cause: io::Error,
}

impl StartError {
    pub(super) fn of(operation: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self { operation, cause }
    }
}

impl Explain for StartError {}

#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct InvalidLogFormat {
    error: InvalidFormat,
    place: Option<Place>,
}

impl Explain for InvalidLogFormat {
    fn place(&self) -> Option<Place> {
        self.place.clone()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("Invalid {option}: {value:?}; {expected}")]
struct InvalidLevel {
    option: &'static str,
    value: String,
    expected: &'static str,
    place: Option<Place>,
}

impl Explain for InvalidLevel {
    fn place(&self) -> Option<Place> {
        self.place.clone()
    }
}

impl Program {
    /// Resolves a path from the command line.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.environment.directory.join(path)
    }

    /// Reads the configuration that the flags and assignments describe.
    pub(super) fn load(
        &self,
        arguments: &ConfigurationArguments,
        assignments: Vec<Assignment>,
    ) -> Result<Loaded, RunError> {
        let loader = Loader {
            environment: self.environment.clone(),
            report: Arc::clone(&self.printer) as _,
            file: ConfigFile::parse(&arguments.config),
            use_user_defaults: !arguments.no_user_defaults,
            assignments: arguments.assignments().into_iter().chain(assignments).collect(),
        };
        let loaded = Arc::new(loader).load().map_err(|error| self.with_remedy(arguments, error))?;
        for notice in &loaded.configuration.notices {
            (&*self.printer as &dyn Report).log(Level::Info, notice);
        }
        Ok(loaded)
    }

    /// Adds a remedy if the main file is missing, or is a directory.
    fn with_remedy(&self, arguments: &ConfigurationArguments, mut error: ConfigError) -> ConfigError {
        let Some(path) = arguments.path(&self.environment.directory) else { return error };
        let hint = match path.metadata() {
            Ok(metadata) if metadata.is_dir() => "`-c` expects a file, by default `buildout.cfg`.".to_owned(),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                missing_file(arguments, &self.environment.directory)
            }
            _ => return error,
        };
        if let Some(trouble) = error.troubles.first_mut() {
            trouble.hints.push(hint);
        }
        error
    }

    /// The configuration, for commands that show it.
    pub(super) fn current(&self, loaded: &Loaded) -> Result<Arc<Configuration>, RunError> {
        loaded.seen_now(&self.default_settings()?.native)
    }

    /// The settings of a run without flags.
    pub(super) fn default_settings(&self) -> Result<RunSettings, RunError> {
        let native = NativeSettings {
            level: confine::ConfinementLevel::Full,
            interrupt: self.interrupt.clone(),
            jobs: Jobs::one(),
            temporaries: Arc::new(Temporaries::new(&self.environment)),
            refusals: Arc::default(),
        };
        Ok(RunSettings {
            native,
            after_failure: AfterFailure::Stop,
            lock: LockMode::Leave,
            plain_http: PlainHttp::default(),
            cache: CacheFlags::default(),
            program: this_program()?,
        })
    }

    /// Settings of commands that read parts but install none.
    pub(super) fn inspection_settings(&self, registry: &RegistryArguments) -> Result<RunSettings, RunError> {
        Ok(RunSettings { plain_http: registry.plain_http(), ..self.default_settings()? })
    }

    /// A session that prints its events.
    pub(super) fn session(&self, configuration: Loaded, settings: RunSettings) -> Result<Session, RunError> {
        self.session_reporting_to(Arc::clone(&self.printer) as _, configuration, settings)
    }

    /// A session that sends its events to `report`.
    pub(super) fn session_reporting_to(
        &self,
        report: Arc<dyn Report>,
        configuration: Loaded,
        settings: RunSettings,
    ) -> Result<Session, RunError> {
        let session = Session::new(configuration, &self.environment, report, settings)?;
        self.configure_printer(&session.buildout)?;
        Ok(session)
    }

    /// Level and format of messages, from `log-level`, `verbosity` and `log-format`.
    fn configure_printer(&self, buildout: &Buildout) -> Result<(), RunError> {
        let format = option(buildout, "log-format")?;
        let place = || buildout.place_of("buildout", Some("log-format"));
        let format = match format.as_str() {
            "" => LogFormat::default(),
            text => LogFormat::parse(text).map_err(|error| InvalidLogFormat { error, place: place() })?,
        };
        self.printer.configure(level(buildout)?.saturating_sub(verbosity(buildout)?), format);
        Ok(())
    }

    /// For commands that work with recipe packages.
    pub(super) fn authoring(&self) -> Result<Authoring, RunError> {
        Ok(Authoring {
            environment: self.environment.clone(),
            report: Arc::clone(&self.printer) as _,
            native: self.default_settings()?.native,
        })
    }

    pub(super) fn remote(&self, arguments: &RegistryArguments) -> Remote {
        let settings = RemoteSettings { plain_http: arguments.plain_http(), ..RemoteSettings::default() };
        let interrupt = self.interrupt.clone();
        Remote::new(&self.environment, settings, Arc::clone(&self.printer) as _)
            .canceled_by(move || interrupt.signal().is_some())
    }

    /// Prints a warning.
    pub(super) fn warn(&self, message: &str) {
        let printer: &dyn Report = &*self.printer;
        printer.log(Level::Warning, message);
    }

    /// Opens a private key; asks for its passphrase only after checking that the file is a private key.
    pub(super) fn private_key(&self, path: &Path, passphrase: &PassphraseArguments) -> Result<PrivateKey, RunError> {
        let path = self.path(path);
        PrivateKey::check(&path)?;
        if is_open_to_others(&path) {
            let shown = path.display();
            self.warn(&format!(
                "Other users can read or write the private key {shown}. To prevent that: chmod 600 {shown}"
            ));
        }
        let passphrase = passphrase.existing(&path, &self.environment, &self.interrupt)?;
        Ok(PrivateKey::open(&path, &passphrase)?)
    }
}

/// What to do if there is no main file.
fn missing_file(arguments: &ConfigurationArguments, directory: &Path) -> String {
    if arguments.config != DEFAULT_FILE {
        return "Check the file name after `-c`; `buildout-host run init -c FILE` writes a starter configuration there."
            .into();
    }
    let above = directory.ancestors().skip(1).position(|above| above.join(DEFAULT_FILE).is_file());
    if let Some(levels) = above {
        let path = format!("{}{DEFAULT_FILE}", "../".repeat(levels + 1));
        return format!("There is {path}: go to its directory, or specify it with `-c`.");
    }
    "Go to a directory with a buildout, or specify a configuration with `-c FILE`; `buildout-host init` writes a starter \
     configuration here."
        .into()
}

fn option(buildout: &Buildout, name: &str) -> Result<String, RunError> {
    Ok(buildout.get("buildout", name).map(Option::unwrap_or_default)?)
}

fn level(buildout: &Buildout) -> Result<i32, RunError> {
    Ok(match option(buildout, "log-level")?.as_str() {
        "DEBUG" => 10,
        "INFO" => 20,
        "WARNING" => 30,
        "ERROR" => 40,
        "CRITICAL" => 50,
        value => number(buildout, "log-level", value, "it must be DEBUG, INFO, WARNING, ERROR, CRITICAL or a number")?,
    })
}

fn verbosity(buildout: &Buildout) -> Result<i32, RunError> {
    match option(buildout, "verbosity")?.trim() {
        "" => Ok(0),
        value => Ok(number(buildout, "verbosity", value, "it must be a number")?),
    }
}

fn number(buildout: &Buildout, option: &'static str, value: &str, expected: &'static str) -> Result<i32, InvalidLevel> {
    let place = || buildout.place_of("buildout", Some(option));
    value.parse().map_err(|_| InvalidLevel { option, value: value.to_owned(), expected, place: place() })
}

/// The path of this program.
pub(super) fn this_program() -> Result<PathBuf, StartError> {
    std::env::current_exe().map_err(StartError::of("find its own executable file"))
}
