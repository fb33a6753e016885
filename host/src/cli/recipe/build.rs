//! `recipe build`: builds a recipe project.

use std::path::PathBuf;

use clap::Args;

use super::super::Program;
use crate::run::RunError;
use base::source::size;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe build            The project in this directory
  buildout-host recipe build ../note    The one there

A project has a recipe.toml, which names its build command, or is a crate with a Cargo.toml. The command is the author's own
program: it runs with your rights. It is run only if what `inputs` names has changed.";

/// `buildout-host recipe build`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BuildArguments {
    /// The project's directory.
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Download nothing (Cargo gets `--offline`, a build command the variable BUILDOUT_OFFLINE=1).
    #[arg(short, long)]
    offline: bool,
}

impl Program {
    pub(super) fn recipe_build(&self, arguments: &BuildArguments) -> Result<(), RunError> {
        let built = self.authoring()?.build(&arguments.directory, arguments.offline)?;
        let component = &built.recipe.component;
        let (name, version) = (&built.package.name, &built.package.version);
        let text = format!(
            "Recipe package {name} {version}: {}\n  {}, sha256:{}",
            built.file.display(),
            size(component.size()),
            component.digest
        );
        self.printer.text(&text);
        Ok(())
    }
}
