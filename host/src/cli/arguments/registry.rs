//! How registries are reached, and how an artifact is specified.

use clap::Args;

use base::remedy::Remedy;
use base::source::{Blame, Explain};
use registry::oci::{InvalidArtifactReference, Reference};

/// For commands that may connect to registries.
#[derive(Debug, Args)]
pub(in crate::cli) struct RegistryArguments {
    /// Use unencrypted HTTP for registries on other machines, too
    ///
    /// Anyone between this machine and the registry can then read and change what is sent.
    /// Registries on this machine are always reached by HTTP.
    #[arg(verbatim_doc_comment, long, help_heading = "Network")]
    pub(in crate::cli) plain_http: bool,
}

/// An argument that is not a reference.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is not a reference to an artifact: {error}.")]
struct NotAReference {
    text: String,
    error: InvalidArtifactReference,
}

impl Explain for NotAReference {
    fn hints(&self) -> Vec<String> {
        self.error.hints()
    }

    fn blame(&self) -> Blame {
        Blame::Usage
    }

    fn remedies(&self) -> Vec<Remedy> {
        self.error.remedies()
    }
}

/// Parses an argument.
pub(in crate::cli) fn parse_reference(text: &str) -> Result<Reference, impl Explain + Send + Sync + 'static + use<>> {
    text.parse().map_err(|error| NotAReference { text: text.to_owned(), error })
}
