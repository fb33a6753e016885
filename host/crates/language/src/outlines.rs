//! The sections of one file, the references in it, its symbols and links.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use base::source::Source;
use config::Location;
use config::parse::{WrittenOption, WrittenSection, outline};

use crate::analysis::Analysis;

/// A text with its sections.
#[derive(Clone, Debug)]
pub(crate) struct FileOutline {
    pub(crate) source: Arc<Source>,
    pub(crate) sections: Vec<WrittenSection>,
}

/// `${section:option}` in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WrittenReference {
    /// From `$` to `}`.
    pub(crate) span: Range<usize>,
    /// The section as written; empty for the one around it.
    pub(crate) section: Range<usize>,
    /// The option.
    pub(crate) option: Range<usize>,
    /// Whether it has the form of a reference.
    pub(crate) is_valid: bool,
}

/// A symbol of a file: a section with its options, or an option.
#[derive(Clone, Debug)]
pub struct OutlineSymbol {
    /// Its name.
    pub name: String,
    /// The recipe of a section.
    pub detail: String,
    /// All of it.
    pub span: Range<usize>,
    /// Its name in the text.
    pub selection: Range<usize>,
    /// Its options.
    pub options: Vec<OutlineSymbol>,
}

/// A name of a file in a text.
#[derive(Clone, Debug)]
pub struct FileLink {
    /// Where it is.
    pub span: Range<usize>,
    /// The file or URL.
    pub target: Location,
}

impl FileOutline {
    pub(crate) fn of(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), sections: outline(&source.text) }
    }

    pub(crate) fn text(&self, range: &Range<usize>) -> &str {
        self.source.text.get(range.clone()).unwrap_or_default()
    }

    /// The references in an option's value.
    pub(crate) fn references<'a>(&'a self, option: &'a WrittenOption) -> impl Iterator<Item = WrittenReference> + 'a {
        option.lines.iter().flat_map(|line| references(self.text(line), line.start))
    }

    /// The words of an option's value.
    pub(crate) fn words<'a>(&'a self, option: &'a WrittenOption) -> impl Iterator<Item = Range<usize>> + 'a {
        option.lines.iter().flat_map(|line| {
            let text = self.text(line);
            let at = move |word: &str| line.start + (word.as_ptr().addr() - text.as_ptr().addr());
            text.split_whitespace().map(move |word| at(word)..at(word) + word.len())
        })
    }

    /// The value of an option: its lines, without whitespace around them.
    pub(crate) fn value(&self, option: &WrittenOption) -> String {
        let lines: Vec<&str> = option.lines.iter().map(|line| self.text(line).trim()).collect();
        lines.join("\n").trim().to_owned()
    }

    /// Every option with its section.
    pub(crate) fn options(&self) -> impl Iterator<Item = (&WrittenSection, &WrittenOption)> {
        self.sections.iter().flat_map(|section| section.options.iter().map(move |option| (section, option)))
    }

    /// What a name in `extends` of this file means.
    pub(crate) fn extended(&self, name: &str) -> Location {
        let directory = Location::Path(PathBuf::from(&self.source.name)).directory();
        match Location::resolve(&directory, name) {
            Location::Path(path) => Location::Path(base::paths::normalize(&path)),
            url => url,
        }
    }

    /// The path of a name in `extends` of this file.
    pub(crate) fn extended_path(&self, name: &str) -> Option<PathBuf> {
        match self.extended(name) {
            Location::Path(path) => Some(path),
            Location::Url(_) => None,
        }
    }
}

/// The references in a piece of text that starts at `start`. `$$` does not start one.
fn references(text: &str, start: usize) -> Vec<WrittenReference> {
    let mut found = Vec::new();
    let mut offset = start;
    for chunk in text.split("$$") {
        let mut done = 0;
        while let Some(open) = chunk[done..].find("${").map(|at| done + at) {
            let Some(close) = chunk[open..].find('}').map(|at| open + at) else { break };
            found.push(reference(&chunk[open + 2..close], offset + open));
            done = close + 1;
        }
        offset += chunk.len() + 2;
    }
    found
}

fn reference(inner: &str, start: usize) -> WrittenReference {
    let from = start + 2;
    let colon = inner.find(':').unwrap_or(inner.len());
    let option = (colon + 1).min(inner.len());
    let simple = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-. _".contains(c));
    let is_valid = colon < inner.len() && simple(&inner[..colon]) && simple(&inner[option..]) && option < inner.len();
    WrittenReference {
        span: start..from + inner.len() + 1,
        section: from..from + colon,
        option: from + option..from + inner.len(),
        is_valid,
    }
}

/// The options of `[buildout]` that name files to extend.
pub(crate) const EXTENDING: [&str; 3] = ["extends", "optional-extends", "extended-by"];

impl Analysis {
    /// The sections and options of the file.
    pub fn symbols(&self) -> Vec<OutlineSymbol> {
        let outline = &self.outline;
        let section = |section: &WrittenSection| {
            let options = section.options.iter().map(|option| OutlineSymbol {
                name: outline.text(&option.name).to_owned(),
                detail: String::new(),
                span: option.span.clone(),
                selection: option.name.clone(),
                options: Vec::new(),
            });
            let recipe = section.options.iter().find(|option| outline.text(&option.name) == "recipe");
            OutlineSymbol {
                name: outline.text(&section.name).to_owned(),
                detail: recipe.map(|recipe| outline.value(recipe)).unwrap_or_default(),
                span: section.span.clone(),
                selection: section.name.clone(),
                options: options.collect(),
            }
        };
        outline.sections.iter().map(section).collect()
    }

    /// The names of files that it extends.
    pub fn links(&self) -> Vec<FileLink> {
        let is_extending = |(section, option): &(&WrittenSection, &WrittenOption)| {
            self.name_of(section) == "buildout" && EXTENDING.contains(&self.outline.text(&option.name))
        };
        let options = self.outline.options().filter(is_extending);
        let words = options.flat_map(|(_, option)| self.outline.words(option));
        words.map(|span| FileLink { target: self.outline.extended(self.outline.text(&span)), span }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::references;

    #[test]
    fn references_are_found_with_their_places() {
        let text = "a${b:c}$${d:e}${:f}${g}${h:";
        let shown: Vec<_> = references(text, 0)
            .into_iter()
            .map(|found| (text[found.section].to_owned(), text[found.option].to_owned(), found.is_valid))
            .collect();
        let t = |section: &str, option: &str, is_valid| (section.to_owned(), option.to_owned(), is_valid);
        assert_eq!(shown, [t("b", "c", true), t("", "f", true), t("g", "", false)]);
    }
}
