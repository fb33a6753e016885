//! `recipe pull`: brings a component from a registry into a file.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Program;
use crate::run::RunError;
use base::files;
use base::source::{Explain, neutralise};
use registry::oci::{Artefact, Reference, annotation, signatures};

use super::push::{RegistryArguments, reference};
use base::source::size;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe pull oci://registry.example/acme/recipes:1.2                 Write recipes.wasm
  buildout-host recipe pull oci://registry.example/acme/recipes:1.2 -o acme.wasm

This is for looking at a component: its bytes are those that the registry's manifest names, but whether they are signed by
somebody you trust, a buildout with `oci` and `signed-by` in recipes.toml decides.";

/// `buildout-host recipe pull`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PullArguments {
    /// What to bring: oci://HOST[:PORT]/NAME:TAG, or with @sha256:… the very one.
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// Where the component goes [default: the last part of NAME, with .wasm].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArguments,
}

/// Something else stands where the component should go.
#[derive(Debug, thiserror::Error)]
#[error("{} is there already, and is another file.", .0.display())]
struct Occupied(PathBuf);

impl Explain for Occupied {
    fn hints(&self) -> Vec<String> {
        vec!["Name another file with -o FILE; a file that is named there is replaced.".to_owned()]
    }
}

impl Program {
    pub(super) fn recipe_pull(&self, arguments: &PullArguments) -> Result<(), RunError> {
        let reference = reference(&arguments.reference)?;
        let remote = self.remote(&arguments.registry);
        let artefact = Artefact::of(&remote, &reference)?;
        artefact.config(&remote, &reference)?;
        let component = artefact.component(&remote, &reference)?;
        let signatures = signatures(&remote, &reference, artefact.manifest.digest)?.len();
        let shown = arguments.output.clone().unwrap_or_else(|| default_file(&reference));
        let path = self.environment.directory.join(&shown);
        // Only a file that was named is replaced.
        if arguments.output.is_none() && files::read(&path)?.is_some_and(|content| content != component) {
            return Err(Occupied(shown).into());
        }
        files::replace(&path, &component)?;
        self.printer.text(&told(&reference, &artefact, &shown, signatures));
        Ok(())
    }
}

/// What a repository calls itself last. Its characters are harmless: small letters, digits and `._-`.
fn default_file(reference: &Reference) -> PathBuf {
    let name = reference.repository().rsplit('/').next().unwrap_or("recipe");
    PathBuf::from(format!("{name}.wasm"))
}

fn told(reference: &Reference, artefact: &Artefact, file: &Path, signatures: usize) -> String {
    let pinned = reference.with_digest(artefact.manifest.digest);
    let mut text = format!(
        "Pulled {pinned}: {} ({}, sha256:{})",
        file.display(),
        size(artefact.component.size()),
        artefact.digest
    );
    let keys = [
        ("title", annotation::TITLE),
        ("version", annotation::VERSION),
        ("licence", annotation::LICENCES),
        ("source", annotation::SOURCE),
    ];
    for (name, key) in keys {
        // Whoever published it wrote these.
        let value = artefact.annotations.get(key).map(|value| neutralise(value));
        text += &value.map(|value| format!("\n  {name}: {value}")).unwrap_or_default();
    }
    text + &match signatures {
        0 => "\n  not signed".to_owned(),
        1 => "\n  1 signature, which was not verified".to_owned(),
        count => format!("\n  {count} signatures, which were not verified"),
    }
}
