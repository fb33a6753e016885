//! What is loaded, and with which parts of the world.

use std::path::PathBuf;

use crate::condition::Facts;
use crate::location::is_url;
use crate::{Assignment, Reader};
use base::environment::Environment;

/// What to load.
pub struct LoadRequest<'a> {
    /// The main file; `None` for a buildout without one (`directory` is then the working directory).
    pub file: Option<ConfigFile>,
    /// The process environment.
    pub environment: &'a Environment,
    /// Whether the user's defaults are read (not with `-U`).
    pub use_user_defaults: bool,
    /// Command-line assignments, in order.
    pub assignments: &'a [Assignment],
    /// The running Python: the default of `[buildout] executable`.
    pub executable: &'a str,
    /// Reads files and URLs.
    pub reader: &'a dyn Reader,
    /// The facts for conditions.
    pub facts: &'a dyn Facts,
}

/// The main file, as specified on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// A path, absolute or relative to the working directory.
    Path(PathBuf),
    /// A URL.
    Url(String),
}

impl ConfigFile {
    /// Parses the argument of `-c`.
    pub fn parse(name: &str) -> Self {
        if is_url(name) { Self::Url(name.to_owned()) } else { Self::Path(PathBuf::from(name)) }
    }
}
