//! Source text with places: where an option was written, and how to show that.
//!
//! Does not know what the text means. A place stores a byte span; line and column are computed only when they are
//! shown.

mod shown;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::remedy::Remedy;

pub use shown::{printable, printable_json, printable_line, redact, replace_credentials};

/// Text that was read from one source: a configuration file, a state file, `recipes.toml`.
#[derive(Debug)]
pub struct Source {
    /// Path or URL, for display. Never contains credentials.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Whether it is a command-line argument, which has no line numbers.
    is_argument: bool,
    /// Start of each line after the first, in bytes; computed when a line number is first needed.
    line_starts: OnceLock<Vec<usize>>,
}

impl Source {
    /// Wraps text that was read from `name`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into(), is_argument: false, line_starts: OnceLock::new() })
    }

    /// Wraps a command-line argument.
    pub fn argument(text: impl Into<String>) -> Arc<Self> {
        let (name, text) = ("on the command line".into(), text.into());
        Arc::new(Self { name, text, is_argument: true, line_starts: OnceLock::new() })
    }
}

/// A span of a text.
#[derive(Clone)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// Start of the span, in bytes.
    pub start: u32,
    /// End of the span (exclusive), in bytes.
    pub end: u32,
}

impl Place {
    /// The span `range` of `source`, cut to the text's length.
    pub fn new(source: &Arc<Source>, range: Range<usize>) -> Self {
        let length = source.text.len();
        let clamp = |offset: usize| u32::try_from(offset.min(length)).unwrap_or(u32::MAX);
        Self { source: Arc::clone(source), start: clamp(range.start), end: clamp(range.end.max(range.start)) }
    }

    /// Line of the start, counted from 1.
    pub fn line(&self) -> usize {
        let source = &self.source;
        let starts = source.line_starts.get_or_init(|| source.text.match_indices('\n').map(|(at, _)| at + 1).collect());
        starts.partition_point(|start| *start <= self.start as usize) + 1
    }

    /// Column of the start, in characters, counted from 1.
    pub(crate) fn column(&self) -> usize {
        self.before().rsplit('\n').next().unwrap_or_default().chars().count() + 1
    }

    /// The place without its column: `file:line`.
    pub fn line_name(&self) -> String {
        if self.source.is_argument { self.source.name.clone() } else { format!("{}:{}", self.source.name, self.line()) }
    }

    /// The line that contains the start, and below it a caret for each character of the span. Credentials of URLs are
    /// masked, control characters are escaped, and of a long line only the surroundings of the span are shown.
    pub fn snippet(&self) -> String {
        let line_start = self.before().rfind('\n').map_or(0, |newline| newline + 1);
        let text = &self.source.text;
        let line = text[line_start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let line_end = line_start + line.len();
        let start = text.floor_char_boundary(self.start as usize).min(line_end);
        let end = text.floor_char_boundary(self.end as usize).clamp(start, line_end);
        let before = text[line_start..start].chars().count();
        shown::snippet(line, before..before + text[start..end].chars().count())
    }

    /// The place of `text` within the span; the whole span if it does not occur there.
    #[must_use]
    pub fn find(&self, text: &str) -> Self {
        let (start, end) = (self.start as usize, self.end as usize);
        let found = self.source.text.get(start..end).and_then(|span| span.find(text));
        found.map_or_else(|| self.clone(), |at| Self::new(&self.source, start + at..start + at + text.len()))
    }

    /// As [`Self::find`], but only where `word` is a whole word of the value behind `=`.
    #[must_use]
    pub fn find_word(&self, word: &str) -> Self {
        let (start, end) = (self.start as usize, self.end as usize);
        let span = self.source.text.get(start..end).unwrap_or_default();
        let value = span.find('=').map_or(0, |at| at + 1);
        let found = span[value..].split_whitespace().find(|found| *found == word);
        // The words are slices of the text: the distance of their addresses is the offset.
        let at = found.map(|found| start + (found.as_ptr().addr() - span.as_ptr().addr()));
        at.map_or_else(|| self.find(word), |at| Self::new(&self.source, at..at + word.len()))
    }

    fn before(&self) -> &str {
        &self.source.text[..self.source.text.floor_char_boundary(self.start as usize)]
    }
}

/// `file:line:column`.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.source.is_argument {
            return formatter.write_str(&self.source.name);
        }
        write!(formatter, "{}:{}:{}", self.source.name, self.line(), self.column())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What an error can explain beyond its message. Every error that is shown to users implements it.
///
/// The message (`Display`) is one cause, without place and trace: it is printed as `Error: <message>`.
pub trait Explain: std::error::Error {
    /// The text that caused the error, shown with a caret.
    fn place(&self) -> Option<Place> {
        None
    }

    /// The operations in progress, outermost first: the lines below `While:`.
    fn doing(&self) -> Vec<String> {
        Vec::new()
    }

    /// Details that help to find the cause: the frames of a trap, the last lines that a recipe printed.
    fn details(&self) -> Vec<String> {
        Vec::new()
    }

    /// What the user can do about it, one sentence each. Sentences never name commands or flags of this program.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }

    /// What this program can do about it.
    fn remedies(&self) -> Vec<Remedy> {
        Vec::new()
    }

    /// Who caused the error, which decides the exit code.
    fn blame(&self) -> Blame {
        Blame::User
    }
}

/// Who caused an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The user's, or a recipe's: exit 1.
    User,
    /// The command line was wrong: exit 2.
    Usage,
    /// A bug of the host: exit 3.
    Host,
    /// The machine cannot confine native commands as requested: exit 4.
    Confinement,
    /// No one: this signal interrupted the run. Exit 128 plus its number.
    Signal(u8),
}

/// The candidate that the user most likely meant by `wrong`, if one is close enough: one wrong letter in three. (For
/// names of one or two letters, no candidate is closer than any other.)
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = wrong.chars().count();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(wrong, candidate), candidate))
        .filter(|(distance, candidate)| *distance > 0 && 3 * *distance <= length.min(candidate.chars().count()))
        .min()
        .map(|(_, candidate)| candidate)
}

/// A number of bytes in human-readable form.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// The hint for a wrong name with a similar candidate, in its only form.
pub fn did_you_mean(near: &str) -> String {
    format!("Did you mean `{near}`?")
}

/// The hint for a missing name, if there is a similar one that may have been meant to be it.
pub fn set_instead(near: &str) -> String {
    format!("There is `{near}`: is that name misspelled?")
}

/// The hint for a value with a line that looks like an option: an indented line continues the option above it.
pub fn continued_option(value: &str) -> Option<String> {
    let line = value.lines().map(str::trim).find(|line| is_assignment(line))?;
    Some(format!(
        "An indented line continues the option above it. If this is an option, write it without spaces in front: {line}"
    ))
}

/// Whether a line has the form `NAME = VALUE`, and is no condition on a version.
fn is_assignment(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    let name = name.trim_end_matches(['+', '-']).trim_end();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.chars().all(is_name) && !value.starts_with('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_shows_line_column_and_snippet() {
        let source = Source::new("a.cfg", "[x]\nünd = ${y:z}\n");
        let start = source.text.find('$').unwrap();
        let place = Place::new(&source, start..start + 6);
        assert_eq!(place.to_string(), "a.cfg:2:7");
        assert_eq!(place.snippet(), "ünd = ${y:z}\n      ^^^^^^");
    }

    #[test]
    fn a_word_of_the_value_is_found() {
        let source = Source::new("a.cfg", "parts = part a");
        let place = Place::new(&source, 0..14);
        assert_eq!(place.find_word("a").to_string(), "a.cfg:1:14");
        assert_eq!(place.find_word("rt").to_string(), "a.cfg:1:3");
    }

    #[test]
    fn a_place_past_the_end_is_cut() {
        let source = Source::new("a.cfg", "ab");
        assert_eq!(Place::new(&source, 10..20).snippet(), "ab\n  ^");
    }

    #[test]
    fn nearest_suggests_only_what_is_near() {
        assert_eq!(nearest("pth", ["path", "recipe"]), Some("path"));
        assert_eq!(nearest("zebra", ["path", "recipe"]), None);
        assert_eq!(nearest("z", ["a", "b", "zz"]), None);
        assert_eq!(nearest("zz", ["a", "az"]), None);
    }

    #[test]
    fn an_option_that_is_indented_is_found() {
        let t = |value: &str| continued_option(value).map(|hint| hint.rsplit(": ").next().map(str::to_owned).unwrap());
        assert_eq!(t("a\n  eggs = b").as_deref(), Some("eggs = b"));
        assert_eq!(t("eggs += b").as_deref(), Some("eggs += b"));
        assert_eq!(t("a\nb==1\nc>=2\nd ~= 3\n${e:f=g}\n--h=i"), None);
    }

    #[test]
    fn sizes() {
        assert_eq!([0, 999, 1_001, 18_234_567].map(size), ["0 bytes", "999 bytes", "2 kB", "18.2 MB"]);
    }

    #[test]
    fn an_argument_has_no_lines() {
        let place = Place::new(&Source::argument("a:x=b"), 4..5);
        assert_eq!(
            (place.to_string(), place.line_name()),
            ("on the command line".into(), "on the command line".into())
        );
        assert_eq!(place.snippet(), "a:x=b\n    ^");
    }
}
