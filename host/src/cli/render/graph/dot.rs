//! The graph in Graphviz's language.

use std::fmt::Write as _;

use crate::run::PartGraph;
use base::source::neutralise;

use super::arrows::arrows;

pub(super) fn text(graph: &PartGraph) -> String {
    let mut text = "digraph buildout {\n  rankdir = LR;\n  node [shape = box];\n".to_owned();
    for (number, part) in graph.parts.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  n{number} [label = \"{}\"];", label(part));
    }
    for (from, to) in arrows(graph) {
        let _ = writeln!(text, "  n{from} -> n{to};");
    }
    text.push_str("}\n");
    text
}

/// A label in quotes: there, Graphviz knows `\"`, escapes such as `\N`, and HTML's entities.
fn label(part: &str) -> String {
    let shown = neutralise(part).replace('\n', "\\n").replace('\t', "\\t");
    shown.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}
