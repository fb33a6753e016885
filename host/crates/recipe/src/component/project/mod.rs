//! Recipe projects: directories that an author's own tools make a component from.
//!
//! A project has a `recipe.toml`, which names a build command, or is a Rust crate with a `Cargo.toml`. Of WIT it knows only
//! what makes a component of a core module.

mod cargo;
mod command;
mod encode;
mod inputs;
mod manifest;
mod restore;
mod tools;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ComponentError;
use crate::sdk::Language;
use base::environment::Environment;
use base::event::Report;
use base::interrupt::Interrupt;

use manifest::Manifest;
use tools::Tools;

pub(super) use encode::component_of_module;
pub use manifest::RECIPE_TOML;

/// What `develop` and `recipe build` take.
pub(super) const WHAT_IT_IS: &str = "A recipe project is a directory with a recipe.toml or the Cargo.toml of a recipe crate; `develop` takes a .wasm file too.";

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

/// A project that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The recipe package, as the project names it.
    pub package: String,
    /// The component; absolute.
    pub component: PathBuf,
}

impl Builder<'_> {
    /// Variables by which tools are told that nothing may be downloaded: of build commands, and of Cargo.
    pub const OFFLINE: [(&'static str, &'static str); 2] = [("BUILDOUT_OFFLINE", "1"), ("CARGO_NET_OFFLINE", "true")];

    /// Builds the project in the directory `project`, which is absolute.
    ///
    /// # Errors
    /// When `project` is no recipe project, or its build fails.
    pub fn build(&self, project: &Path) -> Result<Built, ComponentError> {
        let Self { environment, offline, report, interrupt } = *self;
        let tools = Tools { project, environment, report, interrupt };
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
    path.canonicalize().map_err(|error| unreadable(path, error))
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

fn unreadable(path: &Path, error: std::io::Error) -> ComponentError {
    ComponentError::Read { path: path.to_owned(), error: Arc::new(error) }
}

fn unwritable(path: &Path, error: std::io::Error) -> ComponentError {
    ComponentError::Write { path: path.to_owned(), error: Arc::new(error) }
}
