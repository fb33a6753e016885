//! `recipe vendor`: copies locked components into a directory.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::arguments::{ConfigFileArguments, OfflineArguments, RegistryArguments};
use crate::cli::program::Program;
use crate::run::RunError;
use crate::share::Vendored;
use registry::oci::RemoteSettings;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe vendor vendor             Copy the components to the directory vendor
  buildout-host recipe vendor vendor --offline   Use only copies that this machine already has

The directory is an OCI image layout with the components and their signatures. skopeo can copy it to
another registry. If recipes.toml has `vendor = \"DIR\"`, components come from there, and no registry
is needed. Each run verifies them.";

/// `buildout-host recipe vendor`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct VendorArguments {
    /// The directory; created if it does not exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    config: ConfigFileArguments,
    #[command(flatten)]
    network: OfflineArguments,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub(super) fn execute(program: &Program, arguments: &VendorArguments) -> Result<(), RunError> {
    let settings = RemoteSettings {
        network: arguments.network.network(),
        plain_http: arguments.registry.plain_http(),
        ..RemoteSettings::default()
    };
    let buildout = arguments.config.directory(&program.environment.directory);
    let target = program.path(&arguments.directory);
    let vendored = program.authoring()?.vendor(&buildout, &target, &settings)?;
    program.printer.text(&summary(&vendored, &target, &buildout));
    Ok(())
}

fn summary(vendored: &Vendored, target: &Path, buildout: &Path) -> String {
    if vendored.recipes.is_empty() {
        return "No recipe in recipes.toml comes from a registry".to_owned();
    }
    let lines = vendored.recipes.iter().map(|(name, reference)| format!("Vendored recipe {name}: {reference}"));
    // Relative to recipes.toml if possible.
    let directory = target.strip_prefix(buildout).unwrap_or(target).display().to_string();
    let hint = format!("To use them, add as the first line of recipes.toml: vendor = {directory:?}");
    lines.chain((!vendored.named).then_some(hint)).collect::<Vec<_>>().join("\n")
}
