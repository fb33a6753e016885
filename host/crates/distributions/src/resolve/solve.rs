//! One search with the solver, and what came of it.

use resolvo::{Problem, Solver, UnsolvableOrCancelled};

use super::candidates::Chosen;
use super::error::ResolveError;
use super::explain;
use super::provider::{CandidateProvider, SolverStop};
use super::request::Knowledge;

/// The result of a search.
pub(super) enum Verdict {
    /// A candidate of each project, with its metadata, by key.
    Solved(Chosen),
    /// It must start again, with this knowledge.
    Again(Knowledge),
    /// There is no solution, except perhaps with the knowledge in `learned`.
    Unsolvable { learned: Option<Knowledge>, conflict: ResolveError },
}

impl CandidateProvider<'_> {
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
            Ok(solvables) => Ok(Verdict::Solved(provider.chosen(&solvables))),
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
}
