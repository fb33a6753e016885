//! The solver's questions: which candidates a project has, and what each of them requires.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use base::event::Report;
use resolvo::utils::{Pool, VersionSet};
use resolvo::{
    Candidates, Condition, ConditionId, Dependencies, DependencyProvider, Interner, KnownDependencies, NameId, Problem,
    SolvableId, Solver, SolverCache, StringId, UnsolvableOrCancelled, VersionSetId, VersionSetUnionId,
};

use super::candidates::{Candidate, Preferences, what_is_there_does};
use super::explain;
use super::prefetch::Prefetch;
use super::{Available, Knowledge, MOST_LOOKED_AT, MetadataProblem, ResolveError};
use crate::index::ProjectFiles;
use crate::metadata::Metadata;
use crate::name;
use crate::requirement::Requirement;
use crate::version::{Specifiers, Version};

/// A package of the solver: a project, or one of its extras.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SolverPackage {
    pub(super) key: String,
    pub(super) extra: Option<String>,
}

/// `requests`, `requests[socks]`.
impl fmt::Display for SolverPackage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.extra {
            None => formatter.write_str(&self.key),
            Some(extra) => write!(formatter, "{}[{extra}]", self.key),
        }
    }
}

/// Which candidates of a package match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum WantedCandidates {
    /// Those of these versions, or from this URL, as a requirement specifies.
    As { specifiers: Specifiers, url: Option<String>, shown: String },
    /// This one: an extra belongs to its distribution.
    This(usize),
}

impl VersionSet for WantedCandidates {
    type V = CandidateIndex;
}

/// A candidate, by its index in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CandidateIndex(pub(super) usize);

impl fmt::Display for CandidateIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The result of a search.
pub(super) enum Verdict {
    /// A candidate of each project.
    Solved(Solution),
    /// It must start again, with this knowledge.
    Again(Knowledge),
    /// There is no solution, except perhaps with the knowledge in `learned`.
    Unsolvable { learned: Option<Knowledge>, conflict: ResolveError },
}

/// A candidate of each project, and how good that is.
pub(super) struct Solution {
    pub(super) chosen: Chosen,
    /// Of each requested project.
    pub(super) standings: Vec<Standing>,
}

/// How good the version of a requested project is.
pub(super) struct Standing {
    /// How many versions are better and would be possible.
    pub(super) passed_over: usize,
    /// The best one.
    pub(super) best: Option<Version>,
}

/// Candidates by the keys of their projects.
pub(super) type Chosen = BTreeMap<String, (Candidate, Arc<Metadata>)>;

/// Why the solver stops.
enum SolverStop {
    Error(ResolveError),
    Again,
}

/// Answers the solver.
pub(super) struct CandidateProvider<'a> {
    pub(super) pool: Pool<WantedCandidates, SolverPackage>,
    pub(super) preferences: Preferences<'a>,
    pub(super) roots: &'a [Requirement],
    available: &'a dyn Available,
    ahead: &'a Prefetch<'a>,
    pub(super) knowledge: &'a Knowledge,
    report: &'a dyn Report,
    pub(super) candidates: RefCell<Vec<Candidate>>,
    of_project: RefCell<BTreeMap<String, Vec<usize>>>,
    metadata: RefCell<BTreeMap<usize, Arc<Metadata>>>,
    /// The first requirement of each project, and its name as written.
    pub(super) first_asked: RefCell<BTreeMap<String, Requirement>>,
    /// The available files of the projects whose sources were read.
    pub(super) projects: RefCell<BTreeMap<String, Arc<ProjectFiles>>>,
    /// Projects for which only existing distributions were offered.
    pub(super) narrow: RefCell<BTreeSet<String>>,
    learned: RefCell<Knowledge>,
    stop: RefCell<Option<SolverStop>>,
    looked_at: Cell<usize>,
}

impl<'a> CandidateProvider<'a> {
    pub(super) fn new(
        preferences: Preferences<'a>,
        roots: &'a [Requirement],
        available: &'a dyn Available,
        ahead: &'a Prefetch<'a>,
        knowledge: &'a Knowledge,
        report: &'a dyn Report,
    ) -> Self {
        Self {
            pool: Pool::new(),
            preferences,
            roots,
            available,
            ahead,
            knowledge,
            report,
            candidates: RefCell::default(),
            of_project: RefCell::default(),
            metadata: RefCell::default(),
            first_asked: RefCell::default(),
            projects: RefCell::default(),
            narrow: RefCell::default(),
            learned: RefCell::default(),
            stop: RefCell::default(),
            looked_at: Cell::new(0),
        }
    }

    /// Searches.
    pub(super) fn solve(self) -> Result<Verdict, ResolveError> {
        let wanted: Vec<_> = self.roots.iter().flat_map(|root| self.wanted(root)).map(Into::into).collect();
        let mut solver = Solver::new(self);
        let outcome = solver.solve(Problem::new().requirements(wanted));
        let provider = solver.provider();
        if let Some(stop) = provider.stop.borrow_mut().take() {
            return match stop {
                SolverStop::Error(error) => Err(error),
                SolverStop::Again => Ok(Verdict::Again(provider.learned.take())),
            };
        }
        match outcome {
            Ok(solvables) => {
                let chosen = provider.chosen(&solvables);
                let standings = provider.roots.iter().map(|root| provider.standing(root, &chosen)).collect();
                Ok(Verdict::Solved(Solution { chosen, standings }))
            }
            Err(UnsolvableOrCancelled::Unsolvable(conflict)) => {
                let graph = conflict.graph(&solver);
                let involved = explain::involved(provider, &graph);
                let learned = provider.what_may_help(&involved);
                Ok(Verdict::Unsolvable { learned, conflict: explain::explain(provider, &graph) })
            }
            Err(UnsolvableOrCancelled::Cancelled(_)) => {
                Err(ResolveError::Conflict { summary: "the search was stopped".to_owned(), chain: Vec::new() })
            }
        }
    }

    fn chosen(&self, solvables: &[SolvableId]) -> Chosen {
        let candidates = self.candidates.borrow();
        let metadata = self.metadata.borrow();
        let mut chosen = Chosen::new();
        for id in solvables {
            let solvable = self.pool.resolve_solvable(*id);
            let package = self.pool.resolve_package_name(solvable.name);
            if let (None, Some(metadata)) = (&package.extra, metadata.get(&solvable.record.0)) {
                chosen.insert(package.key.clone(), (candidates[solvable.record.0].clone(), Arc::clone(metadata)));
            }
        }
        chosen
    }

    fn standing(&self, root: &Requirement, chosen: &Chosen) -> Standing {
        let key = root.key();
        let used = chosen.get(&key).and_then(|(candidate, _)| candidate.version());
        let known = self.of_project.borrow();
        let candidates = self.candidates.borrow();
        let all = known.get(&key).into_iter().flatten().map(|index| &candidates[*index]);
        let possible = all.filter(|candidate| !candidate.is_yanked() || root.specifiers.names_version());
        let versions = possible.filter_map(|candidate| candidate.version());
        let mut better: Vec<&Version> = versions.take_while(|version| Some(*version) != used).collect();
        better.retain(|version| root.specifiers.contains(version));
        better.dedup();
        Standing { passed_over: better.len(), best: better.first().map(|version| (*version).clone()) }
    }

    /// The knowledge that could still be gained about the projects in conflict.
    fn what_may_help(&self, involved: &BTreeSet<String>) -> Option<Knowledge> {
        let mut learned = Knowledge::default();
        let narrow = self.narrow.borrow();
        if !self.preferences.request.offline {
            learned.widened.extend(involved.iter().filter(|key| narrow.contains(*key)).cloned());
        }
        let is_root = |key: &String| self.roots.iter().any(|root| root.key() == *key);
        let only_developed = |key: &&String| {
            let known = self.of_project.borrow();
            let all = known.get(*key).map_or(&[][..], Vec::as_slice);
            !all.is_empty() && all.iter().all(|index| self.candidates.borrow()[*index].is_developed())
        };
        let new = |key: &&String| !self.knowledge.not_only_developed.contains(*key);
        let more = involved.iter().filter(only_developed).filter(new).filter(|key| !is_root(key));
        for key in more {
            learned.not_only_developed.insert(key.clone());
            learned.widened.insert(key.clone());
        }
        (!learned.widened.is_empty() || !learned.not_only_developed.is_empty()).then_some(learned)
    }

    /// The packages of a requirement: the distribution, and each of its extras.
    fn wanted(&self, requirement: &Requirement) -> Vec<VersionSetId> {
        let key = requirement.key();
        self.first_asked.borrow_mut().entry(key.clone()).or_insert_with(|| requirement.clone());
        if let Some(url) = &requirement.url
            && !self.knowledge.urls.get(&key).is_some_and(|urls| urls.contains(url))
        {
            self.learned.borrow_mut().urls.entry(key.clone()).or_default().insert(url.clone());
            self.stop.borrow_mut().get_or_insert(SolverStop::Again);
        }
        let plain = Requirement { extras: BTreeSet::new(), marker: None, ..requirement.clone() };
        let versions = |shown: String| WantedCandidates::As {
            specifiers: requirement.specifiers.clone(),
            url: requirement.url.clone(),
            shown,
        };
        let mut wanted =
            vec![self.intern(&SolverPackage { key: key.clone(), extra: None }, versions(plain.to_string()))];
        for extra in requirement.extra_keys() {
            let shown = Requirement { marker: None, extras: [extra.clone()].into(), ..requirement.clone() }.to_string();
            wanted.push(self.intern(&SolverPackage { key: key.clone(), extra: Some(extra) }, versions(shown)));
        }
        wanted
    }

    fn intern(&self, package: &SolverPackage, wanted: WantedCandidates) -> VersionSetId {
        self.pool.intern_version_set(self.pool.intern_package_name(package.clone()), wanted)
    }

    /// Stops the search. The first reason is kept.
    fn end(&self, error: ResolveError) {
        self.stop.borrow_mut().get_or_insert(SolverStop::Error(error));
    }

    /// The candidates of a project, the best one first.
    fn entries(&self, key: &str) -> Vec<usize> {
        if let Some(known) = self.of_project.borrow().get(key) {
            return known.clone();
        }
        let first = self.first_asked.borrow().get(key).cloned();
        let request = self.preferences.request;
        let project = if what_is_there_does(request, self.knowledge, key, first.as_ref()) {
            self.narrow.borrow_mut().insert(key.to_owned());
            None
        } else {
            let written = first.as_ref().map_or(key, |requirement| &requirement.name);
            match self.available.project(key, written) {
                Ok(project) => Some(project),
                Err(error) => {
                    self.end(error.into());
                    None
                }
            }
        };
        let candidates = self.preferences.candidates(key, project.as_deref(), self.roots, self.knowledge);
        if candidates.is_empty()
            && let Some(requirement) = first.filter(|requirement| requirement.url.is_some())
        {
            self.end(ResolveError::Url { requirement: requirement.to_string() });
        }
        self.projects.borrow_mut().extend(project.map(|project| (key.to_owned(), project)));
        let mut all = self.candidates.borrow_mut();
        let range: Vec<usize> = (all.len()..all.len() + candidates.len()).collect();
        all.extend(candidates);
        self.of_project.borrow_mut().insert(key.to_owned(), range.clone());
        range
    }

    /// The metadata of a candidate; `Err` with the reason if it cannot be used.
    fn metadata_of(&self, index: usize) -> Result<Arc<Metadata>, String> {
        if let Some(known) = self.metadata.borrow().get(&index) {
            return Ok(Arc::clone(known));
        }
        let candidate = self.candidates.borrow()[index].clone();
        self.looked_at.set(self.looked_at.get() + 1);
        let metadata = match &candidate {
            Candidate::Installed(distribution) => distribution
                .metadata()
                .cloned()
                .map(Arc::new)
                .map_err(|error| format!("its metadata cannot be used: {error}")),
            Candidate::File(file) => match self.available.metadata(file) {
                Ok(metadata) => Ok(metadata),
                Err(MetadataProblem::Unusable(reason)) => Err(reason),
                Err(MetadataProblem::Fatal(error)) => {
                    self.end(ResolveError::Metadata(error));
                    Err("the search has ended".to_owned())
                }
            },
        }?;
        if !metadata.fits(self.preferences.request.python) && matches!(candidate, Candidate::File(_)) {
            return Err(format!("it requires Python {}", metadata.requires_python.clone().unwrap_or_default()));
        }
        self.metadata.borrow_mut().insert(index, Arc::clone(&metadata));
        Ok(metadata)
    }

    /// The requirements of a candidate, or of one of its extras; `Err` with the reason if it cannot be used.
    fn needs(&self, package: &SolverPackage, index: usize) -> Result<Vec<Requirement>, String> {
        let metadata = self.metadata_of(index)?;
        let request = self.preferences.request;
        let extras: BTreeSet<String> = package.extra.iter().cloned().collect();
        if let Some(extra) = &package.extra
            && !metadata.offers(extra)
        {
            let distribution = self.candidates.borrow()[index].to_string();
            if !request.allow_unknown_extras {
                let offered = metadata.extras.clone();
                self.end(ResolveError::UnknownExtra { distribution, extra: extra.clone(), offered });
                return Err("the search has ended".to_owned());
            }
            self.report
                .log(base::event::Level::Warning, &format!("{distribution} does not provide the extra '{extra}'"));
        }
        let mut needs = Vec::new();
        for requirement in metadata.needs(request.python, &extras)? {
            if request.is_provided(requirement) {
                continue;
            }
            needs.push(request.pins.constrain(requirement).map_err(|error| error.to_string())?);
        }
        if package.extra.is_none() {
            needs.extend(self.setuptools_for(index)?.filter(|setuptools| !request.is_provided(setuptools)));
        }
        Ok(needs)
    }

    /// Namespace packages of the old kind work only with a setuptools that has `pkg_resources`.
    fn setuptools_for(&self, index: usize) -> Result<Option<Requirement>, String> {
        super::order::setuptools_for(&self.candidates.borrow()[index], self.preferences.request.pins)
    }
}

impl Interner for CandidateProvider<'_> {
    type NameId = NameId;
    type SolvableId = SolvableId;

    fn display_solvable(&self, solvable: SolvableId) -> impl fmt::Display + '_ {
        self.candidates.borrow()[self.pool.resolve_solvable(solvable).record.0].to_string()
    }

    fn display_name(&self, name: NameId) -> impl fmt::Display + '_ {
        self.pool.resolve_package_name(name)
    }

    fn display_version_set(&self, version_set: VersionSetId) -> impl fmt::Display + '_ {
        match self.pool.resolve_version_set(version_set) {
            WantedCandidates::As { shown, .. } => shown.clone(),
            WantedCandidates::This(index) => self.candidates.borrow()[*index].to_string(),
        }
    }

    fn display_string(&self, string: StringId) -> impl fmt::Display + '_ {
        self.pool.resolve_string(string)
    }

    fn version_set_name(&self, version_set: VersionSetId) -> NameId {
        self.pool.resolve_version_set_package_name(version_set)
    }

    fn solvable_name(&self, solvable: SolvableId) -> NameId {
        self.pool.resolve_solvable(solvable).name
    }

    fn version_sets_in_union(&self, union: VersionSetUnionId) -> impl Iterator<Item = VersionSetId> {
        self.pool.resolve_version_set_union(union)
    }

    fn resolve_condition(&self, condition: ConditionId) -> Condition {
        self.pool.resolve_condition(condition).clone()
    }
}

impl DependencyProvider for CandidateProvider<'_> {
    async fn filter_candidates(
        &self,
        candidates: &[SolvableId],
        wanted: VersionSetId,
        inverse: bool,
    ) -> Vec<SolvableId> {
        let wanted = self.pool.resolve_version_set(wanted);
        let all = self.candidates.borrow();
        let matches = |id: &&SolvableId| {
            let index = self.pool.resolve_solvable(**id).record.0;
            is_wanted(wanted, index, &all[index]) != inverse
        };
        candidates.iter().filter(matches).copied().collect()
    }

    async fn get_candidates(&self, id: NameId) -> Option<Candidates> {
        let package = self.pool.resolve_package_name(id).clone();
        let entries = self.entries(&package.key);
        let candidates =
            entries.into_iter().map(|index| self.pool.intern_solvable(id, CandidateIndex(index))).collect();
        Some(Candidates { candidates, ..Candidates::default() })
    }

    async fn sort_candidates(&self, _: &SolverCache<Self>, solvables: &mut [SolvableId]) {
        // The candidates of a project were listed best first.
        solvables.sort_by_key(|id| self.pool.resolve_solvable(*id).record.0);
    }

    async fn get_dependencies(&self, id: SolvableId) -> Dependencies {
        let solvable = self.pool.resolve_solvable(id);
        let package = self.pool.resolve_package_name(solvable.name).clone();
        let index = solvable.record.0;
        if self.looked_at.get() > MOST_LOOKED_AT {
            self.end(self.given_up());
        }
        match self.needs(&package, index) {
            Ok(needs) => {
                self.ahead.want(&needs);
                let mut wanted: Vec<VersionSetId> =
                    needs.iter().flat_map(|requirement| self.wanted(requirement)).collect();
                if package.extra.is_some() {
                    wanted.push(self.intern(&SolverPackage { extra: None, ..package }, WantedCandidates::This(index)));
                }
                let requirements = wanted.into_iter().map(Into::into).collect();
                Dependencies::Known(KnownDependencies { requirements, constrains: Vec::new() })
            }
            Err(reason) => Dependencies::Unknown(self.pool.intern_string(reason)),
        }
    }

    fn should_cancel_with_value(&self) -> Option<Box<dyn Any>> {
        self.stop.borrow().as_ref().map(|_| Box::new(()) as Box<dyn Any>)
    }
}

impl CandidateProvider<'_> {
    fn given_up(&self) -> ResolveError {
        let mut tried: BTreeMap<String, usize> = BTreeMap::new();
        for index in self.metadata.borrow().keys() {
            let name = match &self.candidates.borrow()[*index] {
                Candidate::Installed(distribution) => distribution.project.clone(),
                Candidate::File(file) => name::safe(&file.name.name),
            };
            *tried.entry(name).or_default() += 1;
        }
        let mut tried: Vec<(String, usize)> = tried.into_iter().filter(|(_, count)| *count > 1).collect();
        tried.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
        tried.truncate(10);
        ResolveError::GivenUp { looked_at: self.looked_at.get(), tried }
    }

    /// The candidates of a project, the best one first.
    pub(super) fn offered(&self, key: &str) -> Vec<Candidate> {
        let candidates = self.candidates.borrow();
        self.of_project.borrow().get(key).into_iter().flatten().map(|index| candidates[*index].clone()).collect()
    }
}

/// Whether a requirement matches a candidate. A yanked one matches only a requirement with exactly its version.
fn is_wanted(wanted: &WantedCandidates, index: usize, candidate: &Candidate) -> bool {
    match wanted {
        WantedCandidates::This(other) => *other == index,
        WantedCandidates::As { url: Some(url), .. } => {
            candidate.url().is_some_and(|own| own == url.split('#').next().unwrap_or_default())
        }
        WantedCandidates::As { specifiers, .. } => match candidate.version() {
            Some(version) => specifiers.contains(version) && (!candidate.is_yanked() || specifiers.names_version()),
            None => specifiers.is_empty(),
        },
    }
}
