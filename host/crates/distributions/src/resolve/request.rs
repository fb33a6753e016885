//! What is resolved, from what, and what searches learn about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::error::MetadataProblem;
use crate::eggs::InstalledDistributions;
use crate::index::{IndexError, IndexFile, ProjectFiles};
use crate::lock::{DistributionsLock, Purpose};
use crate::metadata::Metadata;
use crate::pins::Pins;
use crate::python::Python;
use crate::requirement::Requirement;

/// The available distributions and their metadata. Several threads use it at once; each answer is kept.
pub trait Available: Sync {
    /// The available files of a project, by its key and by its name as written.
    ///
    /// # Errors
    /// When the sources cannot be read.
    fn project(&self, key: &str, written: &str) -> Result<Arc<ProjectFiles>, IndexError>;

    /// The metadata of a file.
    ///
    /// # Errors
    /// When it is not available.
    fn metadata(&self, file: &IndexFile) -> Result<Arc<Metadata>, MetadataProblem>;
}

/// The request.
pub struct ResolveRequest<'a> {
    /// The requirements, in the order in which they were written.
    pub requirements: &'a [Requirement],
    /// The section `[versions]`.
    pub pins: &'a Pins,
    /// For which Python.
    pub python: &'a Python,
    /// The existing distributions.
    pub installed: &'a InstalledDistributions,
    /// Whether distributions newer than the existing ones are considered (`newest`).
    pub newest: bool,
    /// Whether releases are preferred to pre-releases (`prefer-final`).
    pub prefer_final: bool,
    /// Whether an extra that a distribution does not have is ignored (`allow-unknown-extras`).
    pub allow_unknown_extras: bool,
    /// Whether only source distributions are used (`zc.recipe.egg:custom`).
    pub sources_only: bool,
    /// Whether only existing distributions are used (`offline`).
    pub offline: bool,
    /// A lock whose versions are preferred, and the purpose of this request.
    pub preferred: Option<(&'a DistributionsLock, Purpose)>,
}

/// What one search passes on to the next.
#[derive(Default)]
pub(crate) struct Knowledge {
    /// Projects whose sources are read, in addition to existing distributions.
    pub(crate) widened: BTreeSet<String>,
    /// Projects of which more than the developed one is considered.
    pub(crate) not_only_developed: BTreeSet<String>,
    /// URLs in requirements, by project.
    pub(crate) urls: BTreeMap<String, BTreeSet<String>>,
}
