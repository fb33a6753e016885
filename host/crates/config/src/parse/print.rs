//! Prints sections as text that parses to the same sections.

use std::fmt::Write as _;

use super::text::strip;
use crate::Section;
use base::collections::OrderedMap;

/// Prints sections in the current syntax: `[name]`, `option = value`, and longer values indented below their name.
///
/// Trailing blank lines of a value are lost: only a second `+=` in the same file can express them.
pub fn print(sections: &OrderedMap<String, Section>) -> String {
    let mut text = String::new();
    for (number, (name, section)) in sections.iter().enumerate() {
        let gap = if number > 0 { "\n" } else { "" };
        let _ = writeln!(text, "{gap}[{name}]");
        for (name, option) in &section.options {
            print_option(&mut text, name, &option.raw);
        }
    }
    text
}

/// Prints one option.
pub fn print_option(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(if name.ends_with(['+', '-']) { "=" } else { " =" });
    // Whitespace at either end would be lost on the line of the name.
    if value.contains('\n') || value != strip(value) {
        for line in value.split('\n') {
            text.push_str(if line.is_empty() { "\n" } else { "\n    " });
            text.push_str(line);
        }
    } else if !value.is_empty() {
        text.push(' ');
        text.push_str(value);
    }
    text.push('\n');
}
