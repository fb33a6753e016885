//! One file of the chain: its own effect, and the files it names.

use std::sync::Arc;

use crate::condition::{self, Facts};
use crate::merge::{FileEffect, SectionEffect};
use crate::{ConfigError, OptionValue, Section, classic, parse};
use base::collections::OrderedMap;
use base::source::{Place, Source};

/// One file.
#[derive(Debug)]
pub(super) struct Profile {
    /// What the file itself does.
    pub(super) own: Arc<FileEffect>,
    /// Files that come before it.
    pub(super) extends: Vec<ProfileName>,
    /// Files that come before it, if they exist.
    pub(super) optional_extends: Vec<ProfileName>,
    /// Files that come after it (1.0).
    pub(super) extended_by: Vec<ProfileName>,
    /// Whether it follows the rules of 1.0.
    pub(super) classic: bool,
}

/// The name of a file, and where it is named.
#[derive(Debug)]
pub(super) struct ProfileName {
    pub(super) name: String,
    pub(super) place: Option<Place>,
}

impl Profile {
    /// Reads the text of a file.
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

/// Takes an option that names files out of `[buildout]`.
fn take(sections: &mut OrderedMap<String, Section>, option: &str) -> Vec<ProfileName> {
    let value = sections.get_mut("buildout").and_then(|section| section.options.shift_remove(option));
    value.map(|value| named(&value)).unwrap_or_default()
}

fn named(value: &OptionValue) -> Vec<ProfileName> {
    let place = value.place();
    let named = |name: &str| ProfileName { name: name.to_owned(), place: place.as_ref().map(|place| place.find(name)) };
    value.raw.split_whitespace().map(named).collect()
}
