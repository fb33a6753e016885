//! Errors of reading a configuration.

use std::fmt;

use base::source::{Explain, Place, redact};

/// The configuration cannot be read.
#[derive(Clone, Debug)]
pub struct ConfigError {
    /// All errors, in the order of the text; never empty.
    pub troubles: Vec<Trouble>,
    /// The operations in progress, outermost first.
    pub(crate) doing: Vec<String>,
}

/// One error.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The cause, as one sentence.
    pub message: String,
    /// The text that caused it.
    pub place: Option<Place>,
    /// What the user can do about it.
    pub hints: Vec<String>,
}

impl Trouble {
    /// An error in the text at `place`.
    pub(crate) fn at(place: Place, message: impl Into<String>) -> Self {
        Self { message: message.into(), place: Some(place), hints: Vec::new() }
    }

    /// Adds hints.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl ConfigError {
    /// An error that was not caused by any text.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { troubles: vec![Trouble { message: message.into(), place: None, hints: Vec::new() }], doing: Vec::new() }
    }

    /// Adds an enclosing operation; called from the inside out.
    #[must_use]
    pub(crate) fn while_doing(mut self, doing: impl Into<String>) -> Self {
        self.doing.insert(0, redact(&doing.into()));
        self
    }
}

impl From<Trouble> for ConfigError {
    fn from(trouble: Trouble) -> Self {
        Self { troubles: vec![trouble], doing: Vec::new() }
    }
}

/// The message of the first cause.
impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.troubles.first() {
            Some(first) => formatter.write_str(&redact(&first.message)),
            None => formatter.write_str("The configuration cannot be read"),
        }
    }
}

impl std::error::Error for ConfigError {}

impl Explain for ConfigError {
    fn place(&self) -> Option<Place> {
        self.troubles.first()?.place.clone()
    }

    fn doing(&self) -> Vec<String> {
        self.doing.clone()
    }

    /// The hints for the first cause, and the places of all further ones.
    fn hints(&self) -> Vec<String> {
        let Some((first, further)) = self.troubles.split_first() else { return Vec::new() };
        let more = further.iter().map(|trouble| match &trouble.place {
            Some(place) => format!("Also at {place}: {}", redact(&trouble.message)),
            None => redact(&trouble.message),
        });
        first.hints.iter().cloned().chain(more).collect()
    }
}
