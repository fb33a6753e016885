//! Damage of state files.

use std::sync::Arc;

use base::source::{Place, Source};

/// Damage of a state file: where, and what is wrong.
#[derive(Clone, Debug)]
pub struct Damage {
    /// The line.
    pub(crate) place: Place,
    /// The kind of damage.
    pub(crate) cause: DamageCause,
}

/// Why a state file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DamageCause {
    /// It contains only whitespace.
    #[error("it is empty")]
    Empty,
    /// It contains NUL, or bytes that are not UTF-8.
    #[error("it is not text")]
    Binary,
    /// The last line has no end: the file was cut.
    #[error("it ends in the middle of a line")]
    Cut,
    /// Text before the first section.
    #[error("this line belongs to no section")]
    NoSection,
    /// A line that is neither header nor option.
    #[error("this line is neither a section nor an option")]
    Line,
    /// `[buildout]` or its option `parts` is missing.
    #[error("there is no list of parts in [buildout]")]
    NoParts,
    /// A part of the list has no section.
    #[error("the part {0} is listed but has no section")]
    MissingPart(String),
    /// A part's section does not list what was installed.
    #[error("the part {0} has no option __buildout_installed__")]
    MissingInstalled(String),
}

impl Damage {
    pub(super) fn at(place: &Place, cause: DamageCause) -> Self {
        Self { place: place.clone(), cause }
    }

    pub(super) fn at_offset(source: &Arc<Source>, offset: usize, cause: DamageCause) -> Self {
        Self { place: Place::new(source, offset..offset), cause }
    }
}
