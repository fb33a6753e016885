//! The order in which zc.buildout gets distributions, which is the order of the path, and its messages about the
//! choice.
//!
//! zc.buildout puts newly installed distributions first, and existing ones last: its scripts change in the second run.
//! Here, the order is always that of the second run.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::provider::Chosen;
use super::{Candidate, ResolveError, ResolveRequest};
use crate::metadata::Metadata;
use crate::name;
use crate::pins::Pins;
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
    pub(crate) required_by: Vec<String>,
    /// Whether `allow-picked-versions = false` allows it.
    pub(crate) is_allowed: bool,
}

/// Walks through the requirements as zc.buildout's `Installer.install` does.
pub(super) fn order(
    request: &ResolveRequest<'_>,
    roots: &[Requirement],
    chosen: &Chosen,
) -> Result<super::Resolution, ResolveError> {
    let mut walk = Walk { request, chosen, steps: Vec::new(), got: BTreeSet::new(), picked: Vec::new() };
    for root in roots {
        walk.get(root);
    }
    let mut waiting: VecDeque<Requirement> = roots.iter().rev().cloned().collect();
    let mut processed = BTreeSet::new();
    while let Some(requirement) = waiting.pop_front() {
        if !processed.insert(requirement.to_string()) {
            continue;
        }
        walk.get(&requirement);
        let Some((_, metadata)) = chosen.get(&requirement.key()) else { continue };
        let offered = requirement.extra_keys().into_iter().filter(|extra| metadata.offers(extra)).collect();
        let needs = metadata.needs(request.python, &offered).map_err(|cause| marker(&requirement, cause))?;
        for need in needs.into_iter().rev().filter(|need| !request.is_provided(need)) {
            waiting.push_back(request.pins.constrain(need)?);
        }
    }
    Ok(super::Resolution { steps: walk.steps, picked: walk.picked })
}

fn marker(requirement: &Requirement, cause: String) -> ResolveError {
    ResolveError::Marker { requirement: requirement.to_string(), cause }
}

struct Walk<'a> {
    request: &'a ResolveRequest<'a>,
    chosen: &'a Chosen,
    steps: Vec<ResolvedDistribution>,
    got: BTreeSet<String>,
    picked: Vec<Picked>,
}

impl Walk<'_> {
    /// Gets the distribution of a requirement, unless it was already added.
    fn get(&mut self, requirement: &Requirement) {
        let key = requirement.key();
        let Some((candidate, metadata)) = self.chosen.get(&key) else { return };
        if !self.got.insert(key) {
            return;
        }
        if !candidate.is_developed() && !requirement.specifiers.is_pin() {
            self.pick(requirement, candidate, metadata);
        }
        self.steps.push(ResolvedDistribution {
            requirement: requirement.clone(),
            candidate: candidate.clone(),
            metadata: Arc::clone(metadata),
        });
        if let Ok(Some(setuptools)) = setuptools_for(candidate, self.request.pins) {
            self.get(&setuptools);
        }
    }

    fn pick(&mut self, requirement: &Requirement, candidate: &Candidate, metadata: &Metadata) {
        let name = match candidate {
            Candidate::Installed(distribution) => distribution.project.clone(),
            Candidate::File(_) => name::safe(&metadata.name),
        };
        let version = candidate.version().map_or_else(String::new, ToString::to_string);
        let required_by = if requirement.to_string() == name { self.required_by(requirement) } else { Vec::new() };
        self.picked.push(Picked { name, version, required_by, is_allowed: is_of_buildout(requirement) });
    }

    /// The distributions so far that require it only by name.
    fn required_by(&self, requirement: &Requirement) -> Vec<String> {
        let shown = requirement.to_string();
        let requires = |step: &&ResolvedDistribution| {
            let needs = step.metadata.needs(self.request.python, &BTreeSet::new()).unwrap_or_default();
            needs.iter().any(|need| need.to_string() == shown)
        };
        let mut required_by: Vec<String> =
            self.steps.iter().filter(requires).map(|step| exactly(&step.candidate)).collect();
        required_by.sort();
        required_by
    }
}

/// What zc.buildout itself consists of. It takes these from where it is installed, not from the index, so
/// `allow-picked-versions = false` does not require pins of them. Here they come from the index, so they are reported like all
/// others (docs/decisions/179-picked-setuptools.md). A requirement with an upper bound needs a pin, because what zc.buildout has
/// may not satisfy it.
const OF_BUILDOUT: [&str; 6] = ["packaging", "pip", "platformdirs", "setuptools", "wheel", "zc-buildout"];

fn is_of_buildout(requirement: &Requirement) -> bool {
    OF_BUILDOUT.contains(&requirement.key().as_str()) && requirement.specifiers.is_open()
}

/// `requests==2.34.2`.
fn exactly(candidate: &Candidate) -> String {
    candidate.to_string().replace(' ', "==")
}

/// Namespace packages of the old kind work only with a setuptools that has `pkg_resources`: 82 and later do not have
/// it.
pub(super) fn setuptools_for(candidate: &Candidate, pins: &Pins) -> Result<Option<Requirement>, String> {
    match candidate {
        Candidate::Installed(distribution) if distribution.needs_pkg_resources() => {
            let wanted = if pins.of("setuptools").is_some() { "setuptools" } else { "setuptools<82" };
            let requirement = Requirement::parse(wanted).map_err(|error| error.to_string())?;
            pins.constrain(&requirement).map(Some).map_err(|error| error.to_string())
        }
        _ => Ok(None),
    }
}

/// The lines that `show-picked-versions` prints, and `update-versions-file` writes: those that something requires last.
pub fn picked_lines(picked: &[Picked]) -> Vec<String> {
    let by_name: BTreeMap<&str, &Picked> = picked.iter().map(|picked| (picked.name.as_str(), picked)).collect();
    let (mut lines, mut required) = (vec!["[versions]".to_owned()], Vec::new());
    for picked in by_name.values() {
        let line = format!("{} = {}", picked.name, picked.version);
        if picked.required_by.is_empty() {
            lines.push(line);
            continue;
        }
        required.extend([String::new(), "# Required by:".to_owned()]);
        required.extend(picked.required_by.iter().map(|name| format!("# {name}")));
        required.push(line);
    }
    lines.extend(required);
    lines
}
