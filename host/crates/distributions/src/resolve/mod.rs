//! Which distributions meet all requirements: zc.buildout's choice if it finds one, and a complete search (the solver
//! `resolvo`) if its first choices exclude each other.
//!
//! Each project's candidates are tried in zc.buildout's order of preference. A search starts with existing and pinned
//! distributions; more are requested from the sources only if these are not enough. Knows nothing of downloads.

mod candidates;
mod error;
mod explain;
mod order;
mod prefetch;
mod provider;
mod request;
mod solution;
mod solve;
#[cfg(test)]
mod tests;

use base::event::Report;

pub use candidates::Candidate;
pub use error::{MetadataProblem, ResolveError};
pub use order::picked_lines;
pub use request::{Available, ResolveRequest};
pub use solution::{Picked, Resolution, ResolvedDistribution};

use crate::python::Tags;
use crate::requirement::Requirement;
use candidates::Preferences;
use provider::CandidateProvider;
use request::Knowledge;
use solve::Verdict;

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
pub fn choose(
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
    loop {
        let provider = CandidateProvider::new(preferences, roots, available, ahead, &knowledge, report);
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

/// The knowledge only grows, so searches end.
fn merged(mut known: Knowledge, learned: Knowledge) -> Knowledge {
    known.widened.extend(learned.widened);
    known.not_only_developed.extend(learned.not_only_developed);
    for (key, urls) in learned.urls {
        known.urls.entry(key).or_default().extend(urls);
    }
    known
}

/// The requirements that apply to this Python, with their pins.
fn roots(request: &ResolveRequest<'_>) -> Result<Vec<Requirement>, ResolveError> {
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
