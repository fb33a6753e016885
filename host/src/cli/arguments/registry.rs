//! How registries are reached, and how an artifact is specified.

use clap::Args;

use base::remedy::Remedy;
use base::source::{Blame, Explain};
use registry::oci::{InvalidArtifactReference, PlainHttp, Reference};

/// For commands that may connect to registries.
#[derive(Debug, Args)]
pub(in crate::cli) struct RegistryArguments {
    /// Use unencrypted HTTP for registries on other machines, too
    ///
    /// Anyone between this machine and the registry can then read and change what is sent.
    /// Registries on this machine are reached by HTTP unless `--tls` is given.
    #[arg(verbatim_doc_comment, long, help_heading = "Network")]
    plain_http: bool,
    /// Use HTTPS for registries on this machine, too
    #[arg(long, help_heading = "Network", conflicts_with = "plain_http")]
    tls: bool,
}

impl RegistryArguments {
    /// With which machines plain HTTP is used.
    pub(in crate::cli) fn plain_http(&self) -> PlainHttp {
        match (self.plain_http, self.tls) {
            (true, _) => PlainHttp::All,
            (false, true) => PlainHttp::None,
            (false, false) => PlainHttp::ThisMachine,
        }
    }
}

/// An argument that is not a reference.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is not a reference to an artifact: {error}")]
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
