//! What the host needs to serve `buildout:recipe/distributions` and `buildout:recipe/python`: a trait, because this crate
//! knows nothing of Python.
//!
//! The types are those of `wit/distributions.wit` and `wit/python.wit`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base::remedy::Remedy;
use base::source::Place;
use config::options::Buildout;

pub use crate::interfaces::bindings::buildout::recipe::distributions::{
    BuildOptions, Destination, Distribution, DistributionError, DistributionKind, FailedBuild, ScriptEntryPoint,
    ScriptRequest, Settings,
};
pub use crate::interfaces::bindings::buildout::recipe::python::{Interpreter, PythonError, VersionInfo};
pub use crate::interfaces::bindings::buildout::recipe::types::UnnamedError;

/// An error for a recipe, with what the user can do about its cause: the WIT has a place for that only in the failure of
/// the recipe.
#[derive(Clone, Debug)]
pub struct Refusal<E> {
    /// The error, as the recipe gets it.
    pub error: E,
    /// Printed if the recipe then fails.
    pub hints: Vec<String>,
    /// What this program can do about it, printed in the same case.
    pub remedies: Box<[Remedy]>,
    /// The text that caused it, shown in the same case.
    pub place: Option<Box<Place>>,
}

/// The part whose recipe calls.
pub struct Requester<'a> {
    /// Its name, in which messages are logged.
    pub part: &'a str,
    /// The buildout whose section `buildout` has the settings that a call leaves out.
    pub buildout: &'a Buildout,
    /// Whether its recipe is a program in Python, which no one has reviewed for this buildout.
    pub is_program: bool,
    /// The environment of the part's native commands.
    pub environment: BTreeMap<String, String>,
    /// Whether something is at a path that the part did not make.
    pub is_foreign: &'a dyn Fn(&Path) -> bool,
    /// Announces a path that the part is about to create. It must not be made after an error.
    pub will_make: &'a dyn Fn(&Path) -> std::io::Result<()>,
}

/// A project that a recipe develops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectAccess {
    /// Its directory, with no symbolic link on its path.
    pub directory: PathBuf,
    /// Whether what its build makes may be put into it: the recipe may write there, or the user's configuration names it
    /// for a built-in recipe.
    pub may_change: bool,
}

/// Installs Python distributions for recipes.
///
/// The rights of the recipe have been checked: it may use the interface, write to the directories of the request, and
/// use its addresses. The time of a call does not count for the recipe's deadline; only the interrupt of the run ends it.
#[allow(clippy::missing_errors_doc, reason = "the errors are those of the WIT")]
pub trait Distributions: Send + Sync {
    /// Finds and installs distributions for the requirements and their dependencies.
    fn install(
        &self,
        requester: &Requester<'_>,
        requirements: &[String],
        begin: &[Distribution],
        settings: &Settings,
    ) -> Result<Vec<Distribution>, Refusal<DistributionError>>;

    /// Builds a distribution from source, and installs it.
    fn build(
        &self,
        requester: &Requester<'_>,
        requirement: &str,
        options: &BuildOptions,
        settings: &Settings,
    ) -> Result<Vec<Distribution>, Refusal<DistributionError>>;

    /// Installs a project in editable mode; returns the path of its egg link.
    fn develop(
        &self,
        requester: &Requester<'_>,
        project: &ProjectAccess,
        destination: Option<&str>,
        options: &BuildOptions,
    ) -> Result<String, Refusal<DistributionError>>;

    /// Generates scripts; returns their paths. `real` is the directory of the request, with no symbolic link on its path.
    fn write_scripts(
        &self,
        requester: &Requester<'_>,
        request: &ScriptRequest,
        real: &Path,
    ) -> Result<Vec<String>, Refusal<DistributionError>>;

    /// The properties of the buildout's Python.
    fn interpreter(&self, requester: &Requester<'_>) -> Result<Interpreter, Refusal<PythonError>>;

    /// The tags of the wheels that it supports, best first.
    fn compatible_tags(&self, requester: &Requester<'_>) -> Result<Vec<String>, Refusal<PythonError>>;
}
