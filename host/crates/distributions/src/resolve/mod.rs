//! Which distributions meet all requirements: zc.buildout's choice if it finds one, and a complete search (the solver
//! `resolvo`) if its first choices exclude each other.
//!
//! Each project's candidates are tried in zc.buildout's order of preference. A search starts with existing and pinned
//! distributions; more are requested from the sources only if these are not enough. Knows nothing of downloads.

mod balance;
mod candidates;
mod error;
mod explain;
mod order;
mod prefetch;
mod provider;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base::event::Report;

pub use candidates::Candidate;
pub(crate) use error::MetadataProblem;
pub use error::ResolveError;
pub use order::{Picked, ResolvedDistribution, picked_lines};

use crate::eggs::InstalledDistributions;
use crate::index::{IndexError, IndexFile, ProjectFiles};
use crate::lock::{DistributionsLock, Purpose};
use crate::metadata::Metadata;
use crate::pins::Pins;
use crate::python::{Python, Tags};
use crate::requirement::Requirement;
use candidates::Preferences;
use provider::{CandidateProvider, Solution, Verdict};

/// The most distributions whose metadata is read before a search is stopped.
const MOST_LOOKED_AT: usize = 1000;

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
    pub(crate) requirements: &'a [Requirement],
    /// The section `[versions]`.
    pub(crate) pins: &'a Pins,
    /// For which Python.
    pub(crate) python: &'a Python,
    /// The existing distributions.
    pub(crate) installed: &'a InstalledDistributions,
    /// Whether distributions newer than the existing ones are considered (`newest`).
    pub(crate) newest: bool,
    /// Whether releases are preferred to pre-releases (`prefer-final`).
    pub(crate) prefer_final: bool,
    /// Whether an extra that a distribution does not have is ignored (`allow-unknown-extras`).
    pub(crate) allow_unknown_extras: bool,
    /// Whether only source distributions are used (`zc.recipe.egg:custom`).
    pub(crate) sources_only: bool,
    /// Whether only existing distributions are used (`offline`).
    pub(crate) offline: bool,
    /// Projects, by their keys, that whatever needs the distributions has already: requirements for them are left out,
    /// whichever versions they want.
    pub(crate) provided: &'a BTreeSet<String>,
    /// A lock whose versions are preferred, and the purpose of this request.
    pub(crate) preferred: Option<(&'a DistributionsLock, Purpose)>,
}

impl ResolveRequest<'_> {
    /// Whether a requirement is for something that is there without a distribution.
    pub(crate) fn is_provided(&self, requirement: &Requirement) -> bool {
        !self.provided.is_empty() && self.provided.contains(&requirement.key())
    }
}

/// The result.
#[derive(Debug)]
pub struct Resolution {
    /// The distributions in the order in which zc.buildout gets them, each with the first requirement for it.
    pub steps: Vec<ResolvedDistribution>,
    /// Versions without a pin, by the names of their projects.
    pub(crate) picked: Vec<Picked>,
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

/// Resolves the request.
///
/// # Errors
/// [`ResolveError`], with the chain of requirements that exclude each other.
pub fn resolve(
    request: &ResolveRequest<'_>,
    available: &dyn Available,
    report: &dyn Report,
) -> Result<Resolution, ResolveError> {
    let roots = roots(request)?;
    let tags = request.python.tags();
    let mut knowledge = Knowledge::default();
    for root in &roots {
        knowledge.urls.entry(root.key()).or_default().extend(root.url.clone());
    }
    prefetch::with(request, &tags, available, |ahead| {
        ahead.want(&roots);
        search(request, &tags, &roots, available, ahead, knowledge, report)
    })
}

/// The best distribution for one requirement, without its dependencies.
///
/// # Errors
/// When none matches, or the sources cannot be read.
pub(crate) fn choose(
    request: &ResolveRequest<'_>,
    requirement: &Requirement,
    available: &dyn Available,
) -> Result<Candidate, ResolveError> {
    let tags = request.python.tags();
    let preferences = Preferences { request, tags: &tags };
    let key = requirement.key();
    let mut knowledge = Knowledge::default();
    knowledge.urls.entry(key.clone()).or_default().extend(requirement.url.clone());
    let project = match candidates::what_is_there_does(request, &knowledge, &key, Some(requirement)) {
        true => None,
        false => Some(available.project(&key, &requirement.name)?),
    };
    let all = preferences.candidates(&key, project.as_deref(), std::slice::from_ref(requirement), &knowledge);
    let fits = |candidate: &Candidate| {
        let version = candidate.version().is_some_and(|version| requirement.specifiers.contains(version));
        version && (!candidate.is_yanked() || requirement.specifiers.names_version())
    };
    all.into_iter()
        .find(fits)
        .ok_or_else(|| ResolveError::NotFound { requirement: requirement.to_string(), chain: Vec::new() })
}

fn search(
    request: &ResolveRequest<'_>,
    tags: &Tags,
    roots: &[Requirement],
    available: &dyn Available,
    ahead: &prefetch::Prefetch<'_>,
    mut knowledge: Knowledge,
    report: &dyn Report,
) -> Result<Resolution, ResolveError> {
    let preferences = Preferences { request, tags };
    let mut search = |roots: &[Requirement]| solution(preferences, roots, available, ahead, &mut knowledge, report);
    let first = search(roots)?;
    // Without `newest`, what exists is good; a lock has its versions.
    let best = match request.newest && !request.offline && request.preferred.is_none() {
        true => balance::balanced(roots, first, search),
        false => first,
    };
    order::order(request, roots, &best.chosen)
}

/// One solution; `knowledge` grows.
fn solution(
    preferences: Preferences<'_>,
    roots: &[Requirement],
    available: &dyn Available,
    ahead: &prefetch::Prefetch<'_>,
    knowledge: &mut Knowledge,
    report: &dyn Report,
) -> Result<Solution, ResolveError> {
    loop {
        let provider = CandidateProvider::new(preferences, roots, available, ahead, knowledge, report);
        match provider.solve()? {
            Verdict::Solved(solution) => return Ok(solution),
            Verdict::Again(learned) => knowledge.learn(learned),
            Verdict::Unsolvable { learned, conflict } => match learned {
                Some(learned) => knowledge.learn(learned),
                None => return Err(conflict),
            },
        }
    }
}

impl Knowledge {
    /// The knowledge only grows, so searches end.
    fn learn(&mut self, learned: Self) {
        self.widened.extend(learned.widened);
        self.not_only_developed.extend(learned.not_only_developed);
        for (key, urls) in learned.urls {
            self.urls.entry(key).or_default().extend(urls);
        }
    }
}

/// The requirements that apply to this Python, with their pins.
fn roots(request: &ResolveRequest<'_>) -> Result<Vec<Requirement>, ResolveError> {
    let mut roots = Vec::new();
    for requirement in request.requirements.iter().filter(|requirement| !request.is_provided(requirement)) {
        let holds = crate::marker::holds(requirement.marker.as_ref(), request.python, [])
            .map_err(|cause| ResolveError::Marker { requirement: requirement.to_string(), cause })?;
        if holds {
            roots.push(request.pins.constrain(requirement)?);
        }
    }
    Ok(roots)
}
