//! Values of options, as Python's functions make them: the state records them, and scripts contain them.

/// Joins paths as `os.path.join` does. Nothing is normalized.
///
/// ```
/// use buildout_recipe::text::join;
///
/// assert_eq!(join("/srv/buildout", "var"), "/srv/buildout/var");
/// assert_eq!(join("/srv/buildout", "/var"), "/var");
/// ```
pub fn join(directory: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else if directory.ends_with('/') {
        format!("{directory}{path}")
    } else {
        format!("{directory}/{path}")
    }
}

/// A string as Python's `repr` writes it: in single quotes, or in double quotes if that saves escapes.
///
/// ```
/// assert_eq!(buildout_recipe::text::repr("it's"), "\"it's\"");
/// ```
pub fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut written = String::with_capacity(text.len() + 2);
    written.push(quote);
    for c in text.chars() {
        match c {
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            c if c == quote => written.extend(['\\', c]),
            c if is_printable(c) => written.push(c),
            c => match c as u32 {
                code @ 0..=0xff => written += &format!("\\x{code:02x}"),
                code @ 0x100..=0xffff => written += &format!("\\u{code:04x}"),
                code => written += &format!("\\U{code:08x}"),
            },
        }
    }
    written.push(quote);
    written
}

/// Whether Python shows a character unchanged. (Of the invisible ones, only those that occur in file names are handled.)
fn is_printable(c: char) -> bool {
    let invisible = matches!(
        c as u32,
        0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
            | 0xe000..=0xf8ff | 0xfeff | 0xfff0..=0xfffb | 0xe0000..=0x10ffff
    );
    c == ' ' || !(c.is_control() || c.is_whitespace() || invisible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_python_joins_them() {
        assert_eq!(join("/a/", "b"), "/a/b");
        assert_eq!(join("/a", "b"), "/a/b");
        assert_eq!(join("/a", "/b"), "/b");
    }

    #[test]
    fn texts_as_python_writes_them() {
        let t = |text: &str, expected: &str| assert_eq!(repr(text), expected);
        t("it's \"x\"", "'it\\'s \"x\"'");
        t("a\\b\n\t\r\u{1}\u{7f}", "'a\\\\b\\n\\t\\r\\x01\\x7f'");
        t("Größe €", "'Größe €'");
        t("\u{a0}\u{200b}\u{10ffff}", "'\\xa0\\u200b\\U0010ffff'");
    }
}
