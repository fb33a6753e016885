//! The command line: `buildout-host` and its commands, and the grammar of 1.0's `buildout`.

use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand};

use config::Assignment;
use confine::Level;

use super::cache::CacheArguments;
use super::color::Color;
use super::graph::Format;
use super::key::KeyArguments;
use super::printer::Style;
use super::recipe::RecipeArguments;

/// The configuration that is read where none is named.
pub(super) const DEFAULT_FILE: &str = "buildout.cfg";

/// What `--version` says.
const PROGRAM: &str = "buildout-host";

const RUN_EXAMPLES: &str = "\
Commands:
  install [PART…]        Make the parts (default); with names, only those parts
  bootstrap              Create the directories and bin/buildout
  init                   Write a minimal buildout.cfg, then bootstrap
  annotate [SECTION…]    Show every option with the places it comes from
  query SECTION:OPTION   Show one option as it was written

Assignments: section:option=value, also += and -=; without a section, [buildout] is meant.

Examples:
  buildout-host run                              Make everything that buildout.cfg describes
  buildout-host run install docs                 Make only the part docs
  buildout-host run -vc other.cfg debug:op=1     Another file, more messages, one option set
  buildout-host run -j auto                      As many parts at a time as there are processors
  buildout-host run -o                           Work offline";

const PLAN_EXAMPLES: &str = "\
Examples:
  buildout-host plan                   What would `buildout-host run` do, and why?
  buildout-host plan -c other.cfg docs Only for the part docs";

const GRAPH_EXAMPLES: &str = "\
Examples:
  buildout-host graph --format svg > parts.svg   A drawing that any browser shows
  buildout-host graph | dot -Tpdf > parts.pdf    Drawn by Graphviz
  buildout-host graph --format mermaid docs      Only the part docs, and what it needs";

const CONFIG_EXAMPLES: &str = "\
Examples:
  buildout-host config                       Every section, after extends, macros and substitution
  buildout-host config --json zlib:url       One option, with the places it comes from
  buildout-host config buildout parts=docs   One section, with an assignment";

/// Runs buildouts: reads zc.buildout configurations and makes their parts with sandboxed WebAssembly recipes.
#[derive(Debug, Parser)]
#[command(name = PROGRAM, version, propagate_version = true)]
pub(super) struct Arguments {
    /// When to use colours.
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(super) color: Color,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make the parts of a buildout (what `buildout` does).
    #[command(display_name = PROGRAM)]
    Run(RunArguments),
    /// Show what a run would do, and why, without doing it.
    #[command(after_help = PLAN_EXAMPLES, display_name = PROGRAM)]
    Plan(PlanArguments),
    /// Show the parts that a run would make, and what they refer to.
    #[command(after_help = GRAPH_EXAMPLES, display_name = PROGRAM)]
    Graph(GraphArguments),
    /// Show the configuration as it is after extends, increments, macros and substitution.
    #[command(after_help = CONFIG_EXAMPLES, display_name = PROGRAM)]
    Config(ConfigArguments),
    /// Write recipes: start a project, build it, test it, sign it.
    #[command(display_name = PROGRAM)]
    Recipe(RecipeArguments),
    /// Make and keep the keys that recipes are signed by.
    #[command(display_name = PROGRAM)]
    Key(KeyArguments),
    /// Show or clear what recipes were compiled to.
    #[command(display_name = PROGRAM)]
    Cache(CacheArguments),
    /// Print a completion script for a shell.
    #[command(
        display_name = PROGRAM,
        after_help = "Example:\n  buildout-host completions bash > ~/.local/share/bash-completion/completions/buildout-host"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// `buildout`, as `bin/buildout` and a link of that name understand it.
#[derive(Debug, Parser)]
#[command(name = "buildout", version)]
pub(super) struct Buildout {
    /// When to use colours.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: Color,
    #[command(flatten)]
    pub(super) run: RunArguments,
}

/// What decides the configuration; every command has it.
#[derive(Debug, Args)]
pub(super) struct Configuring {
    /// The configuration file.
    #[arg(short, long = "config", value_name = "FILE", default_value = DEFAULT_FILE)]
    pub(super) config: String,
    /// Don't read the user's defaults (~/.buildout/default.cfg).
    #[arg(short = 'U', long)]
    pub(super) no_user_defaults: bool,
    /// Don't look for newer versions where what is there will do (buildout:newest=false).
    #[arg(short = 'N', long)]
    pub(super) non_newest: bool,
    /// Look for newer versions (buildout:newest=true).
    #[arg(short = 'n', long, overrides_with = "non_newest")]
    pub(super) newest: bool,
    /// Open no network connection (buildout:offline=true).
    #[arg(short = 'o', long)]
    pub(super) offline: bool,
    /// Use the network (buildout:offline=false).
    #[arg(short = 'O', long, overrides_with = "offline")]
    pub(super) online: bool,
    /// Give up on a silent server after so many seconds (buildout:socket-timeout).
    #[arg(short = 't', long, value_name = "SECONDS")]
    pub(super) socket_timeout: Option<u32>,
    /// Speak plain http with the registries of recipes too, which anybody on the way can read and change. (With this
    /// machine it is spoken anyway.)
    #[arg(long)]
    pub(super) plain_http: bool,
}

/// `buildout-host run`: the grammar of 1.0.
#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(super) struct RunArguments {
    #[command(flatten)]
    pub(super) configuring: Configuring,
    /// More messages; can be repeated.
    #[arg(short, action = ArgAction::Count)]
    pub(super) verbose: u8,
    /// Fewer messages; can be repeated.
    #[arg(short, action = ArgAction::Count)]
    pub(super) quiet: u8,
    /// Make up to N parts at a time, each as soon as what it refers to is done; their makes share N jobs. `auto`: as many
    /// as there are processors.
    #[arg(short, long, value_name = "N", default_value = "1", value_parser = jobs)]
    pub(super) jobs: usize,
    /// After a failure go on with parts that don't need the failed one.
    #[arg(long)]
    pub(super) keep_going: bool,
    /// Fail where recipes.lock would have to change.
    #[arg(long)]
    pub(super) locked: bool,
    /// How native commands are confined.
    #[arg(long, value_name = "LEVEL", default_value = "full")]
    pub(super) sandbox: Sandbox,
    /// How messages are written.
    #[arg(long, value_name = "STYLE", default_value = "text")]
    pub(super) log_format: Style,
    /// Write a page that shows when each part was made.
    #[arg(long, value_name = "FILE")]
    pub(super) timings: Option<PathBuf>,
    /// Assignments, the command and its arguments.
    #[arg(value_name = "ASSIGNMENT|COMMAND")]
    pub(super) words: Vec<String>,
}

/// The value of `-j`. None and zero are refused, as by make and cargo.
fn jobs(value: &str) -> Result<usize, String> {
    if value == "auto" {
        return std::thread::available_parallelism().map(Into::into).map_err(|error| error.to_string());
    }
    match value.parse() {
        Ok(0) | Err(_) => Err("a number from 1 on is expected, or `auto`".into()),
        Ok(number) => Ok(number),
    }
}

/// `--sandbox`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Sandbox {
    /// By all that the operating system has: namespaces, Landlock, seccomp.
    Full,
    /// Without namespaces.
    Partial,
    /// Not at all.
    None,
}

impl Sandbox {
    pub(super) fn level(self) -> Level {
        match self {
            Self::Full => Level::Full,
            Self::Partial => Level::Partial,
            Self::None => Level::None,
        }
    }
}

/// `buildout-host plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    #[command(flatten)]
    pub(super) configuring: Configuring,
    /// One JSON object instead of text.
    #[arg(long)]
    pub(super) json: bool,
    /// Parts (all where none is named) and assignments.
    #[arg(value_name = "PART|ASSIGNMENT")]
    pub(super) words: Vec<String>,
}

/// `buildout-host graph`.
#[derive(Debug, Args)]
pub(super) struct GraphArguments {
    #[command(flatten)]
    pub(super) configuring: Configuring,
    /// How the graph is written.
    #[arg(long, value_name = "FORMAT", default_value = "dot")]
    pub(super) format: Format,
    /// Parts (all where none is named) and assignments.
    #[arg(value_name = "PART|ASSIGNMENT")]
    pub(super) words: Vec<String>,
}

/// `buildout-host config`.
#[derive(Debug, Args)]
pub(super) struct ConfigArguments {
    #[command(flatten)]
    pub(super) configuring: Configuring,
    /// One JSON object with raw and substituted values and where they come from.
    #[arg(long)]
    pub(super) json: bool,
    /// Sections or options to show (all where none is named), and assignments.
    #[arg(value_name = "SECTION[:OPTION]|ASSIGNMENT")]
    pub(super) words: Vec<String>,
}

/// A command of 1.0's grammar.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RunCommand {
    Install(Vec<String>),
    Bootstrap,
    Init,
    Annotate(Vec<String>),
    Query(String),
}

/// A command line that cannot be understood: exit 2.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum UsageError {
    #[error("Invalid command: `{0}`; there are install, bootstrap, init, annotate and query")]
    UnknownCommand(String),
    #[error("`{0}` takes no argument, but got `{1}`")]
    Unexpected(&'static str, String),
    #[error("`query` takes one argument: an option, as section:option")]
    Query,
    #[error(transparent)]
    Assignment(#[from] config::AssignmentError),
}

impl base::source::Explain for UsageError {
    fn hints(&self) -> Vec<String> {
        let command = match self {
            Self::UnknownCommand(command) => command,
            Self::Assignment(error) => return error.hints(),
            Self::Unexpected(..) | Self::Query => return Vec::new(),
        };
        let commands = ["install", "bootstrap", "init", "annotate", "query"];
        let near = base::source::nearest(command, commands).map(base::source::did_you_mean);
        near.into_iter().chain([format!("To make only the part {command}, write `install {command}`.")]).collect()
    }

    fn blame(&self) -> base::source::Blame {
        base::source::Blame::Usage
    }
}

/// Sorts words into assignments (they hold a `=`) and the others, in order.
pub(super) fn split(words: &[String]) -> Result<(Vec<Assignment>, Vec<String>), UsageError> {
    let mut assignments = Vec::new();
    let mut others = Vec::new();
    for word in words {
        match Assignment::parse(word)? {
            Some(assignment) => assignments.push(assignment),
            None => others.push(word.clone()),
        }
    }
    Ok((assignments, others))
}

/// The command that words (without assignments) name.
pub(super) fn command(words: &[String]) -> Result<RunCommand, UsageError> {
    let Some((name, arguments)) = words.split_first() else { return Ok(RunCommand::Install(Vec::new())) };
    let none = |command: &'static str, then: RunCommand| match arguments.first() {
        None => Ok(then),
        Some(extra) => Err(UsageError::Unexpected(command, extra.clone())),
    };
    match name.as_str() {
        "install" => Ok(RunCommand::Install(arguments.to_vec())),
        "bootstrap" => none("bootstrap", RunCommand::Bootstrap),
        "init" => none("init", RunCommand::Init),
        "annotate" => Ok(RunCommand::Annotate(arguments.to_vec())),
        "query" => match arguments {
            [option] => Ok(RunCommand::Query(option.clone())),
            _ => Err(UsageError::Query),
        },
        _ => Err(UsageError::UnknownCommand(name.clone())),
    }
}

impl Configuring {
    /// What the options say, as the assignments that zc.buildout makes of them.
    pub(super) fn assignments(&self) -> Vec<Assignment> {
        let set = |option: &str, value: &str, written: &str| Assignment::set("buildout", option, value, written);
        let newest = if self.newest { Some(("true", "-n")) } else { self.non_newest.then_some(("false", "-N")) };
        let newest = newest.map(|(value, written)| set("newest", value, written));
        let offline = if self.offline { Some(("true", "-o")) } else { self.online.then_some(("false", "-O")) };
        let offline = offline.map(|(value, written)| set("offline", value, written));
        let timeout = self.socket_timeout.map(|seconds| seconds.to_string());
        let timeout = timeout.map(|seconds| set("socket-timeout", &seconds, &format!("-t {seconds}")));
        [newest, offline, timeout].into_iter().flatten().collect()
    }

    /// Whether the configuration is named by a URL.
    pub(super) fn path(&self, directory: &std::path::Path) -> Option<PathBuf> {
        (!self.config.contains("://")).then(|| directory.join(&self.config))
    }
}

impl RunArguments {
    /// `-v` and `-q` as the option `verbosity`: ten for each.
    pub(super) fn verbosity(&self) -> Option<Assignment> {
        let verbosity = (i32::from(self.verbose) - i32::from(self.quiet)) * 10;
        let letters = "v".repeat(self.verbose.into()) + &"q".repeat(self.quiet.into());
        (verbosity != 0)
            .then(|| Assignment::set("buildout", "verbosity", &verbosity.to_string(), &format!("-{letters}")))
    }
}

/// The completion script for a shell.
pub(super) fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "buildout-host", &mut script);
    script
}
