//! The graph as a Mermaid flowchart.

use std::fmt::Write as _;

use crate::run::PartGraph;
use base::source::printable_line;

use super::arrows::arrows;

pub(super) fn text(graph: &PartGraph) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (number, part) in graph.parts.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  n{number}[\"{}\"]", label(part));
    }
    for (from, to) in arrows(graph) {
        let _ = writeln!(text, "  n{from} --> n{to}");
    }
    text
}

/// A quoted label: every character that may be special is written as a number (Mermaid's entity codes).
fn label(part: &str) -> String {
    let mut label = String::new();
    for c in printable_line(part).chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ':' | '/') {
            label.push(c);
        } else {
            let _ = write!(label, "#{};", u32::from(c));
        }
    }
    label
}
