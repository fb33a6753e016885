//! What is measured: a program at work in a buildout directory.

use std::path::{Path, PathBuf};

/// One of the programs, and its buildout directory.
pub(crate) struct Tool<'a> {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<&'a Path>,
    pub(crate) buildout: PathBuf,
}
