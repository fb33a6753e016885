//! Quoting of names and values in `.installed.cfg`.
//!
//! Values: first zc.buildout's rule (`_save_option` in its `buildout.py`): whitespace around line ends and at both
//! ends of a value is written as `%(__buildout_space…__)s`, and each further line starts with a tab. Characters that
//! this rule would lose are written as `%(__buildout_char_HEX__)s`, which zc.buildout reads as ordinary text. Names
//! that the format cannot represent are written as `__buildout_name__` followed by the percent-encoded name.
//! `docs/state.md` specifies both.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Start and end of every quoted character.
const QUOTE: &str = "%(__buildout_";
const QUOTE_END: &str = "__)s";

/// Start of a quoted name.
const NAME: &str = "__buildout_name__";

/// zc.buildout's names for whitespace, between [`QUOTE`] and [`QUOTE_END`].
const SPACES: [(char, &str); 5] =
    [(' ', "space"), ('\n', "space_n"), ('\r', "space_r"), ('\x0c', "space_f"), ('\x0b', "space_v")];

/// Every other character, by its code point in hexadecimal.
const CHARACTER: &str = "char_";

/// Whitespace as in Python's `str.isspace`, which `str.strip` removes.
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\x1c'..='\x1f').contains(&character)
}

/// A value as written after `name = `, its further lines with their tabs.
pub(super) fn quote_value(text: &mut String, value: &str) {
    let lines = lines_of(value);
    let mut lines = lines.as_slice();
    // A line end at either end of the value would leave an empty line.
    if let ["", rest @ ..] = lines
        && !rest.is_empty()
    {
        quote_character(text, '\n');
        lines = rest;
    }
    let ends_in_break = lines.len() > 1 && lines.last() == Some(&"");
    if ends_in_break {
        lines = &lines[..lines.len() - 1];
    }
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            text.push_str("\n\t");
        }
        quote_line(text, line);
    }
    if ends_in_break {
        quote_character(text, '\n');
    }
}

/// Splits a value where zc.buildout starts a new line: at the first `\n` of every run of whitespace.
fn lines_of(value: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut search) = (0, 0);
    while let Some(found) = value[search..].find('\n') {
        let newline = search + found;
        lines.push(&value[start..newline]);
        start = newline + 1;
        let rest = &value[start..];
        search = start + (rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\x0c', '\x0b', '\n']).len());
    }
    lines.push(&value[start..]);
    lines
}

/// Quotes whitespace at both ends of a line, and characters within it that would break the line or look like a quote.
fn quote_line(text: &mut String, line: &str) {
    let inner = line.trim_matches(is_space);
    let start = line.len() - line.trim_start_matches(is_space).len();
    let (head, tail) = line.split_at(start);
    head.chars().for_each(|character| quote_character(text, character));
    for (offset, character) in inner.char_indices() {
        let breaks = character.is_control() && !matches!(character, '\t' | '\x0c' | '\x0b');
        if breaks || (character == '%' && inner[offset..].starts_with(QUOTE)) {
            quote_character(text, character);
        } else {
            text.push(character);
        }
    }
    tail[inner.len()..].chars().for_each(|character| quote_character(text, character));
}

fn quote_character(text: &mut String, character: char) {
    // Writing to a String cannot fail.
    let _ = match SPACES.iter().find(|(space, _)| *space == character) {
        Some((_, name)) => write!(text, "{QUOTE}{name}{QUOTE_END}"),
        None => write!(text, "{QUOTE}{CHARACTER}{:X}{QUOTE_END}", u32::from(character)),
    };
}

/// The value of a text whose lines are joined with `\n`, without their indentation. Anything that is not a quote is
/// literal.
pub(super) fn unquote_value(text: &str) -> Cow<'_, str> {
    let mut found = text.match_indices(QUOTE).peekable();
    if found.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut value = String::with_capacity(text.len());
    let mut done = 0;
    for (start, _) in found {
        let Some((character, length)) = quoted_character(&text[start + QUOTE.len()..]) else { continue };
        value.push_str(&text[done..start]);
        value.push(character);
        done = start + QUOTE.len() + length;
    }
    value.push_str(&text[done..]);
    Cow::Owned(value)
}

/// Decodes the quoted character in `text`, which follows [`QUOTE`]; also returns the length of the rest of the quote.
fn quoted_character(text: &str) -> Option<(char, usize)> {
    let name = &text[..text.find(QUOTE_END)?];
    let length = name.len() + QUOTE_END.len();
    if let Some((space, _)) = SPACES.iter().find(|(_, known)| *known == name) {
        return Some((*space, length));
    }
    let digits = name.strip_prefix(CHARACTER)?;
    let is_number = !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_number)?;
    Some((char::from_u32(code)?, length))
}

/// What a name is used for, which decides which characters may remain unquoted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// An option's name. A space within it is allowed, as in the format of zc.buildout 1.
    Option,
    /// A section's name, and the same in `parts`, which is separated by whitespace.
    Section,
    /// A path in a list with one path per line.
    Path,
}

/// Quotes a name if necessary.
pub(super) fn quote_name(name: &str, usage: Use) -> Cow<'_, str> {
    if !name.starts_with(NAME) && is_plain(name, usage) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(quote_any_name(name))
}

/// Quotes a name always: for one that would otherwise have a special meaning.
pub(super) fn quote_any_name(name: &str) -> String {
    let mut text = NAME.to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/') {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn is_plain(name: &str, usage: Use) -> bool {
    let forbidden = |character: char| match usage {
        Use::Path => character == '\n',
        Use::Section => is_space(character) || character.is_control() || "#[]:;{}".contains(character),
        Use::Option => {
            (is_space(character) && character != ' ') || character.is_control() || "[]{}=:".contains(character)
        }
    };
    let edges = usage != Use::Option || (!name.starts_with([' ', '#', ';']) && !name.ends_with([' ', '+', '-']));
    !name.is_empty() && edges && !name.contains(forbidden)
}

/// Decodes a written name. A text that is not a quoted name is literal.
pub(super) fn unquote_name(text: &str) -> String {
    text.strip_prefix(NAME).and_then(percent_decoded).unwrap_or_else(|| text.to_owned())
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let value = 16 * digit(rest.next()?)? + digit(rest.next()?)?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(value: &str) -> String {
        let mut text = String::new();
        quote_value(&mut text, value);
        text
    }

    /// The expected texts are the output of zc.buildout 6.0.1.
    #[test]
    fn white_space_is_quoted_as_zc_buildout_quotes_it() {
        let cases = [
            ("", ""),
            ("a b", "a b"),
            ("a  b\tc", "a  b\tc"),
            (" a", "%(__buildout_space__)sa"),
            ("a ", "a%(__buildout_space__)s"),
            (" ", "%(__buildout_space__)s"),
            ("a\nb", "a\n\tb"),
            ("a \n  b", "a%(__buildout_space__)s\n\t%(__buildout_space__)s%(__buildout_space__)sb"),
            ("a\n\nb", "a\n\t%(__buildout_space_n__)sb"),
            ("\na", "%(__buildout_space_n__)sa"),
            ("\n", "%(__buildout_space_n__)s"),
            ("\n\n", "%(__buildout_space_n__)s%(__buildout_space_n__)s"),
            ("a\n", "a%(__buildout_space_n__)s"),
            ("a\n\n", "a\n\t%(__buildout_space_n__)s"),
            ("a\r\n\x0c\x0bb", "a%(__buildout_space_r__)s\n\t%(__buildout_space_f__)s%(__buildout_space_v__)sb"),
            ("100% %(name)s %%", "100% %(name)s %%"),
            ("#a\n[b]\n;c", "#a\n\t[b]\n\t;c"),
        ];
        for (value, text) in cases {
            assert_eq!(quoted(value), text, "{value:?}");
        }
    }

    #[test]
    fn what_zc_buildout_would_lose_is_quoted_by_code() {
        assert_eq!(quoted("\ta"), "%(__buildout_char_9__)sa");
        assert_eq!(quoted("a\u{a0}"), "a%(__buildout_char_A0__)s");
        assert_eq!(quoted("a\0\x1bb"), "a%(__buildout_char_0__)s%(__buildout_char_1B__)sb");
        assert_eq!(quoted("a\rb"), "a%(__buildout_space_r__)sb");
        assert_eq!(quoted("%(__buildout_space__)s"), "%(__buildout_char_25__)s(__buildout_space__)s");
    }

    #[test]
    fn what_is_not_a_quote_stands_for_itself() {
        for text in ["%(__buildout_", "%(__buildout_tab__)s", "%(__buildout_char___)s", "%(__buildout_char_+9__)s"] {
            assert_eq!(unquote_value(text), text);
        }
        assert_eq!(unquote_value("%(__buildout_%(__buildout_space__)s"), "%(__buildout_ ");
        assert_eq!(unquote_value("%(__buildout_char_D800__)s"), "%(__buildout_char_D800__)s");
        for text in ["__buildout_name__%", "__buildout_name__%G0", "__buildout_name__%FF", "__buildout_name"] {
            assert_eq!(unquote_name(text), text);
        }
    }

    #[test]
    fn names_are_quoted_only_where_the_format_has_no_room() {
        for name in ["path", "File 1", "<part-dependencies>", "ü.-+x", "eggs#1"] {
            assert_eq!(quote_name(name, Use::Option), name);
        }
        for name in
            ["", " a", "a ", "a=b", "a:b", "[x]", "#a", ";a", "a+", "a -", "a\tb", "\u{a0}", "__buildout_name__"]
        {
            let text = quote_name(name, Use::Option);
            assert!(text.starts_with(NAME) && is_plain(&text, Use::Section), "{text}");
            assert_eq!(unquote_name(&text), name);
        }
        assert_eq!(quote_name("my part", Use::Section), "__buildout_name__my%20part");
        assert_eq!(quote_name("/a\nb", Use::Path), "__buildout_name__/a%0Ab");
    }
}
