//! Splits text into lines, and classifies them by their form alone.
//!
//! Does not know which section or option a line belongs to. The current forms are those of zc.buildout 6's
//! `configparser.py`; the classic ones are those of Python 2's `ConfigParser`, which buildout 1.0 used.

use std::ops::Range;

use super::text::{is_space, strip_end};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The whole line, without its line end.
    pub(super) span: Range<usize>,
    /// Its form.
    pub(super) form: LineForm,
}

/// The form of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LineForm {
    /// `#` or `;` in the first column; in classic files also `rem`.
    Comment,
    /// Whitespace in the first column: continues the value before it. Includes empty lines.
    Indented,
    /// `[name]` or `[name:expression]`.
    Header { name: Range<usize>, expression: Option<Range<usize>> },
    /// `name = value`, `name += value`, `=> value`. The name includes the `+` or `-`.
    Assignment { name: Name, value: Range<usize> },
    /// Unknown form.
    Unknown,
}

/// The name of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// As written, without trailing whitespace.
    Written(Range<usize>),
    /// `=>`: `<part-dependencies>`.
    PartDependencies,
}

/// Splits text into lines of the current syntax.
pub(super) fn lex(text: &str) -> Vec<Line> {
    lines(text).map(|span| Line { form: form(text, &span), span }).collect()
}

/// Splits text into lines of the classic syntax.
pub(super) fn lex_classic(text: &str) -> Vec<Line> {
    lines(text).map(|span| Line { form: classic_form(text, &span), span }).collect()
}

fn lines(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= text.len() {
            return None;
        }
        let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let line = start..end;
        start = end + 1;
        Some(line)
    })
}

fn form(text: &str, span: &Range<usize>) -> LineForm {
    let line = &text[span.clone()];
    match line.chars().next() {
        None => LineForm::Indented,
        Some('#' | ';') => LineForm::Comment,
        Some(c) if is_space(c) => LineForm::Indented,
        Some('[') => header(line, span.start).unwrap_or(LineForm::Unknown),
        _ => assignment(line, span.start).or_else(|| kind_assignment(line, span.start)).unwrap_or(LineForm::Unknown),
    }
}

fn classic_form(text: &str, span: &Range<usize>) -> LineForm {
    let line = &text[span.clone()];
    match line.chars().next() {
        None => LineForm::Indented,
        Some('#' | ';') => LineForm::Comment,
        Some(c) if is_space(c) => LineForm::Indented,
        Some('r' | 'R') if is_remark(line) => LineForm::Comment,
        Some('[') => header(line, span.start).or_else(|| classic_header(line, span.start)).unwrap_or(LineForm::Unknown),
        _ => classic_assignment(line, span.start).unwrap_or(LineForm::Unknown),
    }
}

fn is_remark(line: &str) -> bool {
    line.split(is_space).next().is_some_and(|word| word.eq_ignore_ascii_case("rem"))
}

/// `[name]` or `[name:expression]`, optionally followed by a comment. Name and expression contain no `#` or `;`.
fn header(line: &str, start: usize) -> Option<LineForm> {
    let body = line.split(['#', ';']).next()?;
    let inner = strip_end(body).strip_prefix('[')?.strip_suffix(']')?;
    let (name, expression) = match inner.find(':') {
        Some(colon) => (&inner[..colon], Some(&inner[colon + 1..])),
        None => (inner, None),
    };
    let lead = name.len() - name.trim_start_matches(is_space).len();
    let name = name.trim_matches(is_space);
    if name.is_empty() || name.contains(|c: char| is_space(c) || "[]{}".contains(c)) {
        return None;
    }
    let name_start = start + 1 + lead;
    let expression = expression.filter(|expression| !expression.is_empty()).map(|expression| {
        let from = start + 1 + (inner.len() - expression.len());
        from..from + expression.len()
    });
    Some(LineForm::Header { name: name_start..name_start + name.len(), expression })
}

/// A name in brackets, with any characters except `]`; text after the bracket is ignored.
fn classic_header(line: &str, start: usize) -> Option<LineForm> {
    let end = line.find(']').filter(|end| *end > 1)?;
    Some(LineForm::Header { name: start + 1..start + end, expression: None })
}

/// `name = value`: no whitespace, brackets, braces or colon in the name; whitespace is allowed before the sign of
/// `name +=`, but not after it.
fn assignment(line: &str, start: usize) -> Option<LineForm> {
    if let Some(dependencies) = part_dependencies(line, start) {
        return Some(dependencies);
    }
    let equals = line.find('=')?;
    let written = &line[..equals];
    let unsigned = written.strip_suffix(['+', '-']).unwrap_or(written);
    let plain = |name: &str| !name.is_empty() && !name.contains(|c: char| is_space(c) || "{}[]:".contains(c));
    let name = strip_end(written);
    (plain(strip_end(unsigned)) || plain(written)).then(|| LineForm::Assignment {
        name: Name::Written(start..start + name.len()),
        value: trimmed(line, equals + 1, start),
    })
}

fn part_dependencies(line: &str, start: usize) -> Option<LineForm> {
    line.starts_with("=>")
        .then(|| LineForm::Assignment { name: Name::PartDependencies, value: trimmed(line, 2, start) })
}

/// Forms that 1.0 allowed and zc.buildout 6 refuses: `name: value`, and spaces within a name.
///
/// A colon is accepted only before whitespace or the end of the line: a URL that has lost its indentation remains an
/// error.
fn kind_assignment(line: &str, start: usize) -> Option<LineForm> {
    let at = line.char_indices().find_map(|(at, c)| {
        let after = line[at + c.len_utf8()..].chars().next();
        (c == '=' || (c == ':' && after.is_none_or(is_space))).then_some(at)
    })?;
    let name = strip_end(&line[..at]);
    let value = trimmed(line, at + 1, start);
    let wrong = name.is_empty() || name.contains(['[', ']', '{', '}', ':']) || line[at + 1..].starts_with('=');
    (!wrong).then_some(LineForm::Assignment { name: Name::Written(start..start + name.len()), value })
}

fn classic_assignment(line: &str, start: usize) -> Option<LineForm> {
    if let Some(dependencies) = part_dependencies(line, start) {
        return Some(dependencies);
    }
    let at = line.find(['=', ':']).filter(|at| *at > 0)?;
    let name = strip_end(&line[..at]);
    let value = classic_value(line, at + 1);
    Some(LineForm::Assignment {
        name: Name::Written(start..start + name.len()),
        value: start + value.start..start + value.end,
    })
}

/// A semicolon after whitespace starts a comment; `""` is an empty value.
fn classic_value(line: &str, from: usize) -> Range<usize> {
    let text = &line[from..];
    let comment = text.find(';').filter(|at| text[..*at].chars().next_back().is_some_and(is_space));
    let range = trimmed(&line[..from + comment.unwrap_or(text.len())], from, 0);
    if &line[range.clone()] == "\"\"" { range.start..range.start } else { range }
}

/// The rest of `line` from `from` on, without surrounding whitespace, as a span of the text.
fn trimmed(line: &str, from: usize, start: usize) -> Range<usize> {
    let text = &line[from..];
    let lead = text.len() - text.trim_start_matches(is_space).len();
    let length = text.trim_matches(is_space).len();
    start + from + lead..start + from + lead + length
}
