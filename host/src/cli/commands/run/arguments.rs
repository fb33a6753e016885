//! The arguments of `run`, and the settings of a run that follow from them.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::cli::arguments::{ConfigurationArguments, RegistryArguments, RemoteCacheArguments};
use crate::cli::output::Style;
use crate::cli::program::{Program, StartError};
use crate::run::{AfterFailure, CacheFlags, LockMode, RunError, RunSettings};
use base::jobserver::Jobs;
use config::Assignment;
use confine::ConfinementLevel;
use recipe::NativeSettings;

const EXAMPLES: &str = "\
Commands:
  install [PART…]        Make all parts, or only these (default)
  bootstrap              Create the directories and bin/buildout
  init                   Write a minimal buildout.cfg, then do what `bootstrap` does
  annotate [SECTION…]    Show all options and the places that they come from
  query SECTION:OPTION   Show an option as it was written

Assignments:
  SECTION:OPTION=VALUE   Set an option (`+=` adds lines to it, `-=` removes lines)
  OPTION=VALUE           Set an option of [buildout]

Examples:
  buildout-host run                              Make all parts of buildout.cfg
  buildout-host run install docs                 Make only the part docs
  buildout-host run -vc other.cfg debug:op=1     Read another file, show more messages, set an option
  buildout-host run -j auto                      Make as many parts at once as there are processors
  buildout-host run -o                           Work offline";

/// `buildout-host run`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, version, disable_version_flag = true)]
pub(in crate::cli) struct RunArguments {
    /// A command and its arguments, and assignments
    #[arg(value_name = "COMMAND|ASSIGNMENT")]
    pub(super) words: Vec<String>,
    #[command(flatten)]
    pub(super) configuration: ConfigurationArguments,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: RemoteCacheArguments,
    /// Fail if a part that can be cached is not in the cache
    #[arg(long, help_heading = "Remote cache")]
    require_cached: bool,
    /// Make up to N parts at once (`auto`: one for each processor)
    ///
    /// A part starts when all parts that it references are done.
    /// Builds share N jobs through the jobserver of GNU make.
    #[arg(verbatim_doc_comment, short, long, value_name = "N", default_value = "1", value_parser = jobs, help_heading = "Execution")]
    pub(super) jobs: usize,
    /// After a failure, continue with parts that do not depend on the failed one
    #[arg(long, help_heading = "Execution")]
    keep_going: bool,
    /// Fail if recipes.lock would have to change, or pylock.toml lacks a distribution
    #[arg(long, help_heading = "Execution")]
    locked: bool,
    /// Confine native commands at this level
    #[arg(long, value_name = "LEVEL", default_value = "full", help_heading = "Execution")]
    sandbox: Sandbox,
    /// Show more messages (can be repeated)
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output")]
    pub(super) verbose: u8,
    /// Show fewer messages (can be repeated)
    #[arg(short, long, action = ArgAction::Count, help_heading = "Output")]
    quiet: u8,
    /// Write messages in this style
    #[arg(long, value_name = "STYLE", default_value = "text", help_heading = "Output")]
    log_format: Style,
    /// Write an HTML page that shows when each part was made
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) timings: Option<PathBuf>,
    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Global options")]
    version: Option<bool>,
}

/// The value of `-j`. An empty value and zero are rejected, as in make and cargo.
fn jobs(value: &str) -> Result<usize, String> {
    if value == "auto" {
        return std::thread::available_parallelism().map(Into::into).map_err(|error| error.to_string());
    }
    match value.parse() {
        Ok(0) | Err(_) => Err("it must be a positive number or `auto`".into()),
        Ok(number) => Ok(number),
    }
}

/// `--sandbox`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Sandbox {
    /// Use everything that the operating system offers: namespaces, Landlock, seccomp
    Full,
    /// Use only Landlock and seccomp
    Partial,
    /// Do not confine them
    None,
}

impl Sandbox {
    fn level(self) -> ConfinementLevel {
        match self {
            Self::Full => ConfinementLevel::Full,
            Self::Partial => ConfinementLevel::Partial,
            Self::None => ConfinementLevel::None,
        }
    }
}

impl RunArguments {
    /// The style of messages, and whether several parts can be installed at once.
    pub(in crate::cli::commands) fn style(&self) -> (Style, bool) {
        (self.log_format, self.jobs > 1)
    }

    /// `-v` and `-q` as the option `verbosity`: each counts ten.
    pub(super) fn verbosity(&self) -> Option<Assignment> {
        let verbosity = (i32::from(self.verbose) - i32::from(self.quiet)) * 10;
        let letters = "v".repeat(self.verbose.into()) + &"q".repeat(self.quiet.into());
        (verbosity != 0)
            .then(|| Assignment::set("buildout", "verbosity", &verbosity.to_string(), &format!("-{letters}")))
    }

    /// How parts are installed.
    pub(super) fn settings(&self, program: &Program) -> Result<RunSettings, RunError> {
        let jobs = Jobs::new(self.jobs).map_err(StartError::of("create a jobserver"))?;
        let settings = program.default_settings()?;
        Ok(RunSettings {
            native: NativeSettings { level: self.sandbox.level(), jobs, ..settings.native },
            after_failure: if self.keep_going { AfterFailure::KeepGoing } else { AfterFailure::Stop },
            lock: if self.locked { LockMode::Locked } else { LockMode::Write },
            plain_http: self.registry.plain_http(),
            cache: CacheFlags { require: self.require_cached, ..self.cache.flags() },
            ..settings
        })
    }
}
