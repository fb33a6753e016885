//! From sections to resolved options: lazy substitution of `${section:option}`, and initialization of recipes while
//! options are resolved.
//!
//! Does not know how a recipe runs: a crate above implements [`Initialize`]. All state is behind one lock, which is
//! never held while a recipe is initialized, since recipes read options, too.

mod buildout;
mod changed;
mod changes;
mod error;
mod inherit;
mod resolve;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{ConfigError, Configuration, OptionValue, Options, Origin};
use base::source::{Place, set_instead};
use buildout::{Inherited, ResolutionState};

pub use buildout::{Buildout, Initialize, NoRecipes};
pub use error::{OptionError, OptionProblem};

/// Stack size, in bytes, for the thread that resolves options: references and initializations nest, with stack frames
/// for each level, up to the limits in this module. Memory is committed only when it is used.
pub const STACK_SIZE: usize = 256 << 20;

/// Options after substitution, sorted by name: compared with the installed state, and recorded in it.
pub type Values = litemap::LiteMap<Arc<str>, Arc<str>>;

/// What is known about an option that has not been read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The section does not have it.
    Missing,
    /// Its value depends on other options.
    Refers,
    /// Its value.
    Text(String),
}

impl Buildout {
    /// The options of `configuration`, whose recipes are initialized by `initialize`.
    pub fn new(configuration: impl Into<Arc<Configuration>>, initialize: Arc<dyn Initialize>) -> Self {
        Self::with(configuration.into(), initialize, Inherited::default(), ResolutionState::default())
    }

    /// The configuration, before macros and substitution.
    pub fn configuration(&self) -> &Arc<Configuration> {
        &self.shared.configuration
    }

    /// The options of a section before substitution, including those from its macros.
    ///
    /// # Errors
    /// When a macro is not the name of a section, or refers to itself.
    pub fn written(&self, section: &str) -> Result<Arc<Options>, ConfigError> {
        let options = self.shared.macros.expand(&self.shared.configuration, section)?;
        let options = if section == "buildout" { self.shared.inherited.put_into(options) } else { options };
        Ok(self.state().changes.put_into(section, options))
    }

    /// Ensures that the section exists, its references are valid, and its recipe, if any, is initialized: then it is a
    /// part.
    ///
    /// # Errors
    /// When the section does not exist, a reference is invalid, or the recipe fails.
    pub fn section(&self, section: &str) -> Result<(), OptionError> {
        self.ensure(section)
    }

    /// The value of an option; `None` if it does not exist. Marks the option as used.
    ///
    /// # Errors
    /// As [`Self::section`], or when the value cannot be substituted.
    pub fn get(&self, section: &str, option: &str) -> Result<Option<String>, OptionError> {
        self.ensure(section)?;
        Ok(self.lookup(section, option, &mut Vec::new())?.map(|value| value.as_ref().to_owned()))
    }

    /// The value of a mandatory option.
    ///
    /// # Errors
    /// As [`Self::get`], and [`OptionProblem::UnknownOption`].
    pub fn require(&self, section: &str, option: &str) -> Result<String, OptionError> {
        let missing = || self.missing_option(section, option, set_instead).at(self.place_of(section, None));
        self.get(section, option)?.ok_or_else(missing)
    }

    /// What is known about an option before it is read. Does not read it.
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

    /// As [`Self::get`], on behalf of the recipe of `part`, which then depends on the section.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn get_for(&self, part: &str, section: &str, option: &str) -> Result<Option<String>, OptionError> {
        self.depend_on_option(part, section, option);
        self.get(section, option)
    }

    /// As [`Self::get`], on behalf of the recipe of `part`, which only inspects one of its options: this does not mark
    /// it as used, even if the recipe sets it afterwards.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn look(&self, part: &str, option: &str) -> Result<Option<String>, OptionError> {
        if let Some(section) = self.state().sections.get_mut(part)
            && !section.used.contains_key(option)
        {
            let written = || section.raw.get(option).map(|value| &value.raw);
            match section.substituted.get(option).or_else(written) {
                // A value with references must still be resolved.
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

    /// Substitutes the references in a string that is not an option, as if it were in `section` (a grant of
    /// `recipes.toml`).
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

    /// Removes an option. Returns false if it did not exist.
    pub fn remove(&self, section: &str, option: &str) -> bool {
        let mut state = self.state();
        let Some(section) = state.sections.get_mut(section) else { return false };
        section.substituted.remove(option);
        let was_set = section.used.shift_remove(option).is_some();
        Arc::make_mut(&mut section.raw).shift_remove(option).is_some() || was_set
    }

    /// The names of a section's options, in the order in which they were written, followed by those that were set.
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

    /// As [`Self::keys`], on behalf of the recipe of `part`, which then depends on the section.
    ///
    /// # Errors
    /// As [`Self::section`].
    pub fn keys_for(&self, part: &str, section: &str) -> Result<Vec<String>, OptionError> {
        self.depend(part, section);
        self.keys(section)
    }

    /// The names of all sections, in the order in which they were first written.
    pub fn sections(&self) -> Vec<String> {
        let written = self.shared.configuration.sections.keys();
        written.chain(self.state().changes.sections()).map(|name| name.to_string()).collect()
    }

    /// Whether the section was requested.
    pub fn is_initialized(&self, section: &str) -> bool {
        self.state().sections.contains_key(section)
    }

    /// All options of a requested section, for comparing with the installed state and recording there.
    pub fn snapshot(&self, section: &str) -> Values {
        let state = self.state();
        let Some(section) = state.sections.get(section) else { return Values::default() };
        let raw = section.raw.iter().map(|(name, value)| (name, &value.raw));
        let values = raw.chain(&section.substituted).chain(&section.used);
        // For duplicate names, the last value is used.
        values.map(|(name, value)| (Arc::clone(name), Arc::clone(value))).collect()
    }

    /// The parts so far: sections with a recipe, in the order in which their initialization was completed. This is the
    /// order of installation.
    pub fn parts(&self) -> Vec<String> {
        self.state().parts.clone()
    }

    /// The sections that a section references, in its options or through its recipe.
    pub fn dependencies(&self, section: &str) -> BTreeSet<String> {
        self.state().references.get(section).into_iter().flatten().cloned().collect()
    }

    /// The unused options of a section, sorted, without those from a `[DEFAULT]` section.
    pub fn unused(&self, section: &str) -> Vec<String> {
        let state = self.state();
        let Some(section) = state.sections.get(section) else { return Vec::new() };
        // As in zc.buildout, what a program has set is no typing error of the user.
        let is_written = |value: &OptionValue| !value.inherited && *value.origin() != Origin::Program;
        let unused = section.raw.iter().filter(|(name, value)| is_written(value) && !section.used.contains_key(*name));
        let mut unused: Vec<String> = unused.map(|(name, _)| name.to_string()).collect();
        unused.sort();
        unused
    }

    /// Marks the options of `[buildout]` as used that `other`, a copy of this buildout, has used.
    ///
    /// # Errors
    /// When the section cannot be read.
    pub fn use_as_in(&self, other: &Self) -> Result<(), OptionError> {
        let unused = other.unused("buildout");
        let used = self.keys("buildout")?.into_iter().filter(|option| !unused.contains(option));
        used.for_each(|option| self.mark_used("buildout", &option));
        Ok(())
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

    /// The place of a line that is in the value of one of the section's options, as it was written.
    pub fn place_of_line(&self, section: &str, line: &str) -> Option<Place> {
        let section = self.shared.configuration.sections.get(section)?;
        section.options.values().find_map(|value| value.place_of_line(line))
    }

    /// The place of one of the words in an option.
    pub fn place_of_word(&self, section: &str, option: &str, word: &str) -> Option<Place> {
        self.shared.configuration.sections.get(section)?.options.get(option)?.place_of_word(word)
    }
}
