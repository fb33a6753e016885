//! Explains why there is no solution, as a chain: what requires what, and what excludes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use resolvo::conflict::{ConflictCause, ConflictEdge, ConflictGraph, ConflictNode};
use resolvo::{Requirement as SolverRequirement, SolvableId, VersionSetId};

use super::ResolveError;
use super::candidates::Candidate;
use super::provider::{CandidateProvider, SolverPackage, WantedCandidates};

/// How the line begins about a project that no source has.
pub(super) const UNKNOWN: &str = "there are no distributions of";

/// The most lines of a chain, and the most versions in a line.
const MOST_LINES: usize = 60;
const MOST_VERSIONS: usize = 4;

/// The projects that take part in a conflict.
pub(super) fn involved(provider: &CandidateProvider<'_>, graph: &ConflictGraph) -> BTreeSet<String> {
    let view = GraphView { provider, graph };
    let mut involved: BTreeSet<String> = view.statements().into_iter().map(|statement| statement.wanted_key).collect();
    involved.extend(view.packages().into_iter().map(|package| package.key));
    involved
}

/// The error that describes a conflict.
pub(super) fn explain(provider: &CandidateProvider<'_>, graph: &ConflictGraph) -> ResolveError {
    let view = GraphView { provider, graph };
    let statements = view.statements();
    let excluded = view.excluded();
    let mut chain: Vec<String> = statements.iter().map(Statement::text).collect();
    chain.extend(excluded.iter().map(|(candidate, reason)| format!("{candidate} cannot be used: {reason}")));
    chain.truncate(MOST_LINES);
    let unresolved: Vec<&Statement> = statements.iter().filter(|statement| statement.is_unresolved).collect();
    let contested = view.contested();
    let developed =
        unresolved.iter().find_map(|statement| Some((statement, developed(provider, &statement.wanted_key)?)));
    if let ([only], true, true, None) = (&unresolved[..], contested.is_empty(), excluded.is_empty(), &developed) {
        chain.extend(what_there_is(provider, &only.wanted_key));
        let requirement = only.wants.clone();
        return match provider.preferences.request.offline {
            true => ResolveError::Offline { requirement, chain },
            false => ResolveError::NotFound { requirement, chain },
        };
    }
    let exclusive = contested.iter().filter_map(|key| exclusive(key, &statements)).next();
    let nowhere: BTreeSet<&str> = unresolved.iter().map(|statement| statement.wanted_key.as_str()).collect();
    chain.extend(nowhere.into_iter().flat_map(|key| what_there_is(provider, key)));
    let summary = match (exclusive, developed, &unresolved[..], &excluded[..]) {
        (Some(exclusive), ..) => exclusive,
        (_, Some((statement, candidate)), ..) => {
            format!("{candidate} is developed here, so no other version is considered, and {}", statement.text())
        }
        (_, _, [first, ..], _) => format!("no version satisfies {}", first.wants),
        (_, _, _, [(candidate, reason), ..]) => format!("{candidate} cannot be used: {reason}"),
        _ => chain.last().cloned().unwrap_or_default(),
    };
    ResolveError::Conflict { summary, chain }
}

/// The developed distribution of a project that has no other candidates.
fn developed(provider: &CandidateProvider<'_>, key: &str) -> Option<Candidate> {
    let offered = provider.offered(key);
    offered.iter().all(Candidate::is_developed).then(|| offered.into_iter().next()).flatten()
}

/// Describes requirements for a project that exclude each other.
fn exclusive(key: &str, statements: &[Statement]) -> Option<String> {
    let wishes = statements.iter().filter(|statement| statement.wanted_key == key);
    let wants: BTreeSet<&str> = wishes.map(|statement| statement.wants.as_str()).collect();
    let wants: Vec<&str> = wants.into_iter().collect();
    (wants.len() > 1).then(|| format!("no usable version satisfies {} at once", and(&wants)))
}

/// `a`, `a and b`, `a, b and c`.
fn and(texts: &[&str]) -> String {
    match texts {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// What requires something.
struct Statement {
    /// The distribution; `None` for the configuration itself.
    who: Vec<Candidate>,
    wants: String,
    wanted_key: String,
    is_unresolved: bool,
    /// The pin that is part of what is wanted.
    pin: Option<String>,
}

impl Statement {
    fn text(&self) -> String {
        let pinned = self.pin.as_ref().map(|pin| format!(", because [versions] has {pin}")).unwrap_or_default();
        let Some(first) = self.who.first() else { return format!("{} is required{pinned}", self.wants) };
        let others: Vec<String> = self.who[1..]
            .iter()
            .take(MOST_VERSIONS - 1)
            .filter_map(Candidate::version)
            .map(ToString::to_string)
            .collect();
        let more = match self.who.len().saturating_sub(MOST_VERSIONS) {
            0 => String::new(),
            count => format!(", and {count} more"),
        };
        let others = if others.is_empty() { String::new() } else { format!(" (and {}{more})", others.join(", ")) };
        format!("{first}{others} requires {}{pinned}", self.wants)
    }
}

/// The explanation of the solver's graph.
struct GraphView<'a> {
    provider: &'a CandidateProvider<'a>,
    graph: &'a ConflictGraph,
}

impl GraphView<'_> {
    fn candidate(&self, id: SolvableId) -> (SolverPackage, Candidate) {
        let solvable = self.provider.pool.resolve_solvable(id);
        let package = self.provider.pool.resolve_package_name(solvable.name).clone();
        (package, self.provider.candidates.borrow()[solvable.record.0].clone())
    }

    fn packages(&self) -> Vec<SolverPackage> {
        let nodes = self.graph.graph.node_weights();
        nodes
            .filter_map(|node| if let ConflictNode::Solvable(id) = node { Some(self.candidate(*id).0) } else { None })
            .collect()
    }

    /// The chain of requirements, starting at the configuration; the same requirement of several versions of a project
    /// once.
    fn statements(&self) -> Vec<Statement> {
        let graph = &self.graph.graph;
        let mut statements: Vec<Statement> = Vec::new();
        let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
        let mut waiting = VecDeque::from([self.graph.root_node]);
        let mut seen = BTreeSet::from([self.graph.root_node]);
        while let Some(node) = waiting.pop_front() {
            let who = match graph.node_weight(node) {
                Some(ConflictNode::Solvable(id)) => Some(self.candidate(*id)),
                _ => None,
            };
            for edge in graph.raw_edges().iter().filter(|edge| edge.source() == node) {
                let ConflictEdge::Requires(SolverRequirement::Single(wanted)) = &edge.weight else { continue };
                if seen.insert(edge.target()) {
                    waiting.push_back(edge.target());
                }
                let Some((wants, wanted_key)) = self.wish(*wanted) else { continue };
                let asker = who.as_ref().map_or_else(String::new, |(package, _)| package.key.clone());
                let index = *known.entry((asker, wants.clone())).or_insert_with(|| {
                    let pin = self.provider.preferences.request.pins.of(&wanted_key).map(str::to_owned);
                    statements.push(Statement { who: Vec::new(), wants, wanted_key, is_unresolved: false, pin });
                    statements.len() - 1
                });
                let statement = &mut statements[index];
                statement.is_unresolved |=
                    matches!(graph.node_weight(edge.target()), Some(ConflictNode::UnresolvedDependency));
                if let Some((_, candidate)) = &who
                    && !statement.who.iter().any(|other| other.to_string() == candidate.to_string())
                {
                    statement.who.push(candidate.clone());
                }
            }
        }
        statements
    }

    /// The text of a requirement, and its project. That an extra belongs to its distribution is not shown.
    fn wish(&self, wanted: VersionSetId) -> Option<(String, String)> {
        let pool = &self.provider.pool;
        let package = pool.resolve_package_name(pool.resolve_version_set_package_name(wanted));
        match pool.resolve_version_set(wanted) {
            WantedCandidates::As { shown, .. } => Some((shown.clone(), package.key.clone())),
            WantedCandidates::This(_) => None,
        }
    }

    /// Candidates that cannot be used, with the reasons.
    fn excluded(&self) -> Vec<(Candidate, String)> {
        let graph = &self.graph.graph;
        let mut excluded = Vec::new();
        for edge in graph.raw_edges() {
            if let (Some(ConflictNode::Solvable(id)), Some(ConflictNode::Excluded(reason))) =
                (graph.node_weight(edge.source()), graph.node_weight(edge.target()))
            {
                excluded.push((self.candidate(*id).1, self.provider.pool.resolve_string(*reason).to_owned()));
            }
        }
        excluded
    }

    /// Projects of which several versions are required at once.
    fn contested(&self) -> BTreeSet<String> {
        let graph = &self.graph.graph;
        let edges = graph.raw_edges().iter().filter(|edge| {
            matches!(
                edge.weight,
                ConflictEdge::Conflict(ConflictCause::ForbidMultipleInstances | ConflictCause::Constrains(_))
            )
        });
        let ends = edges.flat_map(|edge| [edge.source(), edge.target()]);
        ends.filter_map(|node| match graph.node_weight(node) {
            Some(ConflictNode::Solvable(id)) => Some(self.candidate(*id).0.key),
            _ => None,
        })
        .collect()
    }
}

/// The candidates of a project of which none matches.
fn what_there_is(provider: &CandidateProvider<'_>, key: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let offered = provider.offered(key);
    if !offered.is_empty() {
        let shown: Vec<String> = offered
            .iter()
            .take(8)
            .map(|candidate| candidate.version().map_or_else(String::new, ToString::to_string))
            .collect();
        let more = if offered.len() > 8 { format!(" and {} more", offered.len() - 8) } else { String::new() };
        lines.push(format!("usable versions of {key}: {}{more}", shown.join(", ")));
    }
    let projects = provider.projects.borrow();
    let Some(project) = projects.get(key) else { return lines };
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in &project.files {
        let withdrawn = file
            .yanked
            .as_ref()
            .map(|reason| format!("it was withdrawn: {reason}").trim_end_matches([':', ' ']).to_owned());
        if let Some(reason) = provider.preferences.reason_against(file).or(withdrawn) {
            reasons.entry(reason).or_default().push(&file.file);
        }
    }
    match (project.files.is_empty(), project.known) {
        (true, true) => lines.push(format!("the index has a page for {key}, but no distributions on it")),
        (true, false) if project.refused => {
            lines.push(format!("{UNKNOWN} {key}: allow-hosts does not allow the index, and find-links has none"));
        }
        (true, false) => lines.push(format!("{UNKNOWN} {key}: neither the index nor find-links has any")),
        (false, _) => lines.extend(reasons.into_iter().map(|(reason, files)| match &files[..] {
            [only] => format!("{only} is ignored: {reason}"),
            files => format!("{} files of {key} are ignored: {reason}", files.len()),
        })),
    }
    lines
}
