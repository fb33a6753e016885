//! Parts and the references between them, as text for Graphviz or Mermaid, or as a drawing.

mod arrows;
mod dot;
mod mermaid;
mod svg;

use crate::run::PartGraph;

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum GraphFormat {
    /// Graphviz DOT
    Dot,
    /// A Mermaid flowchart
    Mermaid,
    /// A standalone SVG image
    Svg,
}

/// The graph in a format. An arrow points from a part to one that it references.
pub(in crate::cli) fn text(graph: &PartGraph, format: GraphFormat) -> String {
    match format {
        GraphFormat::Dot => dot::text(graph),
        GraphFormat::Mermaid => mermaid::text(graph),
        GraphFormat::Svg => svg::text(graph),
    }
}

#[cfg(test)]
mod tests {
    use super::arrows::hostile;
    use super::*;

    #[test]
    fn names_are_only_names() {
        let dot = "digraph buildout {\n  rankdir = LR;\n  node [shape = box];\n  \
                   n0 [label = \"a\\\"]; x -> y [\\\\N&amp;lt;\"];\n  n1 [label = \"<script>`b`|#\"];\n  \
                   n2 [label = \"c\\\\u{1b}\\\\n%%{end\"];\n  n1 -> n0;\n  n2 -> n0;\n  n2 -> n1;\n}\n";
        assert_eq!(text(&hostile(), GraphFormat::Dot), dot);
        let mermaid = "flowchart LR\n  n0[\"a#34;#93;#59; x -#62; y #91;#92;N#38;lt#59;\"]\n  \
                       n1[\"#60;script#62;#96;b#96;#124;#35;\"]\n  n2[\"c#92;u#123;1b#125;#92;n#37;#37;#123;end\"]\n  \
                       n1 --> n0\n  n2 --> n0\n  n2 --> n1\n";
        assert_eq!(text(&hostile(), GraphFormat::Mermaid), mermaid);
    }
}
