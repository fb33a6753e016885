//! From sections to resolved options: substitution of `${section:option}`, lazily, and the initialisation of recipes while
//! options resolve.
//!
//! Knows nothing of how a recipe runs: [`Initialise`] is implemented further up. All state is behind one lock, which is
//! never held while a recipe is initialised, since recipes read options, too.

mod error;
mod inherit;
mod resolve;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{ConfigError, Configuration, Macros, Options};
use base::collections::{Map, OrderedMap, Set};
use base::source::{Explain, Place, did_you_mean, nearest};

use inherit::Inherited;

pub use error::{OptionError, Problem};

/// How much stack, in bytes, the thread needs that resolves options: references and initializations nest, each level with
/// frames of its own, up to limits that this module sets. Memory is taken only as it is used.
pub const STACK_SIZE: usize = 256 << 20;

/// How a recipe is initialised. Called while options resolve.
pub trait Initialise: Send + Sync {
    /// Initialises the recipe of `part`: it may read and set the part's options, and read any other section, through
    /// `buildout` — which may call this again, for the section that is read.
    ///
    /// # Errors
    /// When the recipe cannot be found, or refuses.
    fn initialise(&self, buildout: &Buildout, part: &str) -> Result<(), Box<dyn Explain + Send + Sync>>;

    /// Whether recipes run at all. If not, nothing is resolved before it is asked for.
    fn runs_recipes(&self) -> bool {
        true
    }
}

/// No recipe runs: what a recipe would set stays unknown (`config`).
pub struct NoRecipes;

impl Initialise for NoRecipes {
    fn initialise(&self, _buildout: &Buildout, _part: &str) -> Result<(), Box<dyn Explain + Send + Sync>> {
        Ok(())
    }

    fn runs_recipes(&self) -> bool {
        false
    }
}

/// Options after substitution, sorted by name: what is compared, and what the installed state records.
pub type Values = litemap::LiteMap<Arc<str>, Arc<str>>;

/// The options of a buildout. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Buildout {
    shared: Arc<BuildoutInner>,
}

struct BuildoutInner {
    configuration: Arc<Configuration>,
    macros: Macros,
    initialise: Arc<dyn Initialise>,
    inherited: Inherited,
    state: Mutex<Resolution>,
}

#[derive(Default)]
struct Resolution {
    /// The sections that were asked for. One that is being initialised is there already, half done, as in zc.buildout.
    sections: Map<String, SectionState>,
    /// Sections with a recipe, in the order in which their initialisation ended.
    parts: Vec<String>,
    /// What each section refers to; also of sections that nobody has asked for, as in 1.0's way they are only read.
    references: Map<String, Set<String>>,
    /// What options are for references in the way of 1.0, by section and option.
    configured: Map<(String, String), Arc<str>>,
    /// Options that cannot be substituted, as long as no recipe runs, which might change that.
    failed: Map<(String, String), OptionError>,
    /// Failures that were not kept, as the options may have values when they are asked for by themselves.
    retries: usize,
    /// How many texts were substituted: the work that tests count.
    #[cfg(test)]
    substitutions: usize,
    /// Bytes that substitution has made.
    made: usize,
    /// How deep lookups are nested now.
    depth: usize,
    /// How deep initialisations are nested now.
    initialising: usize,
}

/// A section that was asked for.
#[derive(Clone, Default)]
struct SectionState {
    /// As configured, macros expanded.
    raw: Arc<Options>,
    /// Values that were substituted because every reference must be valid; nobody has read them yet.
    substituted: Map<Arc<str>, Arc<str>>,
    /// Values that were read or set.
    used: OrderedMap<Arc<str>, Arc<str>>,
    /// What the part's own recipe has looked at without reading it.
    looked_at: Set<String>,
}

impl SectionState {
    fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.raw.keys().chain(self.used.keys().filter(|option| !self.raw.contains_key(*option)))
    }
}

/// What is known of an option that nobody has read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The section does not have it.
    Missing,
    /// Its value needs other options.
    Refers,
    /// Its value.
    Text(String),
}

impl Buildout {
    /// The options of `configuration`, whose recipes are initialised by `initialise`.
    pub fn new(configuration: impl Into<Arc<Configuration>>, initialise: Arc<dyn Initialise>) -> Self {
        Self::with(configuration.into(), initialise, Inherited::default(), Resolution::default())
    }

    fn with(
        configuration: Arc<Configuration>,
        initialise: Arc<dyn Initialise>,
        inherited: Inherited,
        mut state: Resolution,
    ) -> Self {
        state.sections.reserve(configuration.sections.len());
        let (macros, state) = (Macros::default(), Mutex::new(state));
        Self { shared: Arc::new(BuildoutInner { configuration, macros, initialise, inherited, state }) }
    }

    /// The configuration, before macros and substitution.
    pub fn configuration(&self) -> &Arc<Configuration> {
        &self.shared.configuration
    }

    /// The options of a section before substitution, with what its macros bring.
    ///
    /// # Errors
    /// When a macro names no section, or leads back to itself.
    pub fn written(&self, section: &str) -> Result<Arc<Options>, ConfigError> {
        let options = self.shared.macros.expand(&self.shared.configuration, section)?;
        Ok(if section == "buildout" { self.shared.inherited.put_into(options) } else { options })
    }

    /// Makes sure that the section is there, its references are valid, and its recipe, if it has one, is initialised: it then is a part.
    ///
    /// # Errors
    /// When the section does not exist, a reference is wrong, or the recipe refuses.
    pub fn section(&self, section: &str) -> Result<(), OptionError> {
        self.ensure(section)
    }

    /// The value of an option; `None` where there is none. The option then counts as used.
    ///
    /// # Errors
    /// As [`Self::section`], or when the value cannot be substituted.
    pub fn get(&self, section: &str, option: &str) -> Result<Option<String>, OptionError> {
        self.ensure(section)?;
        Ok(self.lookup(section, option, &mut Vec::new())?.map(|value| value.as_ref().to_owned()))
    }

    /// The value of an option that must be there.
    ///
    /// # Errors
    /// As [`Self::get`], and [`Problem::UnknownOption`].
    pub fn require(&self, section: &str, option: &str) -> Result<String, OptionError> {
        self.get(section, option)?.ok_or_else(|| self.unknown_option(section, option).at(self.place_of(section, None)))
    }

    /// What is known of an option before anybody reads it; nothing is thereby read.
    pub fn unread(&self, section: &str, option: &str) -> Unread {
        let state = self.state();
        let Some(section) = state.sections.get(section) else { return Unread::Missing };
        let written = || section.raw.get(option).map(|value| &value.raw);
        match section.used.get(option).or_else(|| section.substituted.get(option)).or_else(written) {
            None => Unread::Missing,
            Some(text) if template::is_template(text) => Unread::Refers,
            Some(text) => Unread::Text(text.as_ref().to_owned()),
        }
    }

    /// As [`Self::get`], read by the recipe of `part`, which then depends on the section.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn get_for(&self, part: &str, section: &str, option: &str) -> Result<Option<String>, OptionError> {
        self.depend_on_option(part, section, option);
        self.get(section, option)
    }

    /// As [`Self::get`], for the recipe of `part`, which only looks at an option of its own: it does not count as used, even
    /// if the recipe then sets it.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn look(&self, part: &str, option: &str) -> Result<Option<String>, OptionError> {
        if let Some(section) = self.state().sections.get_mut(part)
            && !section.used.contains_key(option)
        {
            let written = || section.raw.get(option).map(|value| &value.raw);
            match section.substituted.get(option).or_else(written) {
                // What has references still has to be read.
                Some(text) if template::is_template(text) => {}
                text => {
                    let text = text.map(|text| text.as_ref().to_owned());
                    section.looked_at.insert(option.to_owned());
                    return Ok(text);
                }
            }
        }
        self.get(part, option)
    }

    /// Replaces the references in a text that is not an option, as if it stood in `section` (a grant of `recipes.toml`).
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn expand(&self, section: &str, text: &str) -> Result<String, OptionError> {
        Ok(self.substitute(section, text, None, &mut Vec::new())?.as_ref().to_owned())
    }

    /// Sets an option.
    pub fn set(&self, section: &str, option: &str, value: String) {
        if let Some(section) = self.state().sections.get_mut(section) {
            let unread = section.looked_at.contains(option) && !section.used.contains_key(option);
            if unread && section.raw.contains_key(option) && !template::is_template(&value) {
                section.substituted.insert(option.into(), value.into());
            } else {
                section.used.insert(option.into(), value.into());
            }
        }
    }

    /// Removes an option. False if there was none.
    pub fn remove(&self, section: &str, option: &str) -> bool {
        let mut state = self.state();
        let Some(section) = state.sections.get_mut(section) else { return false };
        section.substituted.remove(option);
        let was_set = section.used.shift_remove(option).is_some();
        Arc::make_mut(&mut section.raw).shift_remove(option).is_some() || was_set
    }

    /// The names of a section's options, in the order in which they were written, then those that were set.
    ///
    /// # Errors
    /// As [`Self::section`].
    pub fn keys(&self, section: &str) -> Result<Vec<String>, OptionError> {
        self.ensure(section)?;
        let state = self.state();
        Ok(state
            .sections
            .get(section)
            .map(|section| section.names().map(|name| name.as_ref().to_owned()).collect())
            .unwrap_or_default())
    }

    /// As [`Self::keys`], read by the recipe of `part`, which then depends on the section.
    ///
    /// # Errors
    /// As [`Self::section`].
    pub fn keys_for(&self, part: &str, section: &str) -> Result<Vec<String>, OptionError> {
        self.depend(part, section);
        self.keys(section)
    }

    /// The names of all sections, in the order in which they were first written.
    pub fn sections(&self) -> Vec<String> {
        self.shared.configuration.sections.keys().map(|name| name.to_string()).collect()
    }

    /// Whether the section was asked for.
    pub fn is_initialised(&self, section: &str) -> bool {
        self.state().sections.contains_key(section)
    }

    /// All options of a section that was asked for: what is compared with the installed state, and recorded there.
    pub fn snapshot(&self, section: &str) -> Values {
        let state = self.state();
        let Some(section) = state.sections.get(section) else { return Values::default() };
        let raw = section.raw.iter().map(|(name, value)| (name, &value.raw));
        let values = raw.chain(&section.substituted).chain(&section.used);
        // Of what has one name the last counts.
        values.map(|(name, value)| (Arc::clone(name), Arc::clone(value))).collect()
    }

    /// The parts so far: sections with a recipe, in the order in which their initialisation ended. That is the order of installation.
    pub fn parts(&self) -> Vec<String> {
        self.state().parts.clone()
    }

    /// The sections that a section refers to, in its options or by its recipe.
    pub fn dependencies(&self, section: &str) -> BTreeSet<String> {
        self.state().references.get(section).into_iter().flatten().cloned().collect()
    }

    /// The options of a section that nobody has read, sorted; those that came from a `[DEFAULT]` section don't count.
    pub fn unused(&self, section: &str) -> Vec<String> {
        let state = self.state();
        let Some(section) = state.sections.get(section) else { return Vec::new() };
        let unused = section.raw.iter().filter(|(name, value)| !value.inherited && !section.used.contains_key(*name));
        let mut unused: Vec<String> = unused.map(|(name, _)| name.to_string()).collect();
        unused.sort();
        unused
    }

    /// Where an option, or the section itself, was written.
    pub fn place_of(&self, section: &str, option: Option<&str>) -> Option<Place> {
        let Some(option) = option else { return self.shared.configuration.sections.get(section)?.place.clone() };
        let state = self.state();
        let expanded = state.sections.get(section).and_then(|section| section.raw.get(option)).cloned();
        drop(state);
        match expanded {
            Some(value) => value.place(),
            None => self.shared.configuration.sections.get(section)?.options.get(option)?.place(),
        }
    }

    /// Where one of the words of an option was written.
    pub fn place_of_word(&self, section: &str, option: &str, word: &str) -> Option<Place> {
        self.shared.configuration.sections.get(section)?.options.get(option)?.place_of_word(word)
    }

    fn state(&self) -> MutexGuard<'_, Resolution> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn depend(&self, part: &str, section: &str) {
        if part == section {
            return;
        }
        let mut state = self.state();
        match state.references.get_mut(part) {
            Some(known) if known.contains(section) => {}
            Some(known) => {
                known.insert(section.to_owned());
            }
            None => {
                state.references.insert(part.to_owned(), Set::from_iter([section.to_owned()]));
            }
        }
    }

    fn unknown_section(&self, section: &str) -> OptionError {
        let error = OptionError::new(Problem::UnknownSection { section: section.to_owned() });
        match nearest(section, self.shared.configuration.sections.keys().map(|name| name.as_ref())) {
            Some(near) => error.hint(did_you_mean(near)),
            None => error,
        }
    }

    fn unknown_option(&self, section: &str, option: &str) -> OptionError {
        let error = OptionError::new(Problem::UnknownOption { section: section.to_owned(), option: option.to_owned() });
        let state = self.state();
        let names: Vec<Arc<str>> =
            state.sections.get(section).map(|s| s.names().cloned().collect()).unwrap_or_default();
        match nearest(option, names.iter().map(AsRef::as_ref)) {
            Some(near) => error.hint(did_you_mean(near)),
            None => error,
        }
    }
}
