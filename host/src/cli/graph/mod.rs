//! `graph`: parts and what they refer to, as text for Graphviz or Mermaid, or drawn.

mod dot;
mod mermaid;
mod svg;

use crate::run::PartGraph;

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// The language of Graphviz.
    Dot,
    /// A Mermaid flow chart.
    Mermaid,
    /// A drawing, complete in itself.
    Svg,
}

/// The graph in a format. An arrow leads from a part to one that it refers to.
pub(super) fn text(graph: &PartGraph, format: Format) -> String {
    match format {
        Format::Dot => dot::text(graph),
        Format::Mermaid => mermaid::text(graph),
        Format::Svg => svg::text(graph),
    }
}

/// Every arrow, by the numbers of parts.
fn arrows(graph: &PartGraph) -> impl Iterator<Item = (usize, usize)> {
    graph.references.iter().enumerate().flat_map(|(from, targets)| targets.iter().map(move |to| (from, *to)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// `b` refers to `a`, `c` to both; names that are not harmless.
    pub(super) fn hostile() -> PartGraph {
        let parts = ["a\"]; x -> y [\\N&lt;", "<script>`b`|#", "c\x1b\n%%{end"].map(str::to_owned).to_vec();
        PartGraph { parts, references: vec![BTreeSet::new(), BTreeSet::from([0]), BTreeSet::from([0, 1])] }
    }

    #[test]
    fn names_are_only_names() {
        let dot = "digraph buildout {\n  rankdir = LR;\n  node [shape = box];\n  \
                   n0 [label = \"a\\\"]; x -> y [\\\\N&amp;lt;\"];\n  n1 [label = \"<script>`b`|#\"];\n  \
                   n2 [label = \"c\\\\u{1b}\\\\n%%{end\"];\n  n1 -> n0;\n  n2 -> n0;\n  n2 -> n1;\n}\n";
        assert_eq!(text(&hostile(), Format::Dot), dot);
        let mermaid = "flowchart LR\n  n0[\"a#34;#93;#59; x -#62; y #91;#92;N#38;lt#59;\"]\n  \
                       n1[\"#60;script#62;#96;b#96;#124;#35;\"]\n  n2[\"c#92;u#123;1b#125;#92;n#37;#37;#123;end\"]\n  \
                       n1 --> n0\n  n2 --> n0\n  n2 --> n1\n";
        assert_eq!(text(&hostile(), Format::Mermaid), mermaid);
    }
}
