//! Errors of reading documents.

use base::source::{Explain, redact};

/// A document is not available. The message contains no credentials of URLs.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct DocumentError {
    /// The cause, as one sentence, including the name of the document.
    pub message: String,
    /// What the user can do about it.
    pub hints: Vec<String>,
    /// Whether the document does not exist.
    pub missing: bool,
}

impl DocumentError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: redact(&message.into()), hints: Vec::new(), missing: false }
    }

    /// Adds hints.
    #[must_use]
    pub(super) fn hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }
}

impl Explain for DocumentError {
    fn hints(&self) -> Vec<String> {
        self.hints.clone()
    }
}
