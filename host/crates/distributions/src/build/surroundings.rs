//! What a build gets from outside: who runs its commands, where it finds what it requires, and its options.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::error::BuildError;
use crate::requirement::Requirement;

/// A command of a build.
#[derive(Clone, Debug, Default)]
pub struct BuildCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its working directory.
    pub directory: PathBuf,
    /// All of its environment.
    pub environment: BTreeMap<OsString, OsString>,
    /// Paths that it may read in addition to the system and the Python.
    pub read: Vec<PathBuf>,
    /// Paths that it may write.
    pub write: Vec<PathBuf>,
    /// Its deadline.
    pub deadline: Option<Duration>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandEnd {
    /// With status 0.
    Well,
    /// Otherwise: a description of how it ended.
    Otherwise(String),
    /// The run was interrupted.
    Interrupted,
}

/// Runs the commands of builds, confined: without network, home directory, and the host's environment.
pub trait Commands: Sync {
    /// Runs a command until it ends; no process that it started outlives it. `on_line` gets its output.
    ///
    /// # Errors
    /// When it cannot be started.
    fn run(&self, command: &BuildCommand, on_line: &mut dyn FnMut(&str)) -> Result<CommandEnd, BuildError>;
}

/// Where a build finds what it requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildEnvironment {
    /// The directory, with `lib` and `bin` in it. It must not be changed.
    pub directory: PathBuf,
    /// The digest of its contents.
    pub identity: String,
}

/// Finds or makes the environments that builds require.
pub trait Environments: Sync {
    /// An environment that meets the requirements.
    ///
    /// # Errors
    /// When none can be made.
    fn environment(&self, requirements: &[Requirement]) -> Result<BuildEnvironment, BuildError>;
}

/// How something is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// The section `[build_ext]` of `setup.cfg`, in this order.
    pub build_ext: Vec<(String, String)>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Paths that the build may read: the locations of parts with headers and libraries.
    pub read: Vec<PathBuf>,
}
