//! Why a configuration cannot be read.

use std::fmt;

use base::source::{Explain, Place, redact};

/// A configuration that cannot be read.
#[derive(Clone, Debug)]
pub struct ConfigError {
    /// Everything that is wrong, in the order of the text; never empty.
    pub troubles: Vec<Trouble>,
    /// What was being done, outermost first.
    pub doing: Vec<String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The cause, one sentence.
    pub message: String,
    /// The text that is to blame.
    pub place: Option<Place>,
    /// What the person can do about it.
    pub hints: Vec<String>,
}

impl Trouble {
    /// Something wrong with the text at `place`.
    pub fn at(place: Place, message: impl Into<String>) -> Self {
        Self { message: message.into(), place: Some(place), hints: Vec::new() }
    }

    /// The same, with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl ConfigError {
    /// An error that no text is to blame for.
    pub fn new(message: impl Into<String>) -> Self {
        Self { troubles: vec![Trouble { message: message.into(), place: None, hints: Vec::new() }], doing: Vec::new() }
    }

    /// Tells what was being done when it happened; called from the inside out.
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

/// The first cause.
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

    /// The advice for the first cause, and the places of all further ones.
    fn hints(&self) -> Vec<String> {
        let Some((first, further)) = self.troubles.split_first() else { return Vec::new() };
        let more = further.iter().map(|trouble| match &trouble.place {
            Some(place) => format!("Also at {place}: {}", redact(&trouble.message)),
            None => redact(&trouble.message),
        });
        first.hints.iter().cloned().chain(more).collect()
    }
}
