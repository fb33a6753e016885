//! The command line: understands arguments, calls the library, prints, and decides the exit code. The only printer.

mod arguments;
mod cache;
mod color;
mod config;
mod failure;
mod graph;
mod json_events;
mod key;
mod live;
mod log_format;
mod markup;
mod passphrase;
mod plan;
mod printer;
mod recipe;
mod signals;
mod summary;
mod timings;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

use crate::run::{self, AfterFailure, Loaded, Loader, LockMode, RunError, RunSettings, Session};
use ::config::options::{Buildout, NoRecipes};
use ::config::{Assignment, ConfigError, ConfigFile, Configuration};
use ::recipe::NativeSettings;
use base::environment::Environment;
use base::event::{Level, Report};
use base::interrupt::Interrupt;
use base::jobs::Jobs;
use base::source::{Blame, Explain, Place};

use arguments::{
    Arguments, Command, ConfigArguments, Configuring, DEFAULT_FILE, GraphArguments, PlanArguments, RunArguments,
    RunCommand,
};
use color::Color;
use log_format::{InvalidFormat, LogFormat};
use printer::{Printer, PrinterSettings, Style};
use timings::Timings;

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let thread = std::thread::Builder::new().name("buildout".into()).stack_size(::config::options::STACK_SIZE);
    match thread.spawn(main_thread) {
        // A panic has been printed by then; it is a fault of ours.
        Ok(thread) => thread.join().unwrap_or(ExitCode::from(failure::exit_code(Blame::Host))),
        Err(error) => {
            failure::print(&Start(format!("no thread can be started: {error}")), false);
            ExitCode::from(failure::exit_code(Blame::User))
        }
    }
}

fn main_thread() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let (command, color) = match parse(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            return ExitCode::from(failure::print_clap(&error));
        }
    };
    let environment = match Environment::of_process() {
        Ok(environment) => environment,
        Err(error) => {
            failure::print(&Start(format!("the working directory cannot be used: {error}")), false);
            return ExitCode::from(failure::exit_code(Blame::User));
        }
    };
    let style = if let Command::Run(run) = &command { run.log_format } else { Style::Text };
    let several = matches!(&command, Command::Run(run) if run.jobs > 1);
    let interrupt = match signals::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            failure::print(&Start(format!("signals cannot be listened to: {error}")), false);
            return ExitCode::from(failure::exit_code(Blame::User));
        }
    };
    let printer = Printer::new(&PrinterSettings { style, several, color, environment: &environment });
    let colors = color.wanted(io::stderr().is_terminal(), &environment);
    let program = Program { environment, printer: Arc::new(printer), interrupt };
    let outcome = program.execute(command);
    program.printer.finish();
    match outcome.and_then(|()| program.check_output()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let failures = error.failures();
            failures.iter().for_each(|failure| failure::print(failure, colors));
            ExitCode::from(failures.iter().map(|failure| failure::exit_code(failure.blame())).max().unwrap_or(1))
        }
    }
}

/// Under the name `buildout` the program takes 1.0's grammar directly.
fn parse(arguments: &[OsString]) -> Result<(Command, Color), clap::Error> {
    let called = arguments.first().map(PathBuf::from);
    if called.and_then(|path| path.file_name().map(|name| name == "buildout")) == Some(true) {
        let arguments::Buildout { color, run } = arguments::Buildout::try_parse_from(arguments)?;
        return Ok((Command::Run(run), color));
    }
    let Arguments { color, command } = Arguments::try_parse_from(arguments)?;
    Ok((command, color))
}

/// A process that cannot start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Start(String);

impl Explain for Start {}

/// A `log-format` that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct InvalidFormatOf {
    error: InvalidFormat,
    place: Option<Place>,
}

impl Explain for InvalidFormatOf {
    fn place(&self) -> Option<Place> {
        self.place.clone()
    }
}

/// A value of `[buildout]` that decides how messages are shown, and cannot.
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

/// The program with its surroundings.
struct Program {
    environment: Environment,
    printer: Arc<Printer>,
    interrupt: Interrupt,
}

impl Program {
    fn execute(&self, command: Command) -> Result<(), RunError> {
        match command {
            Command::Run(arguments) => self.run(&arguments),
            Command::Plan(arguments) => self.plan(&arguments),
            Command::Graph(arguments) => self.graph(&arguments),
            Command::Config(arguments) => self.config(&arguments),
            Command::Recipe(arguments) => self.recipe(&arguments),
            Command::Cache(arguments) => self.cache(&arguments),
            Command::Key(arguments) => self.key(&arguments),
            Command::Completions { shell } => {
                self.printer.text(&String::from_utf8_lossy(&arguments::completions(shell)));
                Ok(())
            }
        }
    }

    /// Whatever was done, a program whose words got lost has failed.
    fn check_output(&self) -> Result<(), RunError> {
        self.printer.take_failure().map_or(Ok(()), |error| Err(failure::Output(error).into()))
    }

    fn run(&self, arguments: &RunArguments) -> Result<(), RunError> {
        let (mut assignments, words) = arguments::split(&arguments.words)?;
        let command = arguments::command(&words)?;
        assignments.extend(arguments.verbosity());
        let configuring = &arguments.configuring;
        self.prepare(&command, configuring)?;
        let configuration = self.load(configuring, assignments)?;
        match command {
            RunCommand::Install(parts) => {
                // The process ends after this: freeing thousands of values one by one would be for nobody.
                let settings = self.run_settings(arguments)?;
                let Some(file) = &arguments.timings else {
                    let session = self.session(configuration, settings)?;
                    return std::mem::ManuallyDrop::new(session).install(&parts);
                };
                let report = Arc::clone(&self.printer) as Arc<dyn Report>;
                let timings = Arc::new(Timings::new(report, self.environment.directory.join(file)));
                let session = self.session_told_to(configuration, settings, Arc::clone(&timings) as _)?;
                let outcome = session.install(&parts);
                let written = timings.write(&session, arguments.jobs);
                outcome.and(written)
            }
            RunCommand::Bootstrap | RunCommand::Init => {
                self.session(configuration, self.run_settings(arguments)?)?.bootstrap().map(drop)
            }
            RunCommand::Annotate(sections) => {
                let seen = self.seen_now(&configuration)?;
                self.printer.text(&config::annotate(&seen, &sections, arguments.verbose > 0)?);
                Ok(())
            }
            RunCommand::Query(option) => {
                let seen = self.seen_now(&configuration)?;
                self.printer.text(&config::query(&seen, &option, arguments.verbose > 0)?);
                Ok(())
            }
        }
    }

    /// `bootstrap` and `init` write a configuration where there is none.
    fn prepare(&self, command: &RunCommand, configuring: &Configuring) -> Result<(), RunError> {
        let Some(path) = configuring.path(&self.environment.directory) else { return Ok(()) };
        match command {
            RunCommand::Bootstrap => {
                if run::write_configuration(&path)? {
                    self.printer.text(&format!("Warning: creating {}", path.display()));
                }
            }
            RunCommand::Init => {
                run::write_new_configuration(&path)?;
                self.printer.text(&format!("Creating {}", path.display()));
            }
            RunCommand::Install(_) | RunCommand::Annotate(_) | RunCommand::Query(_) => {}
        }
        Ok(())
    }

    /// How parts are made, as the command line says.
    fn run_settings(&self, arguments: &RunArguments) -> Result<RunSettings, RunError> {
        let jobs = Jobs::new(arguments.jobs).map_err(|error| Start(format!("a jobserver cannot be made: {error}")))?;
        let after_failure = if arguments.keep_going { AfterFailure::KeepGoing } else { AfterFailure::Stop };
        let lock = if arguments.locked { LockMode::Locked } else { LockMode::Write };
        let plain_http = arguments.configuring.plain_http;
        Ok(RunSettings { lock, plain_http, ..self.settings(arguments.sandbox.level(), jobs, after_failure)? })
    }

    fn settings(
        &self,
        level: confine::Level,
        jobs: Jobs,
        after_failure: AfterFailure,
    ) -> Result<RunSettings, RunError> {
        let native = NativeSettings { level, interrupt: self.interrupt.clone(), jobs };
        Ok(RunSettings { native, after_failure, lock: LockMode::Leave, plain_http: false, program: this_program()? })
    }

    /// For a command that makes nothing.
    fn looking_settings(&self, configuring: &Configuring) -> Result<RunSettings, RunError> {
        let settings = self.settings(confine::Level::Full, Jobs::one(), AfterFailure::Stop)?;
        Ok(RunSettings { plain_http: configuring.plain_http, ..settings })
    }

    fn plan(&self, arguments: &PlanArguments) -> Result<(), RunError> {
        let (assignments, parts) = arguments::split(&arguments.words)?;
        let configuration = self.load(&arguments.configuring, assignments)?;
        let settings = self.looking_settings(&arguments.configuring)?;
        let outlook = self.session(configuration, settings)?.plan(&parts)?;
        self.printer.text(&if arguments.json { plan::json(&outlook) } else { plan::text(&outlook) });
        Ok(())
    }

    fn graph(&self, arguments: &GraphArguments) -> Result<(), RunError> {
        let (assignments, parts) = arguments::split(&arguments.words)?;
        let configuration = self.load(&arguments.configuring, assignments)?;
        let settings = self.looking_settings(&arguments.configuring)?;
        let graph = self.session(configuration, settings)?.graph(&parts)?;
        self.printer.text(&graph::text(&graph, arguments.format));
        Ok(())
    }

    fn config(&self, arguments: &ConfigArguments) -> Result<(), RunError> {
        let (assignments, chosen) = arguments::split(&arguments.words)?;
        let configuration = self.load(&arguments.configuring, assignments)?;
        let buildout = Buildout::new(self.seen_now(&configuration)?, Arc::new(NoRecipes));
        self.printer.text(&config::config(&buildout, &chosen, arguments.json)?);
        Ok(())
    }

    fn load(&self, configuring: &Configuring, assignments: Vec<Assignment>) -> Result<Loaded, RunError> {
        let loader = Loader {
            environment: self.environment.clone(),
            report: Arc::clone(&self.printer) as _,
            file: ConfigFile::parse(&configuring.config),
            use_user_defaults: !configuring.no_user_defaults,
            assignments: configuring.assignments().into_iter().chain(assignments).collect(),
        };
        let loaded = Arc::new(loader).load().map_err(|error| self.with_remedy(configuring, error))?;
        for notice in &loaded.configuration.notices {
            (&*self.printer as &dyn Report).log(Level::Info, notice);
        }
        Ok(loaded)
    }

    /// The configuration for showing it.
    fn seen_now(&self, loaded: &Loaded) -> Result<Arc<Configuration>, RunError> {
        loaded.seen_now(&self.settings(confine::Level::Full, Jobs::one(), AfterFailure::Stop)?.native)
    }

    /// What to do when the main file is not there, or is none.
    fn with_remedy(&self, configuring: &Configuring, mut error: ConfigError) -> ConfigError {
        let Some(path) = configuring.path(&self.environment.directory) else { return error };
        let named = configuring.config != DEFAULT_FILE;
        let hint = match path.metadata() {
            Ok(metadata) if metadata.is_dir() => "`-c` takes the name of a file, by default `buildout.cfg`.",
            Err(cause) if cause.kind() == io::ErrorKind::NotFound && named => {
                "Check the name behind `-c`; `init` writes a first configuration there."
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                "Go to a directory with a buildout, or name a configuration with `-c FILE`; \
                 `buildout-host run init` writes a first one here."
            }
            _ => return error,
        };
        if let Some(trouble) = error.troubles.first_mut() {
            trouble.hints.push(hint.into());
        }
        error
    }

    fn session(&self, configuration: Loaded, settings: RunSettings) -> Result<Session, RunError> {
        self.session_told_to(configuration, settings, Arc::clone(&self.printer) as _)
    }

    /// A session whose events go to `report`.
    fn session_told_to(
        &self,
        configuration: Loaded,
        settings: RunSettings,
        report: Arc<dyn Report>,
    ) -> Result<Session, RunError> {
        let session = Session::new(configuration, &self.environment, report, settings)?;
        self.configure_printer(&session.buildout)?;
        Ok(session)
    }

    /// Level and format of messages, from `log-level`, `verbosity` and `log-format`.
    fn configure_printer(&self, buildout: &Buildout) -> Result<(), RunError> {
        let option = |name: &str| buildout.get("buildout", name).map(Option::unwrap_or_default);
        let level: i32 = match option("log-level")?.as_str() {
            "DEBUG" => 10,
            "INFO" => 20,
            "WARNING" => 30,
            "ERROR" => 40,
            "CRITICAL" => 50,
            value => value.parse().map_err(|_| InvalidLevel {
                option: "log-level",
                value: value.to_owned(),
                expected: "there are DEBUG, INFO, WARNING, ERROR, CRITICAL, and numbers",
                place: buildout.place_of("buildout", Some("log-level")),
            })?,
        };
        let verbosity: i32 = match option("verbosity")?.trim() {
            "" => 0,
            value => value.parse().map_err(|_| InvalidLevel {
                option: "verbosity",
                value: value.to_owned(),
                expected: "a number is expected",
                place: buildout.place_of("buildout", Some("verbosity")),
            })?,
        };
        let format = option("log-format")?;
        let place = || buildout.place_of("buildout", Some("log-format"));
        let format = match format.as_str() {
            "" => LogFormat::default(),
            text => LogFormat::parse(text).map_err(|error| InvalidFormatOf { error, place: place() })?,
        };
        self.printer.configure(level.saturating_sub(verbosity), format);
        Ok(())
    }
}

fn this_program() -> Result<PathBuf, RunError> {
    Ok(std::env::current_exe().map_err(|error| Start(format!("where this program is cannot be found out: {error}")))?)
}
