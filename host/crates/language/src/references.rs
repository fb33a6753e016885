//! Where a section, an option, a file or a recipe is used.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use config::parse::WrittenSection;

use crate::Spot;
use crate::analysis::Analysis;
use crate::macros::family;
use crate::outlines::{EXTENDING, FileOutline};
use crate::symbol::{Symbol, names_sections};

/// Something that is looked for in all files.
enum Sought {
    Section(String),
    Option { sections: BTreeSet<String>, option: String },
    File(PathBuf),
    Recipe(String),
}

impl Analysis {
    /// All places with what is at an offset, also those where it is written.
    pub fn references(&self, offset: usize) -> Vec<Spot> {
        let Some(found) = self.symbol_at(offset) else { return Vec::new() };
        let sought = match found.symbol {
            Symbol::Section(section) => Sought::Section(section),
            Symbol::Option { section, option } => {
                Sought::Option { sections: family(&self.configuration, &section, &option), option }
            }
            Symbol::File(name) => match self.outline.extended_path(&name) {
                Some(path) => Sought::File(path),
                None => return Vec::new(),
            },
            Symbol::Recipe(reference) => Sought::Recipe(reference),
        };
        self.all(&sought)
    }

    pub(crate) fn uses_of_section(&self, section: &str) -> Vec<Spot> {
        self.all(&Sought::Section(section.to_owned()))
    }

    pub(crate) fn uses_of_option(&self, section: &str, option: &str) -> Vec<Spot> {
        let sections = family(&self.configuration, section, option);
        self.all(&Sought::Option { sections, option: option.to_owned() })
    }

    fn all(&self, sought: &Sought) -> Vec<Spot> {
        let mut spots = Vec::new();
        for outline in self.outlines() {
            for section in &outline.sections {
                in_section(&outline, section, sought, &mut spots);
            }
        }
        spots
    }

    /// The files of the configuration and of the open directories.
    pub(crate) fn outlines(&self) -> Vec<FileOutline> {
        let mut paths: BTreeSet<PathBuf> = self.configuration.files.iter().cloned().collect();
        paths.insert(self.path.clone());
        paths.extend(self.project.all_files(&self.documents));
        let read = paths.iter().filter_map(|path| self.project.file(&self.documents, path));
        read.map(|repaired| FileOutline::of(&repaired.source)).collect()
    }
}

fn in_section(outline: &FileOutline, section: &WrittenSection, sought: &Sought, spots: &mut Vec<Spot>) {
    let around = outline.text(&section.name);
    let mut found = |range| spots.push(Spot::new(&outline.source, range));
    if matches!(sought, Sought::Section(name) if name == around) {
        found(section.name.clone());
    }
    for option in &section.options {
        let name = outline.text(&option.name);
        match sought {
            Sought::Section(section) => {
                if names_sections(around, name, &outline.value(option)) {
                    outline.words(option).filter(|word| outline.text(word) == section).for_each(&mut found);
                }
                let references = outline.references(option).filter(|found| outline.text(&found.section) == section);
                references.for_each(|reference| found(reference.section));
            }
            Sought::Option { sections, option: sought } => {
                if name == sought && sections.contains(around) {
                    found(option.name.clone());
                }
                let references = outline.references(option).filter(|found| outline.text(&found.option) == sought);
                for reference in references {
                    let section = outline.text(&reference.section);
                    if sections.contains(if section.is_empty() { around } else { section }) {
                        found(reference.option);
                    }
                }
            }
            Sought::File(path) if around == "buildout" && EXTENDING.contains(&name) => {
                let is_it = |word: &Range<usize>| outline.extended_path(outline.text(word)).as_ref() == Some(path);
                outline.words(option).filter(is_it).for_each(&mut found);
            }
            Sought::Recipe(reference) if name == "recipe" && outline.value(option) == *reference => {
                option.lines.first().cloned().into_iter().for_each(&mut found);
            }
            Sought::File(_) | Sought::Recipe(_) => {}
        }
    }
}
