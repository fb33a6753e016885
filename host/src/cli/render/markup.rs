//! Text as SVG and HTML take it.

use base::source::neutralise;

/// Text that means only itself, in content and in quoted attributes. What XML cannot hold is shown by its number.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in neutralise(text).chars() {
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
