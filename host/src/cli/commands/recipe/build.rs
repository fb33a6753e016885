//! `recipe build`: builds a recipe project.

use std::path::PathBuf;

use clap::Args;

use crate::cli::arguments::OfflineArguments;
use crate::cli::program::Program;
use crate::run::RunError;
use base::source::size;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe build            Build the project in this directory
  buildout-host recipe build ../note    Build another one

A project has a recipe.toml with a build command, or is a crate with a Cargo.toml. The build command
is not confined: it runs with your rights. It runs only if files that match `inputs` of recipe.toml
have changed.";

/// `buildout-host recipe build`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct BuildArguments {
    /// The project's directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    #[command(flatten)]
    network: OfflineArguments,
}

pub(super) fn execute(program: &Program, arguments: &BuildArguments) -> Result<(), RunError> {
    let built = program.authoring()?.build(&arguments.directory, arguments.network.offline)?;
    let component = &built.recipe.component;
    program.printer.text(&format!(
        "Recipe package {} {}: {}\n  {}, sha256:{}",
        built.package.name,
        built.package.version,
        built.file.display(),
        size(component.size()),
        component.digest
    ));
    Ok(())
}
