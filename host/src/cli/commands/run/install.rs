//! `run install`: installs parts.

use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;

use super::arguments::RunArguments;
use crate::cli::output::Timings;
use crate::cli::program::Program;
use crate::run::{Loaded, RunError};
use base::event::Report;

pub(super) fn execute(
    program: &Program,
    arguments: &RunArguments,
    loaded: Loaded,
    parts: &[String],
) -> Result<(), RunError> {
    match &arguments.timings {
        Some(file) => with_timings(program, arguments, loaded, parts, file),
        // The process exits after this, so the session's thousands of values need not be freed one by one.
        None => ManuallyDrop::new(program.session(loaded, arguments.settings(program)?)?).install(parts),
    }
}

fn with_timings(
    program: &Program,
    arguments: &RunArguments,
    loaded: Loaded,
    parts: &[String],
    file: &Path,
) -> Result<(), RunError> {
    let timings = Arc::new(Timings::new(Arc::clone(&program.printer) as Arc<dyn Report>));
    let settings = arguments.settings(program)?;
    let session = program.session_reporting_to(Arc::clone(&timings) as _, loaded, settings)?;
    let outcome = session.install(parts);
    let written = timings.write(&program.path(file), &session, arguments.jobs);
    outcome.and(written)
}
