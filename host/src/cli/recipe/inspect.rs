//! `recipe inspect`: shows what a recipe package is.

mod json;
mod markdown;
mod text;

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::Program;
use crate::run::RunError;
use recipe::Package;
use recipe::component::{self, Developed, Origin, Resolved};
use registry::oci::RemoteSettings;

pub(super) use text::imports;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe inspect mkdir              A built-in recipe package
  buildout-host recipe inspect                    The project in this directory (it is built first)
  buildout-host recipe inspect note.wasm --json   A component's file
  buildout-host recipe inspect acme:notes         What `recipe = acme:notes` means to the buildout in this directory
  buildout-host recipe inspect note --markdown    The reference page of the project in note/";

/// `buildout-host recipe inspect`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct InspectArguments {
    /// A component's file, a project's directory, a built-in package, or a recipe reference.
    #[arg(value_name = "FILE|DIR|REFERENCE", default_value = ".")]
    what: String,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// The reference page of the package, in Markdown.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

/// What is shown of a recipe package.
struct Inspected {
    package: Package,
    recipe: Resolved,
}

impl Program {
    pub(super) fn recipe_inspect(&self, arguments: &InspectArguments) -> Result<(), RunError> {
        let inspected = self.inspected(&arguments.what)?;
        self.printer.text(&match arguments {
            InspectArguments { json: true, .. } => json::of(&inspected),
            InspectArguments { markdown: true, .. } => markdown::of(&inspected),
            _ => text::of(&inspected),
        });
        Ok(())
    }

    fn inspected(&self, what: &str) -> Result<Inspected, RunError> {
        let path = self.environment.directory.join(what);
        let authoring = self.authoring()?;
        if path.is_dir() {
            let built = authoring.build(&path, false)?;
            return Ok(Inspected { package: built.package, recipe: built.recipe });
        }
        let recipe = if path.is_file() { of_file(&path)? } else { self.of_reference(what)? };
        Ok(Inspected { package: authoring.describe(&recipe)?, recipe })
    }

    /// What the buildout in the working directory means by a reference.
    fn of_reference(&self, reference: &str) -> Result<Resolved, RunError> {
        self.authoring()?.resolve(&self.environment.directory, reference, &RemoteSettings::default())
    }
}

fn of_file(path: &Path) -> Result<Resolved, RunError> {
    let file = component::find_project(path)?;
    let package = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let developed = Developed { package, project: file.clone(), component: file, link: PathBuf::new() };
    Ok(component::developed_recipe(&developed)?)
}

impl Inspected {
    /// The version of package `buildout:recipe` that the component was made for.
    fn wit(&self) -> Option<&str> {
        let imports = self.package.imports.iter();
        imports.filter_map(|import| import.strip_prefix("buildout:recipe/")?.split_once('@')).map(|(_, wit)| wit).max()
    }

    /// The component's file; none for what is part of this program.
    fn file(&self) -> Option<&Path> {
        match &self.recipe.component.origin {
            Origin::BuiltIn { .. } | Origin::Registry { .. } => None,
            Origin::Path(file) | Origin::Develop { component: file, .. } => Some(file),
        }
    }

    /// Who signed it, of those who must have.
    fn signers(&self) -> Vec<String> {
        self.recipe.signers.iter().map(ToString::to_string).collect()
    }

    /// How `recipe =` names an entry point.
    fn reference(&self, entry_point: &str) -> String {
        let package = &self.recipe.reference.package;
        if entry_point == registry::DEFAULT_ENTRY_POINT { package.clone() } else { format!("{package}:{entry_point}") }
    }
}
