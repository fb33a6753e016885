//! `run annotate`: shows all options and where they come from, as zc.buildout does.

use crate::cli::program::Program;
use crate::cli::render::annotated;
use crate::run::{Loaded, RunError};

pub(super) fn execute(program: &Program, loaded: &Loaded, sections: &[String], verbose: bool) -> Result<(), RunError> {
    program.printer.verbatim(&annotated::sections(&*program.current(loaded)?, sections, verbose)?);
    Ok(())
}
