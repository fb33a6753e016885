//! A project that was installed in editable mode.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A developed project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevelopedProject {
    /// Its name.
    pub name: String,
    /// The files that were put into the directory of develop eggs, sorted.
    pub paths: Vec<PathBuf>,
    /// The namespaces that it declares in the old way, one per line.
    pub namespaces: Option<String>,
}
