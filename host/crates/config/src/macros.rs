//! Macros: a section that starts with `<= other` inherits the options of `other`, then applies its own on top.
//!
//! The rules are zc.buildout's: each line of `<` contains the name of a section, later ones win, `+=` and `-=` apply to
//! inherited options, and `[buildout]` is not affected.

use std::sync::{Arc, Mutex, PoisonError};

use super::merge::SectionEffect;
use super::{ConfigError, Configuration, Options, Section, Trouble};
use base::collections::Map;
use base::source::{did_you_mean, nearest};

/// Macros nested deeper than this are refused.
const MAX_DEPTH: usize = 500;

/// Sections with the options from their macros, each computed once.
#[derive(Debug, Default)]
pub(crate) struct Macros {
    /// By section. Errors are cached, too, so that many sections with the same invalid macro cost no more than one.
    done: Mutex<Map<String, Result<Arc<Options>, ConfigError>>>,
}

impl Macros {
    /// The options of a section of `configuration`, which must be the same in all calls.
    ///
    /// # Errors
    /// When a macro is not the name of a section, or refers to itself.
    pub(crate) fn expand(&self, configuration: &Configuration, section: &str) -> Result<Arc<Options>, ConfigError> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        Expansion { configuration, done: &mut done, doing: Vec::new() }.expand(section)
    }
}

struct Expansion<'a> {
    configuration: &'a Configuration,
    done: &'a mut Map<String, Result<Arc<Options>, ConfigError>>,
    doing: Vec<String>,
}

impl Expansion<'_> {
    fn expand(&mut self, name: &str) -> Result<Arc<Options>, ConfigError> {
        if let Some(done) = self.done.get(name) {
            return done.clone();
        }
        let Some(section) = self.configuration.sections.get(name) else { return Ok(Arc::default()) };
        let outcome = match section.options.get("<").filter(|_| name != "buildout") {
            Some(macros) => self.enter(name, section).and_then(|()| {
                let options = self.with_macros(section, &macros.raw);
                self.doing.pop();
                options
            }),
            None => Ok(section.options.clone()),
        };
        let outcome = outcome.map(Arc::new);
        self.done.insert(name.to_owned(), outcome.clone());
        outcome
    }

    fn with_macros(&mut self, section: &Section, macros: &str) -> Result<Options, ConfigError> {
        let mut brought = Options::default();
        for named in macros.lines().map(str::trim).filter(|named| !named.is_empty()) {
            if !self.configuration.sections.contains_key(named) {
                return Err(self.unknown(section, named));
            }
            brought.extend(self.expand(named)?.iter().map(|(name, value)| (Arc::clone(name), Arc::clone(value))));
        }
        let mut options = SectionEffect::of(section)?.over(brought)?;
        options.shift_remove("<");
        Ok(options)
    }

    fn enter(&mut self, name: &str, section: &Section) -> Result<(), ConfigError> {
        let message = if let Some(start) = self.doing.iter().position(|doing| doing == name) {
            format!("Circular reference in macros: [{}] → [{name}]", self.doing[start..].join("] → ["))
        } else if self.doing.len() >= MAX_DEPTH {
            format!("Macros are nested more than {MAX_DEPTH} levels deep")
        } else {
            self.doing.push(name.to_owned());
            return Ok(());
        };
        Err(trouble(section, message).into())
    }

    fn unknown(&self, section: &Section, named: &str) -> ConfigError {
        let trouble = trouble(section, format!("No section named '{named}'"));
        match nearest(named, self.configuration.sections.keys().map(String::as_str)) {
            Some(near) => trouble.hint(did_you_mean(near)).into(),
            None => trouble.into(),
        }
    }
}

fn trouble(section: &Section, message: String) -> Trouble {
    let place = section.options.get("<").and_then(|value| value.place());
    Trouble { message, place, hints: Vec::new() }
}
