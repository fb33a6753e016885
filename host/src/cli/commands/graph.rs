//! `graph`: shows parts and the references between them.

use clap::Args;

use crate::cli::arguments::{AssignmentsAndNames, ConfigurationArguments, RegistryArguments};
use crate::cli::program::Program;
use crate::cli::render::graph::{self, GraphFormat};
use crate::run::RunError;

const EXAMPLES: &str = "\
Examples:
  buildout-host graph --format svg > parts.svg   Draw the graph for a browser
  buildout-host graph | dot -Tpdf > parts.pdf    Let Graphviz draw it
  buildout-host graph --format mermaid docs      Draw only docs and the parts that it references";

/// `buildout-host graph`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct GraphArguments {
    /// Parts to show (default: all), and assignments
    #[arg(value_name = "PART|ASSIGNMENT")]
    words: Vec<String>,
    /// Write the graph in this format
    #[arg(long, value_name = "FORMAT", default_value = "dot")]
    format: GraphFormat,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub(super) fn execute(program: &Program, arguments: &GraphArguments) -> Result<(), RunError> {
    let AssignmentsAndNames { assignments, names } = AssignmentsAndNames::parse(&arguments.words)?;
    let configuration = program.load(&arguments.configuration, assignments)?;
    let settings = program.inspection_settings(&arguments.registry)?;
    let parts = program.session(configuration, settings)?.graph(&names)?;
    program.printer.verbatim(&graph::text(&parts, arguments.format));
    Ok(())
}
