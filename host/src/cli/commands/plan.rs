//! `plan`: shows what a run would do.

use clap::Args;

use crate::cli::arguments::{AssignmentsAndNames, ConfigurationArguments, RegistryArguments, RemoteCacheArguments};
use crate::cli::program::Program;
use crate::cli::render;
use crate::run::{RunError, RunSettings};

const EXAMPLES: &str = "\
Examples:
  buildout-host plan                     Show what `buildout-host run` would do, and why
  buildout-host plan -c other.cfg docs   The same for the part docs of another configuration";

/// `buildout-host plan`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct PlanArguments {
    /// Parts to plan (default: all), and assignments
    #[arg(value_name = "PART|ASSIGNMENT")]
    words: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: RemoteCacheArguments,
}

pub(super) fn execute(program: &Program, arguments: &PlanArguments) -> Result<(), RunError> {
    let AssignmentsAndNames { assignments, names } = AssignmentsAndNames::parse(&arguments.words)?;
    let configuration = program.load(&arguments.configuration, assignments)?;
    let settings = program.inspection_settings(&arguments.registry)?;
    let settings = RunSettings { cache: arguments.cache.flags(), ..settings };
    let outlook = program.session(configuration, settings)?.plan(&names)?;
    if arguments.json {
        program.printer.json(&render::plan::json(&outlook));
    } else {
        program.printer.text(&render::plan::text(&outlook));
    }
    Ok(())
}
