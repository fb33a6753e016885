//! The distributions that meet all requirements.

use std::sync::Arc;

use super::candidates::Candidate;
use crate::index::IndexFile;
use crate::metadata::Metadata;
use crate::requirement::Requirement;

/// One distribution that is used.
#[derive(Clone, Debug)]
pub struct ResolvedDistribution {
    /// The first requirement for it, with its pin.
    pub requirement: Requirement,
    /// The distribution.
    pub candidate: Candidate,
    /// Its metadata.
    pub metadata: Arc<Metadata>,
}

/// A version without a pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked {
    /// The project, as written in `[versions]`.
    pub name: String,
    /// The version.
    pub version: String,
    /// The distributions that required it only by name, as zc.buildout lists them.
    pub required_by: Vec<String>,
}

impl ResolvedDistribution {
    /// The file to install; `None` if the distribution exists.
    pub(crate) fn file(&self) -> Option<&Arc<IndexFile>> {
        match &self.candidate {
            Candidate::File(file) => Some(file),
            Candidate::Installed(_) => None,
        }
    }
}

/// The result.
#[derive(Debug)]
pub struct Resolution {
    /// The distributions in the order in which zc.buildout gets them, each with the first requirement for it.
    pub steps: Vec<ResolvedDistribution>,
    /// Versions without a pin, by the names of their projects.
    pub picked: Vec<Picked>,
}

impl Resolution {
    /// The first distribution that requires the one of a step, and its requirement; `None` if it was requested itself.
    pub fn required_by(&self, step: &ResolvedDistribution) -> Option<(&ResolvedDistribution, &Requirement)> {
        let key = step.requirement.key();
        let requirement = |other: &ResolvedDistribution| {
            other.metadata.requires.iter().position(|requirement| requirement.key() == key)
        };
        let others = self.steps.iter().filter(|other| other.requirement.key() != key);
        others.filter_map(|other| Some((other, &other.metadata.requires[requirement(other)?]))).next()
    }
}
