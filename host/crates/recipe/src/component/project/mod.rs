//! Recipe projects: directories that an author's own tools make a component from.
//!
//! A project has a `recipe.toml`, which names a build command, or is a Rust crate with a `Cargo.toml`. Of WIT it knows only
//! what makes a component of a core module.

pub(super) mod built;
mod cargo;
mod command;
pub(super) mod encode;
mod inputs;
mod lock;
pub(super) mod manifest;
mod restore;
mod tools;

use std::path::{Path, PathBuf};

use super::error::ComponentError;
use crate::sdk::Language;
use base::environment::Environment;
use base::event::Report;
use base::interrupt::Interrupt;

use built::Built;
use manifest::Manifest;
use tools::Tools;

/// What builds recipe projects.
#[derive(Clone, Copy)]
pub struct Builder<'a> {
    /// The process's surroundings: the tools are the author's own, and have all of it.
    pub environment: &'a Environment,
    /// Nothing may be downloaded. Cargo is told by `--offline`, a build command by `BUILDOUT_OFFLINE=1`.
    pub offline: bool,
    /// Where what the tools say is told: as output if they fail, as progress otherwise.
    pub report: &'a dyn Report,
    /// Ends the tools, with all that they started.
    pub interrupt: &'a Interrupt,
}

impl Builder<'_> {
    /// Builds the project in the directory `project`, which is absolute.
    ///
    /// # Errors
    /// When `project` is no recipe project, or its build fails.
    pub fn build(&self, project: &Path) -> Result<Built, ComponentError> {
        let Self { environment, offline, report, interrupt } = *self;
        let tools = Tools { project, environment, report, interrupt };
        let _lock = lock::take(project, report, interrupt)?;
        match Manifest::read(project)? {
            Some(manifest) => {
                restore::sdk(project, manifest.sdk, report)?;
                command::Build { tools, manifest: &manifest, offline }.run()
            }
            None => cargo::build(tools, offline),
        }
    }
}

/// The project that a path leads to, without symbolic links on the way.
///
/// # Errors
/// When there is nothing.
pub fn find(path: &Path) -> Result<PathBuf, ComponentError> {
    path.canonicalize().map_err(|error| ComponentError::read(path, error))
}

/// The SDK that the project in a directory has from this host, in `sdk/`.
///
/// # Errors
/// When there is no project, or what describes it is wrong.
pub fn sdk_of(project: &Path) -> Result<Option<Language>, ComponentError> {
    match Manifest::read(project)? {
        Some(manifest) => Ok(manifest.sdk),
        None => cargo::sdk_of(project),
    }
}
