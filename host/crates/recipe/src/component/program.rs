//! What the Python runtime loads: a recipe or an extension in a Python distribution.
//!
//! Knows nothing of how distributions are found.

use std::path::PathBuf;
use std::sync::Arc;

use base::distribution_name::canonical;
use registry::{Grant, RecipeReference};

use super::bytes::Component;
use super::resolver::Resolved;

/// The kind of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramKind {
    /// A recipe, which makes parts.
    Recipe,
    /// An extension, which runs before the parts are initialized.
    Extension,
    /// An extension that runs after the parts are made.
    UnloadExtension,
}

/// A program in a Python distribution.
#[derive(Clone, Debug)]
pub struct PythonProgram {
    /// Its name: the recipe reference, or the name of the distribution of an extension.
    pub name: String,
    /// Its kind.
    pub kind: ProgramKind,
    /// The name and version of its distribution, for messages.
    pub distribution: String,
    /// The module and the attributes that lead to it: `acme.recipe:Mkdir`.
    pub object: String,
    /// The same for its function of the group `zc.buildout.uninstall`, if it has one.
    pub uninstall: Option<String>,
    /// The directories in which modules are looked for, absolute and in order.
    pub path: Vec<PathBuf>,
    /// Directories of the buildout's Python, which it may read.
    pub python: Vec<PathBuf>,
    /// Whether it may only read: in a plan, which changes nothing.
    pub only_reads: bool,
    /// The versions of its distribution and of what that requires; for developed ones, digests of their files.
    pub signature: String,
}

/// The programs that have the network without a grant when a distribution starts them: mr.developer fetches the sources that
/// the configuration names (`docs/decisions/151-network-of-commands.md`).
pub(super) fn lent_network(distribution: &str) -> &'static [&'static str] {
    match canonical(distribution).as_str() {
        "mr-developer" => &["git", "hg", "svn", "bzr"],
        // The host's own recipe has this name.
        "zerokspot-recipe-git" => &["git"],
        _ => &[],
    }
}

impl Resolved {
    /// A program that the Python runtime runs, with these grants.
    pub fn of_program(
        reference: RecipeReference,
        program: PythonProgram,
        runtime: Arc<Component>,
        grant: Grant,
    ) -> Self {
        let (entry_point, program) = (program.name.clone(), Some(Arc::new(program)));
        Self { reference, component: runtime, entry_point, grant, built_in: false, signers: Vec::new(), program }
    }
}
