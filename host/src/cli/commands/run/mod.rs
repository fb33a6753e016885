//! `run`: the grammar of 1.0's `buildout`: commands, flags and assignments, in any order.

mod annotate;
mod arguments;
mod bootstrap;
mod command;
mod install;
mod query;

use crate::cli::arguments::AssignmentsAndNames;
use crate::cli::program::Program;
use crate::run::RunError;

pub(super) use arguments::RunArguments;
use command::RunCommand;

pub(super) fn execute(program: &Program, arguments: &RunArguments) -> Result<(), RunError> {
    let AssignmentsAndNames { mut assignments, names } = AssignmentsAndNames::parse(&arguments.words)?;
    let command = RunCommand::parse(&names)?;
    assignments.extend(arguments.verbosity());
    match command {
        RunCommand::Bootstrap => bootstrap::write_if_missing(program, &arguments.configuration)?,
        RunCommand::Init => bootstrap::write_new(program, &arguments.configuration)?,
        RunCommand::Install(_) | RunCommand::Annotate(_) | RunCommand::Query(_) => {}
    }
    let loaded = program.load(&arguments.configuration, assignments)?;
    let verbose = arguments.verbose > 0;
    match command {
        RunCommand::Install(parts) => install::execute(program, arguments, loaded, &parts),
        RunCommand::Bootstrap | RunCommand::Init => bootstrap::execute(program, arguments, loaded),
        RunCommand::Annotate(sections) => annotate::execute(program, &loaded, &sections, verbose),
        RunCommand::Query(option) => query::execute(program, &loaded, &option, verbose),
    }
}
