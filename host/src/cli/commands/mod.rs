//! The commands and the command line as a whole. Each file contains the arguments of one command and its
//! implementation.

mod cache;
mod completions;
mod config;
mod doctor;
mod graph;
mod help;
mod init;
mod key;
mod language_server;
mod lock;
mod make_part;
mod manual;
mod plan;
mod recipe;
mod run;
mod version;

use std::ffi::OsString;
use std::path::Path;

use clap::{ArgAction, CommandFactory as _, Parser, Subcommand};

pub(super) use cache::FurtherCache;
pub(super) use make_part::go_to_work;

use super::arguments::{Color, GlobalArguments};
use super::output::Style;
use super::program::Program;
use crate::run::RunError;

/// The name of the program in help and messages.
const PROGRAM: &str = "buildout-host";

/// Runs buildouts: reads zc.buildout configurations and makes their parts with sandboxed WebAssembly recipes
#[derive(Debug, Parser)]
#[command(name = PROGRAM, version, disable_help_subcommand = true, disable_help_flag = true, disable_version_flag = true)]
#[command(after_help = "`buildout-host COMMAND --help` shows the options of a command, and examples.")]
struct ProgramArguments {
    #[command(flatten)]
    global: GlobalArguments,
    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Global options")]
    version: Option<bool>,
    #[command(subcommand)]
    command: AnyCommand,
}

/// Makes the parts of a buildout
#[derive(Debug, Parser)]
#[command(name = "buildout", version, disable_help_flag = true)]
struct BuildoutArguments {
    #[command(flatten)]
    global: GlobalArguments,
    #[command(flatten)]
    run: run::RunArguments,
}

/// A command, or the request to explain one.
#[derive(Debug, Subcommand)]
enum AnyCommand {
    #[command(flatten)]
    Command(Box<Command>),
    /// Show the help of a command
    Help(help::HelpArguments),
}

/// What the program is to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make the parts of a buildout (as `buildout` does)
    #[command(display_name = PROGRAM)]
    Run(run::RunArguments),
    /// Show what a run would do, and why
    Plan(plan::PlanArguments),
    /// Lock the Python distributions of a buildout in pylock.toml
    Lock(lock::LockArguments),
    /// Show the parts of a buildout and the references between them
    Graph(graph::GraphArguments),
    /// Show the configuration after `extends`, `+=` and `-=`, macros and substitution
    Config(config::ConfigArguments),
    /// Write, test, sign and publish recipes
    Recipe(recipe::RecipeArguments),
    /// Manage the keys that sign recipes
    Key(key::KeyArguments),
    /// Show or clear the caches of compiled recipes, parts and downloads
    Cache(cache::CacheArguments),
    /// Write a starter configuration that fits this directory
    Init(init::InitArguments),
    /// Check this machine, and show what is missing and what to do
    Doctor(doctor::DoctorArguments),
    /// Answer the requests of an editor: errors, definitions, values and completions
    LanguageServer(language_server::LanguageServerArguments),
    /// Write the manual pages, for packages
    #[command(hide = true)]
    ManPages(manual::ManualArguments),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArguments),
    /// Make one part, as a worker of a remote executor
    #[command(hide = true)]
    MakePart,
}

impl Command {
    /// Executes the command.
    pub(super) fn execute(self, program: &Program) -> Result<(), RunError> {
        match self {
            Self::Run(arguments) => run::execute(program, &arguments),
            Self::Plan(arguments) => plan::execute(program, &arguments),
            Self::Lock(arguments) => lock::execute(program, &arguments),
            Self::Graph(arguments) => graph::execute(program, &arguments),
            Self::Config(arguments) => config::execute(program, &arguments),
            Self::Recipe(arguments) => recipe::execute(program, &arguments),
            Self::Key(arguments) => key::execute(program, &arguments),
            Self::Cache(arguments) => cache::execute(program, &arguments),
            Self::Init(arguments) => init::execute(program, &arguments),
            Self::LanguageServer(arguments) => language_server::execute(program, &arguments),
            Self::ManPages(arguments) => manual::execute(program, &arguments, command_line()),
            Self::MakePart => make_part::execute(program),
            Self::Doctor(arguments) => doctor::execute(program, &arguments),
            Self::Completions(arguments) => {
                completions::execute(program, &arguments, &command_line());
                Ok(())
            }
        }
    }

    /// The style of messages, and whether several parts can be installed at once.
    pub(super) fn style(&self) -> (Style, bool) {
        match self {
            Self::Run(arguments) => arguments.style(),
            _ => (Style::Text, false),
        }
    }

    /// Whether another program reads what the command prints, so no message may be in it.
    pub(super) fn is_read_by_programs(&self) -> bool {
        match self {
            Self::Plan(arguments) => arguments.json,
            Self::Recipe(arguments) => arguments.is_read_by_programs(),
            Self::Key(arguments) => arguments.is_read_by_programs(),
            Self::Cache(arguments) => arguments.json,
            Self::Doctor(arguments) => arguments.is_read_by_programs(),
            Self::Graph(_) | Self::Config(_) | Self::LanguageServer(_) | Self::Completions(_) => true,
            Self::Run(_) | Self::Lock(_) | Self::Init(_) | Self::ManPages(_) | Self::MakePart => false,
        }
    }
}

/// A parsed command line.
pub(super) struct CommandLine {
    pub(super) command: Command,
    pub(super) color: Color,
}

/// All commands and their flags.
pub(super) fn command_line() -> clap::Command {
    ProgramArguments::command()
}

/// Parses the command line. Called as `buildout`, the program accepts the grammar of `run` directly.
pub(super) fn parse(arguments: &[OsString]) -> Result<CommandLine, clap::Error> {
    let name = arguments.first().and_then(|called| Path::new(called).file_name());
    if name.is_some_and(|name| name == "buildout") {
        let BuildoutArguments { global, run } = BuildoutArguments::try_parse_from(arguments)?;
        return Ok(CommandLine { command: Command::Run(run), color: global.color });
    }
    if let Some(version) = version::asked(arguments, command_line()) {
        return Err(version);
    }
    let ProgramArguments { global, command, .. } = ProgramArguments::try_parse_from(arguments)?;
    match command {
        AnyCommand::Command(command) => Ok(CommandLine { command: *command, color: global.color }),
        AnyCommand::Help(arguments) => parse(&arguments.as_flag()),
    }
}
