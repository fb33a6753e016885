//! Lookup of sections and options by name, and names of files for display.

use base::source::{Explain, Place, did_you_mean, nearest};
use config::{Configuration, Origin, Section};

/// A section or option that was requested and does not exist.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct NotFound {
    pub(super) message: String,
    pub(super) place: Option<Place>,
    pub(super) near: Option<String>,
}

impl Explain for NotFound {
    fn place(&self) -> Option<Place> {
        self.place.clone()
    }

    fn hints(&self) -> Vec<String> {
        self.near.iter().map(|near| did_you_mean(near)).collect()
    }
}

/// The file of an origin, relative to the main file's directory if it is below it.
pub(super) fn source_name(configuration: &Configuration, origin: &Origin) -> String {
    let Some(place) = origin.place() else { return origin.to_string() };
    let name = place.source.name.as_str();
    let directory = configuration.directory.to_string_lossy();
    let below = name
        .strip_prefix(directory.as_ref())
        .and_then(|rest| if directory.ends_with('/') { Some(rest) } else { rest.strip_prefix('/') });
    below.unwrap_or(name).to_owned()
}

/// Finds a section by name.
pub(super) fn find_section<'a>(configuration: &'a Configuration, section: &str) -> Result<&'a Section, NotFound> {
    configuration.sections.get(section).ok_or_else(|| NotFound {
        message: format!("Section not found: {section}"),
        place: None,
        near: nearest(section, configuration.sections.keys().map(String::as_str)).map(str::to_owned),
    })
}

/// The error for an option that is missing in its section.
pub(super) fn no_option<'a>(
    configuration: &Configuration,
    section: &str,
    option: &str,
    names: impl Iterator<Item = &'a str>,
) -> NotFound {
    NotFound {
        message: format!("Key not found: {option}"),
        place: configuration.sections.get(section).and_then(|section| section.place.clone()),
        near: nearest(option, names).map(str::to_owned),
    }
}
