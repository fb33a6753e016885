//! How untrusted text is displayed: without credentials, without terminal control characters, and on one line.

use std::ops::Range;

/// Lines longer than this, in characters, are shortened.
const LONG: usize = 160;

/// How many characters of a long line are shown on either side of the span.
const AROUND: usize = 50;

/// `text` without the credentials of URLs: the part between `://` and `@` becomes `***`.
pub fn redact(text: &str) -> String {
    replace_credentials(text, |_, _| "***".to_owned())
}

/// The text with escapes for characters that control a terminal, change the reading order of a line, or are invisible.
/// Line ends and tabs are kept.
pub fn printable(text: &str) -> String {
    escape(text, |c| steers(c) && c != '\n')
}

/// As [`printable`], on one line: line ends and tabs are escaped, too.
pub fn printable_line(text: &str) -> String {
    escape(text, |c| steers(c) || c == '\t')
}

/// JSON with the same characters escaped. They can occur only inside strings, where an escape has the same value.
pub fn printable_json(json: &str) -> String {
    let is_foreign = |c: char| steers(c) && !c.is_ascii_control() || c == '\x7f';
    if !json.contains(is_foreign) {
        return json.to_owned();
    }
    let escaped = |c: char| if is_foreign(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() };
    json.chars().map(escaped).collect()
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    if !text.contains(&is_escaped) {
        return text.to_owned();
    }
    text.chars().map(|c| if is_escaped(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

fn steers(c: char) -> bool {
    let invisible = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    invisible || (c.is_control() && c != '\t')
}

/// A line, and below it a caret for each character of the span (counted in characters).
pub(super) fn snippet(line: &str, span: Range<usize>) -> String {
    let line: Vec<char> = mask(line).chars().collect();
    let window = if line.len() > LONG { window(line.len(), &span) } else { 0..line.len() };
    let cut = |yes: bool| if yes { "…" } else { "" };
    let mut text = cut(window.start > 0).to_owned();
    let mut marks = if window.start > 0 { " ".to_owned() } else { String::new() };
    for (number, c) in line.iter().enumerate().take(window.end).skip(window.start) {
        let shown = if steers(*c) { c.escape_default().to_string() } else { c.to_string() };
        let mark = match c {
            _ if span.contains(&number) => "^",
            '\t' if number < span.start => "\t",
            _ if number < span.start => " ",
            _ => "",
        };
        marks.push_str(&mark.repeat(shown.chars().count()));
        text.push_str(&shown);
    }
    if span.is_empty() {
        marks.push('^');
    }
    format!("{text}{}\n{marks}", cut(window.end < line.len()))
}

/// The part of a long line that is shown.
fn window(length: usize, span: &Range<usize>) -> Range<usize> {
    let start = span.start.saturating_sub(AROUND);
    let end = (span.end.min(span.start + AROUND) + AROUND).min(length);
    start..end
}

fn mask(line: &str) -> String {
    replace_credentials(line, |secret, _| "*".repeat(secret.chars().count()))
}

/// Replaces the credentials of URLs; `instead` receives them and the whole authority.
pub fn replace_credentials(text: &str, instead: impl Fn(&str, &str) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(scheme_end) = rest.find("://") {
        let start = scheme_end + 3;
        let ends = |c: char| matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>') || c.is_whitespace();
        let end = rest[start..].find(ends).map_or(rest.len(), |end| start + end);
        shown.push_str(&rest[..start]);
        let authority = &rest[start..end];
        let (secret, host) = authority.split_at(authority.rfind('@').unwrap_or(0));
        shown.push_str(&if secret.is_empty() { String::new() } else { instead(secret, authority) });
        shown.push_str(host);
        rest = &rest[end..];
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        let t = |text: &str, expected: &str| assert_eq!(redact(text), expected);
        t("https://user:pass@host/a?b", "https://***@host/a?b");
        t("a https://u@h b ftp://u:p@s@h/x", "a https://***@h b ftp://***@h/x");
        t("https://host/a@b ://", "https://host/a@b ://");
        t("no url", "no url");
        assert_eq!(
            snippet("extends = https://u:p@host/x", 10..28),
            "extends = https://***@host/x\n          ^^^^^^^^^^^^^^^^^^"
        );
    }

    #[test]
    fn what_controls_a_terminal_is_escaped() {
        assert_eq!(printable("a\x1b[31m\u{9b}b\r\tc\n"), "a\\u{1b}[31m\\u{9b}b\\r\tc\n");
        assert_eq!(printable("a\u{202e}b\u{200b}c\u{2066}é"), "a\\u{202e}b\\u{200b}c\\u{2066}é");
        assert_eq!(printable_line("a\n\tb\r"), "a\\n\\tb\\r");
        let json = "{\"a\": \"\u{9b}1m\u{202e}\\u001b\x7fé\"}";
        assert_eq!(printable_json(json), "{\"a\": \"\\u009b1m\\u202e\\u001b\\u007fé\"}");
        assert_eq!(snippet("a\x1b[1m = x", 8..9), "a\\u{1b}[1m = x\n             ^");
    }

    #[test]
    fn of_a_long_line_there_is_what_matters() {
        let line = format!("{}${{x:y}}{}", "a".repeat(500), "b".repeat(500));
        let expected = format!("…{}${{x:y}}{}…\n{}^^^^^^", "a".repeat(50), "b".repeat(50), " ".repeat(51));
        assert_eq!(snippet(&line, 500..506), expected);
    }
}
