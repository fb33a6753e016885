//! Which of two solutions is better, and the search for a better one.
//!
//! If the newest versions of two requested projects exclude each other, the solver keeps that of one, and takes an old version
//! of the other, from years ago if no newer one says that it excludes the first. A person would take the last but one of the
//! first. Knows nothing of the solver.

use super::provider::Solution;
use super::{Requirement, ResolveError};
use crate::version::Specifiers;

/// The most searches for a better solution.
const MOST_SEARCHES: usize = 4;

/// The solution, or one that passes over fewer versions of the requested projects: each of those that did not get its best
/// version gets it in one search.
pub(super) fn balanced(
    roots: &[Requirement],
    first: Solution,
    mut search: impl FnMut(&[Requirement]) -> Result<Solution, ResolveError>,
) -> Solution {
    let mut lowered: Vec<usize> = (0..roots.len()).filter(|index| first.standings[*index].passed_over > 0).collect();
    lowered.sort_by_key(|index| std::cmp::Reverse(first.standings[*index].passed_over));
    let mut best = first;
    for index in lowered.into_iter().take(MOST_SEARCHES) {
        let standing = &best.standings[index];
        let Some(version) = standing.best.as_ref().filter(|_| standing.passed_over > 0) else { continue };
        let Ok(exactly) = Specifiers::parse(&format!("=={version}")) else { continue };
        let mut with_best = roots.to_vec();
        with_best[index] = roots[index].with_specifiers(roots[index].specifiers.and(&exactly));
        if let Ok(other) = search(&with_best)
            && other.passed_over() < best.passed_over()
        {
            best = other;
        }
    }
    best
}

impl Solution {
    /// How many better versions of requested projects it does not use.
    fn passed_over(&self) -> usize {
        self.standings.iter().map(|standing| standing.passed_over).sum()
    }
}
