//! One file of the chain: its effect, and the files that it extends.

use std::sync::Arc;

use crate::condition::{self, Facts};
use crate::merge::{FileEffect, SectionEffect};
use crate::{ConfigError, OptionValue, Section, classic, parse};
use base::collections::OrderedMap;
use base::source::{Place, Source};

/// One file.
#[derive(Debug)]
pub(super) struct Profile {
    /// The effect of the file alone.
    pub(super) own: Arc<FileEffect>,
    /// Files that precede it.
    pub(super) extends: Vec<ProfileName>,
    /// Optional files that precede it.
    pub(super) optional_extends: Vec<ProfileName>,
    /// Files that follow it (1.0).
    pub(super) extended_by: Vec<ProfileName>,
    /// Whether it follows the rules of 1.0.
    pub(super) classic: bool,
}

/// The name of a file, and the place of that name.
#[derive(Debug)]
pub(super) struct ProfileName {
    pub(super) name: String,
    pub(super) place: Option<Place>,
}

impl Profile {
    /// Parses a file.
    pub(super) fn read(source: &Arc<Source>, facts: &dyn Facts) -> Result<Self, ConfigError> {
        let parsed = parse::parse(source, &mut |expression| condition::evaluate(expression, facts))?;
        let mut sections = if parsed.classic { classic::interpolate(parsed.sections)? } else { parsed.sections };
        let mut take = |option: &str| take(&mut sections, option);
        let (extends, optional_extends, extended_by) = (take("extends"), take("optional-extends"), take("extended-by"));
        if parsed.classic {
            take("interpolation");
        }
        let mut own = FileEffect::default();
        for (name, section) in &sections {
            own.insert(name.as_str().into(), Arc::new(SectionEffect::of(section)?));
        }
        Ok(Self { own: Arc::new(own), extends, optional_extends, extended_by, classic: parsed.classic })
    }
}

/// Removes an option with names of files from `[buildout]`.
fn take(sections: &mut OrderedMap<String, Section>, option: &str) -> Vec<ProfileName> {
    let value = sections.get_mut("buildout").and_then(|section| section.options.shift_remove(option));
    value.map(|value| named(&value)).unwrap_or_default()
}

fn named(value: &OptionValue) -> Vec<ProfileName> {
    let place = value.place();
    let named = |name: &str| ProfileName { name: name.to_owned(), place: place.as_ref().map(|place| place.find(name)) };
    value.raw.split_whitespace().map(named).collect()
}
