//! Where what is at a place was written.

use base::source::{Place, Source};
use config::Location;

use crate::Spot;
use crate::analysis::Analysis;
use crate::macros::{above, bare};
use crate::symbol::Symbol;

impl Analysis {
    /// Where the section, option, file or recipe at an offset was written: of an option the last place, or, if that is
    /// here, the one before it.
    pub fn definition(&self, offset: usize) -> Vec<Spot> {
        let Some(found) = self.symbol_at(offset) else { return Vec::new() };
        match found.symbol {
            Symbol::Section(section) => self.section_spot(&section, offset).into_iter().collect(),
            Symbol::Option { section, option } => {
                let written = self.option_spot(&section, &option, offset);
                written.or_else(|| self.section_spot(&section, offset)).into_iter().collect()
            }
            Symbol::File(name) => {
                self.outline.extended_path(&name).filter(|path| path.exists()).map(start).into_iter().collect()
            }
            Symbol::Recipe(reference) => {
                let project = self.describe(&reference).and_then(|recipe| recipe.project.clone());
                project.filter(|path| path.exists()).map(start).into_iter().collect()
            }
        }
    }

    /// The header of a section: the last one, or, if that is here, the first one.
    fn section_spot(&self, section: &str, offset: usize) -> Option<Spot> {
        let last = self.configuration.sections.get(section)?.place.as_ref();
        let last = last.and_then(Spot::of).filter(|spot| !self.is_here(&spot.place, offset));
        last.or_else(|| {
            let mut others = self.headers(section).into_iter().filter(|spot| !self.is_here(&spot.place, offset));
            others.next()
        })
        .or_else(|| self.headers(section).pop())
    }

    /// The headers of a section in the files of the configuration, in the order of the files' names.
    pub(crate) fn headers(&self, section: &str) -> Vec<Spot> {
        let mut spots = Vec::new();
        for outline in self.outlines() {
            let own = outline.sections.iter().filter(|written| outline.text(&written.name) == section);
            spots.extend(own.map(|written| Spot::new(&outline.source, written.name.clone())));
        }
        spots
    }

    fn option_spot(&self, section: &str, option: &str, offset: usize) -> Option<Spot> {
        let mut places = Vec::new();
        for name in above(&self.configuration, section) {
            let Some(written) = self.configuration.sections.get(&name) else { continue };
            let values = written.options.iter().filter(|(name, _)| bare(name) == option);
            let history = values.flat_map(|(_, value)| &value.history);
            let own = history.filter_map(|item| item.origin.place()).cloned();
            // What the section itself writes counts most.
            places.extend(own.map(|place| (name == section, place)));
        }
        places.sort_by_key(|(is_own, _)| *is_own);
        let elsewhere = places.iter().rev().find(|(_, place)| !self.is_here(place, offset));
        let (_, place) = elsewhere.or(places.last())?;
        Spot::of(&place.find(option))
    }

    fn is_here(&self, place: &Place, offset: usize) -> bool {
        let own = self.path.to_str() == Some(&place.source.name);
        own && (place.start as usize) <= offset && offset <= place.end as usize
    }
}

/// The start of a file.
fn start(path: std::path::PathBuf) -> Spot {
    let name = Location::Path(path.clone()).to_string();
    Spot { path, place: Place::new(&Source::new(name, ""), 0..0) }
}
