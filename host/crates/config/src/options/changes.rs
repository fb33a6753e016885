//! Changes of the configuration by programs: sections that recipes add, and what an extension changes.
//!
//! Values that were read before do not change. A changed value has the origin [`Origin::Program`], so that grants can
//! disregard it.

use std::sync::Arc;

use super::buildout::{Buildout, NoRecipes, ResolutionState, SectionState};
use super::error::{OptionError, OptionProblem};
use super::template::{self, TemplatePiece};
use crate::{Configuration, OptionValue, Options, Origin};
use base::collections::Set;

impl Buildout {
    /// Adds a section, on behalf of the program `by`. Returns false if the section exists.
    pub fn add_section(&self, by: &str, section: &str, options: Vec<(String, String)>) -> bool {
        if self.exists(section) {
            return false;
        }
        self.state().changes.options.entry(section.to_owned()).or_default();
        self.state().changes.added.insert(section.to_owned(), by.into());
        for (option, value) in options {
            self.change(section, &option, Some(value));
        }
        true
    }

    /// Sets an option as if it were written in the configuration, or removes it. References in the value are replaced
    /// when it is read.
    pub fn change(&self, section: &str, option: &str, value: Option<String>) {
        let value = value.map(|value| Arc::new(OptionValue::set(value, Origin::Program)));
        let mut state = self.state();
        if let Some(SectionState { raw, substituted, used, .. }) = state.sections.get_mut(section) {
            substituted.remove(option);
            used.shift_remove(option);
            match &value {
                Some(value) => drop(Arc::make_mut(raw).insert(option.into(), Arc::clone(value))),
                None => drop(Arc::make_mut(raw).shift_remove(option)),
            }
        }
        state.changes.options.entry(section.to_owned()).or_default().insert(option.into(), value);
    }

    /// The program that has added a section.
    pub fn added_by(&self, section: &str) -> Option<Arc<str>> {
        self.state().changes.added.get(section).cloned()
    }

    /// Whether a section exists, in the configuration or because a program has added it.
    pub(crate) fn exists(&self, section: &str) -> bool {
        self.shared.configuration.sections.contains_key(section) || self.state().changes.has_section(section)
    }

    /// The value of an option after `extends`, increments and macros, with its references not replaced. Does not mark it
    /// as used.
    ///
    /// # Errors
    /// When the section does not exist, or a macro is invalid.
    pub fn raw(&self, section: &str, option: &str) -> Result<Option<String>, OptionError> {
        if !self.exists(section) {
            return Err(self.unknown_section(section));
        }
        let known = self.state().sections.get(section).map(|section| Arc::clone(&section.raw));
        let options = match known {
            Some(raw) => raw,
            None => self.written(section).map_err(|error| OptionError::new(OptionProblem::Recipe(Arc::new(error))))?,
        };
        Ok(options.get(option).map(|value| value.raw.as_ref().to_owned()))
    }

    /// A copy in which reading a section initializes no recipe. What is set in one is not seen in the other.
    pub fn without_recipes(&self) -> Self {
        let state = self.state();
        let copy = ResolutionState {
            sections: state.sections.clone(),
            references: state.references.clone(),
            parts: state.parts.clone(),
            changes: state.changes.clone(),
            ..ResolutionState::default()
        };
        let inherited = self.shared.inherited.clone();
        Self::with(Arc::clone(&self.shared.configuration), Arc::new(NoRecipes), inherited, copy)
    }

    /// The configuration with all changes of programs.
    ///
    /// # Errors
    /// When a macro of a changed section is invalid.
    pub fn changed_configuration(&self) -> Result<Configuration, OptionError> {
        let mut configuration = Configuration::clone(&self.shared.configuration);
        configuration.is_changed = true;
        configuration.written.get_or_insert_with(|| Arc::clone(&self.shared.configuration));
        let changes = self.state().changes.clone();
        let changed = changes.options.keys().filter(|section| !changes.has_section(section));
        for section in changes.sections().chain(changed) {
            let written =
                self.written(section).map_err(|error| OptionError::new(OptionProblem::Recipe(Arc::new(error))))?;
            let entry = configuration.sections.entry(section.clone()).or_default();
            entry.options = Options::clone(&written);
        }
        Ok(configuration)
    }

    /// Whether a text in `section` refers, directly or through other options, to something that a program has changed or
    /// added.
    pub fn depends_on_changes(&self, section: &str, text: &str) -> bool {
        let is_changed = self.shared.configuration.is_changed || !self.state().changes.options.is_empty();
        is_changed && self.leads_to_change(section, text, &mut Set::default())
    }

    fn leads_to_change(&self, section: &str, text: &str, seen: &mut Set<(String, String)>) -> bool {
        // A malformed reference is reported when the text is substituted.
        let pieces = template::parse(text).unwrap_or_default();
        pieces.into_iter().any(|piece| {
            let TemplatePiece::Reference { section: named, option, .. } = piece else { return false };
            let target = if named.is_empty() { section } else { named };
            if !seen.insert((target.to_owned(), option.to_owned())) {
                return false;
            }
            if self.state().changes.has_section(target) {
                return true;
            }
            let Some(value) = self.written(target).ok().and_then(|options| options.get(option).cloned()) else {
                return false;
            };
            let is_changed = value.history.iter().any(|item| item.origin == Origin::Program);
            is_changed || self.leads_to_change(target, &value.raw, seen)
        })
    }
}
