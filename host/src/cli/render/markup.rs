//! Escaping for SVG and HTML.

use base::source::printable;

/// Escapes text, in content and in quoted attributes. Characters that XML does not allow are shown as numbers.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' | '\u{fffe}' | '\u{ffff}' => escaped.extend(c.escape_default()),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_is_markup_any_more() {
        assert_eq!(
            escape("<a b='\"'>&\x1b\n\0\u{ffff}ü"),
            "&lt;a b=&#39;&quot;&#39;&gt;&amp;\\u{1b}\\n\\u{0}\\u{ffff}ü"
        );
    }
}
