//! Python's definition of whitespace, and zc.buildout's processing of values.

/// Python's `str.isspace` for one character: Unicode whitespace and the four separators of ASCII.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// `str.strip()`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.rstrip()`.
pub(crate) fn strip_end(text: &str) -> &str {
    text.trim_end_matches(is_space)
}

/// zc.buildout's processing of a value whose first line is empty: removes common indentation, and blank lines at both
/// ends.
pub(super) fn dedent(value: &str) -> String {
    let value = strip_end(value);
    let margin = margin(value);
    let mut clean = String::with_capacity(value.len());
    for (number, line) in value.split('\n').enumerate() {
        if number > 0 {
            clean.push('\n');
        }
        if !line.bytes().all(|byte| matches!(byte, b' ' | b'\t')) {
            clean.push_str(line.strip_prefix(margin).unwrap_or(line));
        }
    }
    let blank = clean.len() - clean.trim_start_matches(is_space).len();
    let kept = clean[..blank].rfind('\n').map_or(0, |newline| newline + 1);
    clean.drain(..kept);
    clean
}

/// The common leading spaces and tabs of all lines that are not blank (`textwrap.dedent`).
fn margin(value: &str) -> &str {
    let mut margin: Option<&str> = None;
    for line in value.split('\n') {
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        if indent.len() == line.len() {
            continue;
        }
        let common = margin
            .map_or(indent.len(), |margin| margin.bytes().zip(indent.bytes()).take_while(|(a, b)| a == b).count());
        margin = Some(&indent[..common]);
    }
    margin.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::dedent;

    #[test]
    fn values_lose_their_common_indentation() {
        let t = |value: &str, expected: &str| assert_eq!(dedent(value), expected, "{value:?}");
        t("\n  a\n  b", "a\nb");
        t("\n  a\n    b\n  c\n", "a\n  b\nc");
        t("\n\n\n    a\n\n  b", "  a\n\nb");
        t("\n\ta\n  b", "\ta\n  b");
        t("\n   ", "");
    }
}
