//! Features of buildout 1.0 within one file: `[DEFAULT]` and `%(name)s`, as in Python's `ConfigParser`.
//!
//! Options of `[DEFAULT]` are added to every other section of their file, and inherited together with its options. Does
//! not know about other files.

use std::sync::Arc;

use super::{ConfigError, HistoryItem, OptionValue, Options, Piece, Section, Trouble};
use base::collections::{Map, OrderedMap};
use base::source::{Place, did_you_mean, nearest};

/// Maximum length of a substituted value, in bytes.
const MAX_LENGTH: usize = 16 << 20;

/// Maximum length of a chain of references.
const MAX_DEPTH: usize = 100;

/// Removes `[DEFAULT]`, adds its options to the other sections, and substitutes `%(name)s` in all of them.
///
/// # Errors
/// When a name is unknown, names form a cycle, or a value becomes too long.
pub(super) fn interpolate(
    mut sections: OrderedMap<String, Section>,
) -> Result<OrderedMap<String, Section>, ConfigError> {
    let mut defaults = sections.shift_remove("DEFAULT").unwrap_or_default().options;
    defaults.values_mut().for_each(|value| Arc::make_mut(value).inherited = true);
    for (name, section) in &mut sections {
        for (option, value) in &defaults {
            section.options.entry(option.clone()).or_insert_with(|| value.clone());
        }
        let options = std::mem::take(&mut section.options);
        let mut substitution =
            Substitution { section: name, options: &options, done: Map::default(), open: Vec::new() };
        for (option, value) in &options {
            let text = substitution.value(option)?;
            section.options.insert(option.clone(), with_text(value, text));
        }
    }
    Ok(sections)
}

/// The option with another string; its origin is kept.
fn with_text(value: &Arc<OptionValue>, text: Arc<str>) -> Arc<OptionValue> {
    if text == value.raw {
        return Arc::clone(value);
    }
    let origin = value.origin().clone();
    let history = value.history.iter().map(|item| HistoryItem { value: Arc::clone(&text), ..item.clone() }).collect();
    Arc::new(OptionValue {
        pieces: vec![Piece { end: text.len(), origin }],
        raw: text,
        history,
        inherited: value.inherited,
    })
}

struct Substitution<'a> {
    section: &'a str,
    options: &'a Options,
    done: Map<&'a str, Arc<str>>,
    /// The options that are being substituted, outermost first.
    open: Vec<&'a str>,
}

impl<'a> Substitution<'a> {
    fn value(&mut self, option: &str) -> Result<Arc<str>, ConfigError> {
        let Some((option, value)) = self.options.get_key_value(option) else {
            return Ok(Arc::from(self.section));
        };
        if let Some(done) = self.done.get(&**option) {
            return Ok(Arc::clone(done));
        }
        if !value.raw.contains('%') {
            return Ok(Arc::clone(&value.raw));
        }
        self.open.push(option);
        let text: Arc<str> = self.substitute(value)?.into();
        self.open.pop();
        self.done.insert(option, Arc::clone(&text));
        Ok(text)
    }

    fn substitute(&mut self, value: &'a OptionValue) -> Result<String, ConfigError> {
        let mut text = String::new();
        let mut rest: &str = &value.raw;
        while let Some(percent) = rest.find('%') {
            text.push_str(&rest[..percent]);
            rest = &rest[percent + 1..];
            if let Some(after) = rest.strip_prefix('%') {
                text.push('%');
                rest = after;
            } else if rest.starts_with('(') {
                let end = rest.find(")s").ok_or_else(|| unclosed(value, rest))?;
                text.push_str(&self.named(value, &rest[1..end])?);
                rest = &rest[end + 2..];
            } else {
                text.push('%');
            }
            if text.len() > MAX_LENGTH {
                return Err(self.trouble(value, "%(", "Substituting `%(name)s` makes this value too long").into());
            }
        }
        text.push_str(rest);
        Ok(text)
    }

    fn named(&mut self, value: &OptionValue, name: &str) -> Result<Arc<str>, ConfigError> {
        let reference = format!("%({name})s");
        if !self.options.contains_key(name) && name != "__name__" {
            let message = format!("`{reference}` names an option that neither [{}] nor [DEFAULT] has", self.section);
            let trouble = self.trouble(value, &reference, &message);
            let near = nearest(name, self.options.keys().map(AsRef::as_ref));
            return Err(match near {
                Some(near) => trouble.hint(did_you_mean(&format!("%({near})s"))).into(),
                None => trouble.hint("Write `%%` for a percent sign in a file with a [DEFAULT] section.").into(),
            });
        }
        if let Some(start) = self.open.iter().position(|open| *open == name) {
            let cycle: Vec<&str> = self.open[start..].iter().copied().chain([name]).collect();
            let message = format!("Circular reference in substitutions: {}", cycle.join(" -> "));
            return Err(self.trouble(value, &reference, &message).into());
        }
        if self.open.len() >= MAX_DEPTH {
            let message = format!("More than {MAX_DEPTH} options refer to one another");
            return Err(self.trouble(value, &reference, &message).into());
        }
        self.value(name)
    }

    fn trouble(&self, value: &OptionValue, text: &str, message: &str) -> Trouble {
        Trouble { message: message.to_owned(), place: place_within(value, text), hints: Vec::new() }
    }
}

fn unclosed(value: &OptionValue, rest: &str) -> ConfigError {
    let text = format!("%{}", rest.split('\n').next().unwrap_or_default());
    let message = "`%(` has no matching `)s`".to_owned();
    let hints = vec!["Write `%%(` for a percent sign before a parenthesis.".to_owned()];
    ConfigError::from(Trouble { message, place: place_within(value, &text), hints })
}

/// The place of `text` in the definition of an option; the whole option if it does not occur there literally.
pub(super) fn place_within(value: &OptionValue, text: &str) -> Option<Place> {
    value.place().map(|place| place.find(text))
}
