//! Macros: a section that begins with `<= other` takes over the options of `other`, then does its own on top.
//!
//! The rules are zc.buildout's: each line of `<` names a section, later ones win, `+=` and `-=` apply to what the macro brought,
//! and `[buildout]` takes part in none of it.

use std::collections::HashMap;
use std::sync::Arc;

use super::merge::{Options, SectionEffect};
use super::{ConfigError, Configuration, Section, Trouble};
use crate::source::nearest;

/// Macros that stand for macros, nested deeper than this, are refused.
const MAX_DEPTH: usize = 500;

/// The options of a section that exists, with what its macros bring.
///
/// # Errors
/// When a macro names no section, or leads back to itself.
pub(crate) fn expand_macros(configuration: &Configuration, section: &str) -> Result<Options, ConfigError> {
    Expansion { configuration, done: HashMap::new(), doing: Vec::new() }.expand(section)
}

struct Expansion<'a> {
    configuration: &'a Configuration,
    /// Each macro is expanded once, however many ways lead to it.
    done: HashMap<String, Options>,
    doing: Vec<String>,
}

impl Expansion<'_> {
    fn expand(&mut self, name: &str) -> Result<Options, ConfigError> {
        let Some(section) = self.configuration.sections.get(name) else { return Ok(Options::new()) };
        let Some(macros) = section.options.get("<").filter(|_| name != "buildout") else { return Ok(own(section)) };
        if let Some(done) = self.done.get(name) {
            return Ok(done.clone());
        }
        self.enter(name, section)?;
        let mut brought = Options::new();
        for named in macros.raw.lines().map(str::trim).filter(|named| !named.is_empty()) {
            if !self.configuration.sections.contains_key(named) {
                return Err(self.unknown(section, named));
            }
            brought.extend(self.expand(named)?);
        }
        let mut options = SectionEffect::of(section)?.over(brought)?;
        options.shift_remove("<");
        self.doing.pop();
        self.done.insert(name.to_owned(), options.clone());
        Ok(options)
    }

    fn enter(&mut self, name: &str, section: &Section) -> Result<(), ConfigError> {
        let message = if let Some(start) = self.doing.iter().position(|doing| doing == name) {
            format!("Macros lead back to where they began: [{}] → [{name}]", self.doing[start..].join("] → ["))
        } else if self.doing.len() >= MAX_DEPTH {
            format!("Macros are nested more than {MAX_DEPTH} deep")
        } else {
            self.doing.push(name.to_owned());
            return Ok(());
        };
        Err(trouble(section, message).into())
    }

    fn unknown(&self, section: &Section, named: &str) -> ConfigError {
        let trouble = trouble(section, format!("No section named '{named}'"));
        match nearest(named, self.configuration.sections.keys().map(String::as_str)) {
            Some(near) => trouble.hint(format!("did you mean [{near}]?")).into(),
            None => trouble.into(),
        }
    }
}

fn own(section: &Section) -> Options {
    section.options.iter().map(|(name, value)| (name.as_str().into(), Arc::new(value.clone()))).collect()
}

fn trouble(section: &Section, message: String) -> Trouble {
    let place = section.options.get("<").and_then(super::OptionValue::place);
    Trouble { message, place, hints: Vec::new() }
}
