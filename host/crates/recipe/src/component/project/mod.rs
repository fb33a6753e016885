//! Recipe projects: directories in which an author's tools build a component.
//!
//! A project has a `recipe.toml` with a build command, or is a Rust crate with a `Cargo.toml`. This module knows WIT
//! only as far as it makes components from core modules.

pub(super) mod built;
mod cargo;
mod command;
pub(super) mod encode;
mod inputs;
mod lock;
pub(super) mod manifest;
mod python;
mod restore;
mod tools;

use std::path::{Path, PathBuf};

use super::error::ComponentError;
use crate::sdk::Language;
use base::environment::Environment;
use base::event::Report;
use base::interrupt::Interrupt;

pub(crate) use python::METADATA;
pub use python::{declares_recipes, is_python_project};

use built::BuiltProject;
use manifest::ProjectManifest;
use tools::ProjectTools;

/// Builds recipe projects.
#[derive(Clone, Copy)]
pub struct RecipeBuilder<'a> {
    /// The process's environment: the tools belong to the author, and get all of it.
    pub environment: &'a Environment,
    /// Nothing may be downloaded. Cargo gets `--offline`, a build command gets `BUILDOUT_OFFLINE=1`.
    pub offline: bool,
    /// Receives the output of the tools: as output if they fail, as progress otherwise.
    pub report: &'a dyn Report,
    /// Ends the tools and all processes that they started.
    pub interrupt: &'a Interrupt,
}

impl RecipeBuilder<'_> {
    /// Builds the project in the directory `project`, which is absolute.
    ///
    /// # Errors
    /// When `project` is not a recipe project, or its build fails.
    pub fn build(&self, project: &Path) -> Result<BuiltProject, ComponentError> {
        let Self { environment, offline, report, interrupt } = *self;
        let tools = ProjectTools { project, environment, report, interrupt };
        let _lock = lock::take(project, report, interrupt)?;
        match ProjectManifest::read(project)? {
            Some(manifest) => {
                restore::sdk(project, manifest.sdk, report)?;
                command::CommandBuild { tools, manifest: &manifest, offline }.run()
            }
            None => cargo::build(tools, offline),
        }
    }
}

/// The project at a path, without symbolic links in it.
///
/// # Errors
/// When the path does not exist.
pub fn find(path: &Path) -> Result<PathBuf, ComponentError> {
    path.canonicalize().map_err(|error| ComponentError::read(path, error))
}

/// This host's SDK in `sdk/` of the project in a directory.
///
/// # Errors
/// When it is not a project, or its description is invalid.
pub fn sdk_of(project: &Path) -> Result<Option<Language>, ComponentError> {
    match ProjectManifest::read(project)? {
        Some(manifest) => Ok(manifest.sdk),
        None => cargo::sdk_of(project),
    }
}
