//! `run query`: shows the unsubstituted value of one option, as zc.buildout does.

use crate::cli::program::Program;
use crate::cli::render::annotated;
use crate::run::{Loaded, RunError};

pub(super) fn execute(program: &Program, loaded: &Loaded, option: &str, verbose: bool) -> Result<(), RunError> {
    if verbose {
        program.printer.verbatim(&annotated::heading(option)?);
    }
    program.printer.verbatim(&annotated::option(&*program.current(loaded)?, option)?);
    Ok(())
}
