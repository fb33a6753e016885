//! The arrows of the graph.

use crate::run::PartGraph;

/// All arrows, as pairs of part numbers.
pub(super) fn arrows(graph: &PartGraph) -> impl Iterator<Item = (usize, usize)> {
    graph.references.iter().enumerate().flat_map(|(from, targets)| targets.iter().map(move |to| (from, *to)))
}

/// `b` references `a`, `c` references both; with names that need escaping.
#[cfg(test)]
pub(super) fn hostile() -> PartGraph {
    let parts = ["a\"]; x -> y [\\N&lt;", "<script>`b`|#", "c\x1b\n%%{end"].map(str::to_owned).to_vec();
    PartGraph {
        parts,
        references: vec![
            std::collections::BTreeSet::new(),
            std::collections::BTreeSet::from([0]),
            std::collections::BTreeSet::from([0, 1]),
        ],
    }
}
