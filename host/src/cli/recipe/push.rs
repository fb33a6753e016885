//! `recipe push`: publishes a component in a registry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use clap::Args;

use crate::cli::Program;
use crate::cli::log_format::rfc3339;
use crate::cli::passphrase::PassphraseArguments;
use crate::run::RunError;
use crate::share::Publication;
use base::files::FileError;
use base::source::{Blame, Explain};
use registry::oci::{InvalidReference, Reference, Remote, RemoteSettings, annotation};

use base::source::size;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe push acme.wasm oci://registry.example/acme/recipes:1.2 --sign acme.key
  buildout-host recipe push acme.wasm oci://127.0.0.1:5000/recipes:1 --annotation licenses=MIT

Name, version and description are what the component says of itself; licence, source and description are taken from the
recipe.toml or Cargo.toml of its project. Credentials are those of `docker login` or `podman login`. The same file makes the
same artefact as long as it has the same time of change, or SOURCE_DATE_EPOCH is set.";

/// `buildout-host recipe push`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PushArguments {
    /// The component.
    file: PathBuf,
    /// Where it goes: oci://HOST[:PORT]/NAME:TAG.
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// Sign it with this private key, as `key generate` or cosign made it.
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,
    /// Say this of it: title, version, licenses, source, description, or any other key in full. Can be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = annotation_of)]
    annotation: Vec<(String, String)>,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    passphrase: PassphraseArguments,
}

/// How registries are talked with.
#[derive(Debug, Args)]
pub(super) struct RegistryArguments {
    /// Speak plain http with the registry, which anybody on the way can read and change. (With this machine it is spoken
    /// anyway.)
    #[arg(long)]
    pub(super) plain_http: bool,
}

/// An argument that is no reference.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} names no artefact: {error}.")]
struct NoReference {
    text: String,
    error: InvalidReference,
}

impl Explain for NoReference {
    fn hints(&self) -> Vec<String> {
        self.error.hints()
    }

    fn blame(&self) -> Blame {
        Blame::Usage
    }
}

/// A push without tag.
#[derive(Debug, thiserror::Error)]
#[error("{0} has no tag: what is pushed needs one.")]
struct NoTag(Reference);

impl Explain for NoTag {
    fn hints(&self) -> Vec<String> {
        vec!["Write oci://HOST[:PORT]/NAME:TAG; the digest comes of what is pushed.".to_owned()]
    }

    fn blame(&self) -> Blame {
        Blame::Usage
    }
}

impl Program {
    pub(super) fn recipe_push(&self, arguments: &PushArguments) -> Result<(), RunError> {
        let reference = reference(&arguments.reference)?;
        if reference.tag().is_none() || reference.digest().is_some() {
            return Err(NoTag(reference).into());
        }
        let file = self.environment.directory.join(&arguments.file);
        let created = rfc3339(self.time_of(&file)?);
        // A wrong passphrase is told before anything is published.
        let key = arguments.sign.as_ref().map(|key| self.private_key(key, &arguments.passphrase)).transpose()?;
        let publication = Publication {
            file: &file,
            reference: &reference,
            created,
            annotations: BTreeMap::from_iter(arguments.annotation.clone()),
            signer: key.as_ref(),
        };
        let published = self.authoring()?.publish(&publication, &self.remote(&arguments.registry))?;
        let (artefact, package) = (published.artefact, published.package);
        let mut text = format!(
            "Pushed {} {} ({}, sha256:{}) to {}@sha256:{}",
            package.name,
            package.version,
            size(artefact.component.size()),
            artefact.digest,
            reference,
            artefact.manifest.digest
        );
        if let Some(key) = key {
            text += &format!("\nSigned by key {}", key.public());
        }
        self.printer.text(&text);
        Ok(())
    }

    /// Registries, for a command that may talk with them.
    pub(super) fn remote(&self, arguments: &RegistryArguments) -> Remote {
        let settings = RemoteSettings { plain_http: arguments.plain_http, ..RemoteSettings::default() };
        let interrupt = self.interrupt.clone();
        Remote::new(&self.environment, settings, Arc::clone(&self.printer) as _)
            .cancelled_by(move || interrupt.signal().is_some())
    }

    /// When the file was made, in seconds since 1970.
    fn time_of(&self, file: &Path) -> Result<i64, RunError> {
        let told = self.environment.variables.get("SOURCE_DATE_EPOCH").and_then(|text| text.trim().parse().ok());
        if let Some(told) = told {
            return Ok(told);
        }
        let modified = file.metadata().and_then(|metadata| metadata.modified()).map_err(FileError::of("read", file))?;
        let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(i64::try_from(since.as_secs()).unwrap_or_default())
    }
}

/// Understands an argument.
pub(super) fn reference(text: &str) -> Result<Reference, RunError> {
    Ok(text.parse().map_err(|error| NoReference { text: text.to_owned(), error })?)
}

/// `KEY=VALUE`, with short names for the usual keys.
fn annotation_of(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    let key = match key {
        "title" => annotation::TITLE,
        "version" => annotation::VERSION,
        "licenses" | "license" => annotation::LICENCES,
        "source" => annotation::SOURCE,
        "description" => annotation::DESCRIPTION,
        other if other.contains('.') => other,
        _ => return Err("there are title, version, licenses, source, description, and keys with dots".to_owned()),
    };
    Ok((key.to_owned(), value.to_owned()))
}
