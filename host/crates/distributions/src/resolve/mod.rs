//! Which distributions meet all requirements: zc.buildout's choice where it makes one, and a complete search (the solver
//! `resolvo`) where its first choices exclude each other.
//!
//! Each project's candidates are tried in zc.buildout's order of preference. A search begins with what is there and what
//! pins name; only where that does not do are sources asked for more. Knows nothing of how distributions are brought.

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
pub use error::{MetadataProblem, ResolveError};
pub use order::{Picked, Step, picked_lines};

use crate::eggs::Installed;
use crate::index::{File, IndexError, Project};
use crate::metadata::Metadata;
use crate::pins::Pins;
use crate::python::{Python, Tags};
use crate::requirement::Requirement;
use candidates::Preferences;
use provider::{Provider, Verdict};

/// Most distributions whose metadata are looked at before a search is given up.
const MOST_LOOKED_AT: usize = 1000;

/// What distributions are available, and what they say of themselves. Asked by several threads at once; each answer is
/// remembered.
pub trait Available: Sync {
    /// What is available of a project, by its key and by the name that somebody wrote.
    ///
    /// # Errors
    /// When the sources cannot be asked.
    fn project(&self, key: &str, written: &str) -> Result<Arc<Project>, IndexError>;

    /// What a file says of itself.
    ///
    /// # Errors
    /// When it does not say it, or cannot be brought.
    fn metadata(&self, file: &File) -> Result<Arc<Metadata>, MetadataProblem>;
}

/// What is wanted.
pub struct Request<'a> {
    /// The requirements, in the order in which they were written.
    pub requirements: &'a [Requirement],
    /// The section `[versions]`.
    pub pins: &'a Pins,
    /// For which Python.
    pub python: &'a Python,
    /// What is there.
    pub installed: &'a Installed,
    /// Whether something newer than what is there is looked for (`newest`).
    pub newest: bool,
    /// Whether releases are preferred to pre-releases (`prefer-final`).
    pub prefer_final: bool,
    /// Whether an extra that a distribution does not have is passed over (`allow-unknown-extras`).
    pub allow_unknown_extras: bool,
    /// Whether only source distributions count (`zc.recipe.egg:custom`).
    pub sources_only: bool,
    /// Whether only what is there counts (`offline`).
    pub offline: bool,
}

/// What was found.
#[derive(Debug)]
pub struct Resolution {
    /// The distributions in the order in which zc.buildout gets them, each with what asked for it first.
    pub steps: Vec<Step>,
    /// Versions that no pin named, by the names of their projects.
    pub picked: Vec<Picked>,
}

/// What one search teaches the next.
#[derive(Default)]
pub(crate) struct Knowledge {
    /// Projects for which the sources are asked, beyond what is there.
    pub(crate) widened: BTreeSet<String>,
    /// Projects of which more than what is developed counts.
    pub(crate) not_only_developed: BTreeSet<String>,
    /// URLs that requirements name, by project.
    pub(crate) urls: BTreeMap<String, BTreeSet<String>>,
}

/// Resolves the request.
///
/// # Errors
/// [`ResolveError`], with the chain of requirements that cannot all be met.
pub fn resolve(
    request: &Request<'_>,
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

/// The best distribution for one requirement, without what it needs.
///
/// # Errors
/// When there is none, or the sources cannot be asked.
pub fn choose(
    request: &Request<'_>,
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
    request: &Request<'_>,
    tags: &Tags,
    roots: &[Requirement],
    available: &dyn Available,
    ahead: &prefetch::Ahead<'_>,
    mut knowledge: Knowledge,
    report: &dyn Report,
) -> Result<Resolution, ResolveError> {
    let preferences = Preferences { request, tags };
    loop {
        let provider = Provider::new(preferences, roots, available, ahead, &knowledge, report);
        match provider.solve()? {
            Verdict::Solved(chosen) => return order::order(request, roots, &chosen),
            Verdict::Again(learned) => knowledge = merged(knowledge, learned),
            Verdict::Unsolvable { learned, conflict } => match learned {
                Some(learned) => knowledge = merged(knowledge, learned),
                None => return Err(conflict),
            },
        }
    }
}

/// Knowledge only grows, so that searches end.
fn merged(mut known: Knowledge, learned: Knowledge) -> Knowledge {
    known.widened.extend(learned.widened);
    known.not_only_developed.extend(learned.not_only_developed);
    for (key, urls) in learned.urls {
        known.urls.entry(key).or_default().extend(urls);
    }
    known
}

/// The requirements that count for this Python, as their pins leave them.
fn roots(request: &Request<'_>) -> Result<Vec<Requirement>, ResolveError> {
    let mut roots = Vec::new();
    for requirement in request.requirements {
        let holds = crate::marker::holds(requirement.marker.as_ref(), request.python, [])
            .map_err(|cause| ResolveError::Marker { requirement: requirement.to_string(), cause })?;
        if holds {
            roots.push(request.pins.constrain(requirement)?);
        }
    }
    Ok(roots)
}
