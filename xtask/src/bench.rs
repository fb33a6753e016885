//! The benchmark against zc.buildout.

use crate::build::build;
use crate::workspace::{Failure, Workspace};

/// Builds the host, then measures.
pub(crate) fn bench(workspace: &Workspace, _arguments: &[String]) -> Result<(), Failure> {
    build(workspace)?;
    Err(Failure::new("The benchmark is not part of this version."))
}
