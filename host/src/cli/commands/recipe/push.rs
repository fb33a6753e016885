//! `recipe push`: publishes a component in a registry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;

use crate::cli::arguments::{PassphraseArguments, RegistryArguments, parse_reference};
use crate::cli::program::Program;
use crate::run::RunError;
use crate::share::{Publication, Published};
use base::files::FileError;
use base::source::{Blame, Explain, size};
use base::time::rfc3339;
use registry::oci::{Reference, annotation};
use registry::signature::PrivateKey;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe push acme.wasm oci://registry.example/acme/recipes:1.2 --sign acme.key
  buildout-host recipe push acme.wasm oci://127.0.0.1:5000/recipes:1 --annotation licenses=MIT

Name and version come from the component; license, source and description come from the recipe.toml
or Cargo.toml of its project. Credentials are those of `docker login` or `podman login`. The same file
produces the same artifact if its modification time is unchanged or SOURCE_DATE_EPOCH is set.";

/// `buildout-host recipe push`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct PushArguments {
    /// The component
    file: PathBuf,
    /// Publish it as oci://HOST[:PORT]/NAME:TAG
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// Sign it with this private key
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,
    /// Set title, version, licenses, source, description, or another annotation by its full key (can be repeated)
    #[arg(long, value_name = "KEY=VALUE", value_parser = annotation_of)]
    annotation: Vec<(String, String)>,
    #[command(flatten)]
    passphrase: PassphraseArguments,
    #[command(flatten)]
    registry: RegistryArguments,
}

/// A push without a tag.
#[derive(Debug, thiserror::Error)]
#[error("{0} has no tag")]
struct NoTag(Reference);

impl Explain for NoTag {
    fn hints(&self) -> Vec<String> {
        vec!["Write oci://HOST[:PORT]/NAME:TAG, without a digest.".to_owned()]
    }

    fn blame(&self) -> Blame {
        Blame::Usage
    }
}

pub(super) fn execute(program: &Program, arguments: &PushArguments) -> Result<(), RunError> {
    let reference = parse_reference(&arguments.reference)?;
    if reference.tag().is_none() || reference.digest().is_some() {
        return Err(NoTag(reference).into());
    }
    let file = program.path(&arguments.file);
    let created = rfc3339(created(program, &file)?);
    // A wrong passphrase is reported before anything is published.
    let key = arguments.sign.as_ref().map(|key| program.private_key(key, &arguments.passphrase)).transpose()?;
    let publication = Publication {
        file: &file,
        reference: &reference,
        created,
        annotations: BTreeMap::from_iter(arguments.annotation.clone()),
        signer: key.as_ref(),
    };
    let published = program.authoring()?.publish(&publication, &program.remote(&arguments.registry))?;
    program.printer.text(&summary(&published, &reference, key.as_ref()));
    Ok(())
}

fn summary(Published { artifact, package }: &Published, reference: &Reference, key: Option<&PrivateKey>) -> String {
    let text = format!(
        "Pushed {} {} ({}, sha256:{}) to {reference}@sha256:{}",
        package.name,
        package.version,
        size(artifact.size()),
        artifact.digest,
        artifact.manifest.digest
    );
    text + &key.map(|key| format!("\nSigned by key {}", key.public())).unwrap_or_default()
}

/// When the component was created: SOURCE_DATE_EPOCH, or the modification time of its file.
fn created(program: &Program, file: &Path) -> Result<SystemTime, FileError> {
    let epoch = program.environment.variables.get("SOURCE_DATE_EPOCH").and_then(|text| text.trim().parse().ok());
    match epoch {
        Some(seconds) => Ok(UNIX_EPOCH + Duration::from_secs(seconds)),
        None => file.metadata().and_then(|metadata| metadata.modified()).map_err(FileError::of("read", file)),
    }
}

/// `KEY=VALUE`, with short names for the usual keys.
fn annotation_of(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    let key = match key {
        "title" => annotation::TITLE,
        "version" => annotation::VERSION,
        "licenses" | "license" => annotation::LICENSES,
        "source" => annotation::SOURCE,
        "description" => annotation::DESCRIPTION,
        other if other.contains('.') => other,
        _ => return Err("the key must be title, version, licenses, source, description, or contain a dot".to_owned()),
    };
    Ok((key.to_owned(), value.to_owned()))
}
