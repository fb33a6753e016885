//! `recipe pull`: downloads a component from a registry into a file.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::arguments::{RegistryArguments, parse_reference};
use crate::cli::program::Program;
use crate::run::RunError;
use base::files;
use base::source::{Explain, printable_line, size};
use registry::oci::{Artifact, Reference, annotation, signatures};

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe pull oci://registry.example/acme/recipes:1.2                 Write recipes.wasm
  buildout-host recipe pull oci://registry.example/acme/recipes:1.2 -o acme.wasm

Use this to look at a component. Its digest is checked, but its signatures are not: a buildout
verifies those when it uses the component through `oci` and `signed-by` in recipes.toml.";

/// `buildout-host recipe pull`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct PullArguments {
    /// What to download: oci://HOST[:PORT]/NAME:TAG, or oci://HOST[:PORT]/NAME@sha256:…
    #[arg(value_name = "REFERENCE")]
    reference: String,
    /// Write the component to FILE [default: the last part of NAME plus .wasm]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArguments,
}

/// The file exists, and the user did not specify it.
#[derive(Debug, thiserror::Error)]
#[error("{} already exists with different contents", .0.display())]
struct FileExists(PathBuf);

impl Explain for FileExists {
    fn hints(&self) -> Vec<String> {
        vec!["Specify a file with `-o FILE`. If it exists, it is replaced.".to_owned()]
    }
}

pub(super) fn execute(program: &Program, arguments: &PullArguments) -> Result<(), RunError> {
    let reference = parse_reference(&arguments.reference)?;
    let remote = program.remote(&arguments.registry);
    let artifact = Artifact::of(&remote, &reference)?;
    artifact.config(&remote, &reference)?;
    let component = artifact.component(&remote, &reference)?;
    let signatures = signatures(&remote, &reference, artifact.manifest.digest)?.len();
    let file = arguments.output.clone().unwrap_or_else(|| default_file(&reference));
    let path = program.path(&file);
    // Only a file that the user specified is replaced.
    if arguments.output.is_none() && files::read(&path)?.is_some_and(|content| content != component) {
        return Err(FileExists(file).into());
    }
    files::replace(&path, &component)?;
    program.printer.text(&summary(&reference, &artifact, &file, signatures));
    Ok(())
}

/// The last part of the repository's name, which contains only lowercase letters, digits and `._-`.
fn default_file(reference: &Reference) -> PathBuf {
    let name = reference.repository().rsplit('/').next().unwrap_or("recipe");
    PathBuf::from(format!("{name}.wasm"))
}

fn summary(reference: &Reference, artifact: &Artifact, file: &Path, signatures: usize) -> String {
    let pinned = reference.with_digest(artifact.manifest.digest);
    let mut text =
        format!("Pulled {pinned}: {} ({}, sha256:{})", file.display(), size(artifact.size()), artifact.digest);
    let keys = [
        ("title", annotation::TITLE),
        ("version", annotation::VERSION),
        ("license", annotation::LICENSES),
        ("source", annotation::SOURCE),
    ];
    for (name, key) in keys {
        let value = artifact.annotations.get(key);
        text += &value.map(|value| format!("\n  {name}: {}", printable_line(value))).unwrap_or_default();
    }
    text + &match signatures {
        0 => "\n  not signed".to_owned(),
        1 => "\n  1 signature, which was not verified".to_owned(),
        count => format!("\n  {count} signatures, which were not verified"),
    }
}
