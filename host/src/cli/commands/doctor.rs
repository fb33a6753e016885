//! `doctor`: checks the machine.

use clap::{Args, ValueEnum};

use crate::cli::program::{Program, this_program};
use crate::cli::render;
use crate::doctor::{self, Check, CheckVerdict};
use crate::run::RunError;
use base::source::{Blame, Explain};

const EXAMPLES: &str = "\
Examples:
  buildout-host doctor           Show what is there, what is missing, and what to do
  buildout-host doctor --json    The same as JSON

Exit codes: 0 if nothing is missing, 1 if a program for builds is missing, 4 if native commands
cannot be confined here.";

/// `buildout-host doctor`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct DoctorArguments {
    /// Use this format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: DoctorFormat,
    /// Print one JSON object, as `--format json` does
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl DoctorArguments {
    /// Whether another program reads what the command prints.
    pub(super) fn is_read_by_programs(&self) -> bool {
        self.json || matches!(self.format, DoctorFormat::Json)
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum DoctorFormat {
    /// A line for each check
    Text,
    /// One JSON object
    Json,
}

/// Something is missing.
#[derive(Debug, thiserror::Error)]
enum Lacking {
    #[error("Native commands cannot be confined here: {0}")]
    Confinement(&'static str),
    #[error("This machine lacks: {0}")]
    Tools(String),
}

impl Explain for Lacking {
    fn blame(&self) -> Blame {
        match self {
            Self::Confinement(_) => Blame::Confinement,
            Self::Tools(_) => Blame::User,
        }
    }
}

pub(super) fn execute(program: &Program, arguments: &DoctorArguments) -> Result<(), RunError> {
    let checks = doctor::check(&program.environment, &this_program()?, &program.interrupt);
    if arguments.is_read_by_programs() {
        program.printer.json(&render::doctor::json(&checks));
    } else {
        program.printer.text(&render::doctor::text(&checks));
    }
    Ok(lacking(&checks).map_or(Ok(()), Err)?)
}

fn lacking(checks: &[Check]) -> Option<Lacking> {
    let with = |verdict| checks.iter().filter(move |check| check.verdict == verdict).map(|check| check.name);
    if let Some(name) = with(CheckVerdict::Unconfined).chain(with(CheckVerdict::Skipped)).next() {
        return Some(Lacking::Confinement(name));
    }
    let tools: Vec<&str> = with(CheckVerdict::Missing).collect();
    (!tools.is_empty()).then(|| Lacking::Tools(tools.join(", ")))
}
