//! `recipe vendor`: copies locked components into a directory.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Program;
use crate::cli::arguments::DEFAULT_FILE;
use crate::run::RunError;
use fetch::Network;
use registry::oci::RemoteSettings;

use super::push::RegistryArguments;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe vendor vendor             Copy them into the directory vendor
  buildout-host recipe vendor vendor --offline   Only from copies that are there already

The directory is an OCI image layout with the components and their signatures, which skopeo can copy to another registry.
With a line `vendor = \"DIR\"` in recipes.toml they are taken from there and need no registry; they are verified each time.";

/// `buildout-host recipe vendor`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VendorArguments {
    /// The directory; it is made if it is not there.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The configuration file, beside which recipes.toml is.
    #[arg(short, long = "config", value_name = "FILE", default_value = DEFAULT_FILE)]
    config: PathBuf,
    /// Open no network connection.
    #[arg(short = 'o', long)]
    offline: bool,
    #[command(flatten)]
    registry: RegistryArguments,
}

impl Program {
    pub(super) fn recipe_vendor(&self, arguments: &VendorArguments) -> Result<(), RunError> {
        let network = if arguments.offline { Network::Offline } else { Network::Allowed };
        let settings =
            RemoteSettings { network, plain_http: arguments.registry.plain_http, ..RemoteSettings::default() };
        let buildout = self.beside(&arguments.config);
        let target = self.environment.directory.join(&arguments.directory);
        let vendored = self.authoring()?.vendor(&buildout, &target, &settings)?;
        let lines = vendored.recipes.iter().map(|(name, reference)| format!("Vendored recipe {name}: {reference}"));
        let mut lines: Vec<_> = lines.collect();
        if lines.is_empty() {
            lines.push("No recipe of recipes.toml comes from a registry.".to_owned());
        } else if !vendored.named {
            // As seen from recipes.toml, where that is possible.
            let shown = target.strip_prefix(&buildout).unwrap_or(&target).display().to_string();
            lines.push(format!("To use them, begin recipes.toml with the line: vendor = {shown:?}"));
        }
        self.printer.text(&lines.join("\n"));
        Ok(())
    }
}
