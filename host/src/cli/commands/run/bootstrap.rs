//! `run bootstrap` and `run init`: create a starter configuration, the directories, and `bin/buildout`.

use super::arguments::RunArguments;
use crate::cli::arguments::ConfigurationArguments;
use crate::cli::program::Program;
use crate::run::{self, Loaded, RunError};

/// `bootstrap` writes a configuration if none exists.
pub(super) fn write_if_missing(program: &Program, arguments: &ConfigurationArguments) -> Result<(), RunError> {
    if let Some(path) = arguments.path(&program.environment.directory)
        && run::write_configuration(&path)?
    {
        program.printer.text(&format!("Warning: creating {}", path.display()));
    }
    Ok(())
}

/// `init` fails if one exists.
pub(super) fn write_new(program: &Program, arguments: &ConfigurationArguments) -> Result<(), RunError> {
    if let Some(path) = arguments.path(&program.environment.directory) {
        run::write_new_configuration(&path)?;
        program.printer.text(&format!("Creating {}", path.display()));
    }
    Ok(())
}

pub(super) fn execute(program: &Program, arguments: &RunArguments, loaded: Loaded) -> Result<(), RunError> {
    program.session(loaded, arguments.settings(program)?)?.bootstrap().map(drop)
}
