//! The graph in Graphviz's DOT language.

use std::fmt::Write as _;

use crate::run::PartGraph;
use base::source::printable_line;

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

/// A quoted label: Graphviz interprets `\"`, escapes such as `\N`, and HTML entities in it.
fn label(part: &str) -> String {
    let shown = printable_line(part);
    shown.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}
