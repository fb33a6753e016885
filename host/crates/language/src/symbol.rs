//! What is at a place of a file.

use std::ops::Range;

use config::parse::{WrittenOption, WrittenSection};

use crate::analysis::Analysis;
use crate::outlines::EXTENDING;

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// A section.
    Section(String),
    /// An option of a section.
    Option { section: String, option: String },
    /// A file to extend, as written.
    File(String),
    /// A recipe reference.
    Recipe(String),
}

/// A symbol, and where its name is.
#[derive(Clone, Debug)]
pub(crate) struct FoundSymbol {
    pub(crate) symbol: Symbol,
    pub(crate) span: Range<usize>,
}

/// Options whose value can be the name of a section.
const NAMING: [&str; 6] =
    ["versions", "python", "environment", "environment-section", "networkcache-section", "<part-dependencies>"];

/// Whether the words of an option are names of sections.
pub(crate) fn names_sections(section: &str, option: &str, value: &str) -> bool {
    match option {
        "<" | "=>" => true,
        "parts" => section == "buildout",
        _ => NAMING.contains(&option) && !value.contains(['=', '$']) && !value.contains('\n'),
    }
}

impl Analysis {
    /// What is at an offset.
    pub(crate) fn symbol_at(&self, offset: usize) -> Option<FoundSymbol> {
        let section = self.section_at(offset)?;
        let name = self.name_of(section);
        if contains(&section.header, offset) {
            return Some(FoundSymbol { symbol: Symbol::Section(name.to_owned()), span: section.name.clone() });
        }
        let option = section.options.iter().find(|option| contains(&option.span, offset))?;
        if contains(&option.name, offset) {
            let found = self.outline.text(&option.name);
            let symbol = Symbol::Option { section: name.to_owned(), option: found.to_owned() };
            return Some(FoundSymbol { symbol, span: option.name.clone() });
        }
        self.reference_at(section, option, offset).or_else(|| self.word_at(section, option, offset))
    }

    fn reference_at(&self, around: &WrittenSection, option: &WrittenOption, offset: usize) -> Option<FoundSymbol> {
        let reference = self.outline.references(option).find(|reference| contains(&reference.span, offset))?;
        let section = match self.outline.text(&reference.section) {
            "" => self.name_of(around),
            section => section,
        };
        if offset < reference.option.start && !reference.section.is_empty() {
            return Some(FoundSymbol { symbol: Symbol::Section(section.to_owned()), span: reference.section });
        }
        let found = self.outline.text(&reference.option).to_owned();
        Some(FoundSymbol {
            symbol: Symbol::Option { section: section.to_owned(), option: found },
            span: reference.option,
        })
    }

    fn word_at(&self, section: &WrittenSection, option: &WrittenOption, offset: usize) -> Option<FoundSymbol> {
        let (name, option_name) = (self.name_of(section), self.outline.text(&option.name));
        if option_name == "recipe" {
            let span = option.lines.first()?.clone();
            return Some(FoundSymbol { symbol: Symbol::Recipe(self.outline.text(&span).trim().to_owned()), span });
        }
        let span = self.outline.words(option).find(|word| contains(word, offset))?;
        let word = self.outline.text(&span).to_owned();
        if name == "buildout" && EXTENDING.contains(&option_name) {
            return Some(FoundSymbol { symbol: Symbol::File(word), span });
        }
        let is_section = names_sections(name, option_name, &self.outline.value(option));
        is_section.then_some(FoundSymbol { symbol: Symbol::Section(word), span })
    }
}

/// Whether an offset is in a range, or directly after it.
fn contains(range: &Range<usize>, offset: usize) -> bool {
    range.start <= offset && offset <= range.end
}
