//! Why a document cannot be read.

use base::source::{Explain, redact};

/// A document that cannot be read. The message has no credentials of URLs.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct DocumentError {
    /// The cause, one sentence, with the name of the document.
    pub message: String,
    /// What the person can do about it.
    pub hints: Vec<String>,
    /// Whether the document does not exist.
    pub missing: bool,
}

impl DocumentError {
    /// A document that cannot be read, for the reason that `message` gives.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: redact(&message.into()), hints: Vec::new(), missing: false }
    }

    /// The same, with advice.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl Explain for DocumentError {
    fn hints(&self) -> Vec<String> {
        self.hints.clone()
    }
}
