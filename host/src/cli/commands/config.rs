//! `config`: shows the configuration.

use std::sync::Arc;

use clap::Args;

use crate::cli::arguments::{AssignmentsAndNames, ConfigurationArguments};
use crate::cli::program::Program;
use crate::cli::render::configuration;
use crate::run::RunError;
use config::options::{Buildout, NoRecipes};

const EXAMPLES: &str = "\
Examples:
  buildout-host config                       Show every section
  buildout-host config --json zlib:url       Show one option, and the places that it comes from
  buildout-host config buildout parts=docs   Show one section, with an assignment";

/// `buildout-host config`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct ConfigArguments {
    /// Sections and options to show (default: all), and assignments
    #[arg(value_name = "SECTION[:OPTION]|ASSIGNMENT")]
    words: Vec<String>,
    /// Print one JSON object, with raw and substituted values and the places that they come from
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    configuration: ConfigurationArguments,
}

pub(super) fn execute(program: &Program, arguments: &ConfigArguments) -> Result<(), RunError> {
    let AssignmentsAndNames { assignments, names } = AssignmentsAndNames::parse(&arguments.words)?;
    let loaded = program.load(&arguments.configuration, assignments)?;
    let buildout = Buildout::new(program.current(&loaded)?, Arc::new(NoRecipes));
    let choice = configuration::Choice::new(&names);
    let shown = if arguments.json {
        configuration::json(&buildout, &choice)?
    } else {
        configuration::text(&buildout, &choice)?
    };
    program.printer.verbatim(&shown);
    Ok(())
}
