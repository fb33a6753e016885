//! `recipe inspect`: shows a recipe package.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::program::Program;
use crate::cli::render::package::{self, PackageView};
use crate::run::RunError;
use crate::share::Authoring;
use base::source::{Explain, did_you_mean, nearest};
use recipe::RecipePackage;
use recipe::component::{self, DevelopedRecipe, Resolved};
use registry::DEFAULT_ENTRY_POINT;
use registry::oci::RemoteSettings;

const EXAMPLES: &str = "\
Examples:
  buildout-host recipe inspect mkdir              A built-in recipe package
  buildout-host recipe inspect                    The project in this directory (it is built first)
  buildout-host recipe inspect note.wasm --json   A component file
  buildout-host recipe inspect acme:notes         The recipe that `recipe = acme:notes` means in this buildout
  buildout-host recipe inspect note --markdown    A reference page for the project in note/";

/// `buildout-host recipe inspect`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct InspectArguments {
    /// A component file, a project's directory, a built-in package, or a recipe reference
    #[arg(value_name = "FILE|DIR|REFERENCE", default_value = ".")]
    what: String,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Print a reference page in Markdown
    #[arg(long, conflicts_with = "json")]
    pub(super) markdown: bool,
}

/// A reference to an entry point that its package does not have.
#[derive(Debug, thiserror::Error)]
#[error("Recipe {package} has no entry point {entry_point:?}")]
struct NoEntryPoint {
    package: String,
    entry_point: String,
    known: Vec<String>,
}

impl Explain for NoEntryPoint {
    fn hints(&self) -> Vec<String> {
        let near = nearest(&self.entry_point, self.known.iter().map(String::as_str)).map(did_you_mean);
        near.into_iter().chain([format!("Its entry points: {}.", self.known.join(", "))]).collect()
    }
}

pub(super) fn execute(program: &Program, arguments: &InspectArguments) -> Result<(), RunError> {
    let view = view(program, &arguments.what)?;
    match arguments {
        InspectArguments { json: true, .. } => program.printer.json(&package::json(&view)),
        InspectArguments { markdown: true, .. } => program.printer.text(&package::markdown(&view)),
        _ => program.printer.text(&package::text(&view)),
    }
    Ok(())
}

fn view(program: &Program, what: &str) -> Result<PackageView, RunError> {
    let (path, authoring) = (program.path(what), program.authoring()?);
    if path.is_dir() {
        let built = authoring.build(&path, false)?;
        return Ok(developed(built.package, built.recipe));
    }
    if path.is_file() {
        let recipe = of_file(&path)?;
        return Ok(developed(authoring.describe(&recipe)?, recipe));
    }
    let buildout = InspectedBuildout { authoring, directory: &program.environment.directory };
    let recipe = buildout.resolve(what)?;
    let package = buildout.authoring.describe(&recipe)?;
    check_entry_point(&package, &recipe)?;
    let references = buildout.references(what, &package, &recipe);
    Ok(PackageView { package, recipe, references })
}

/// A package that a buildout uses once its `develop` lists it.
fn developed(package: RecipePackage, recipe: Resolved) -> PackageView {
    let name = &recipe.reference.package;
    let references = package.entry_points.iter().map(|described| Some(reference(name, &described.name))).collect();
    PackageView { package, recipe, references }
}

fn of_file(path: &Path) -> Result<Resolved, RunError> {
    let file = component::find_project(path)?;
    let package = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let developed = DevelopedRecipe { package, project: file.clone(), component: file, link: PathBuf::new() };
    Ok(component::developed_recipe(&developed)?)
}

fn check_entry_point(package: &RecipePackage, recipe: &Resolved) -> Result<(), NoEntryPoint> {
    let known: Vec<String> = package.entry_points.iter().map(|described| described.name.clone()).collect();
    if known.contains(&recipe.entry_point) {
        return Ok(());
    }
    Err(NoEntryPoint { package: recipe.reference.package.clone(), entry_point: recipe.entry_point.clone(), known })
}

fn reference(package: &str, entry_point: &str) -> String {
    if entry_point == DEFAULT_ENTRY_POINT { package.to_owned() } else { format!("{package}:{entry_point}") }
}

/// The buildout in the working directory.
struct InspectedBuildout<'a> {
    authoring: Authoring,
    directory: &'a Path,
}

impl InspectedBuildout<'_> {
    fn resolve(&self, reference: &str) -> Result<Resolved, RunError> {
        self.authoring.resolve(self.directory, reference, &RemoteSettings::default())
    }

    /// For each entry point, a reference to it that works in this buildout: the given one, or a similar one.
    fn references(&self, given: &str, package: &RecipePackage, recipe: &Resolved) -> Vec<Option<String>> {
        let means = |text: &str, entry_point: &str| {
            self.resolve(text).is_ok_and(|found| {
                found.component.digest == recipe.component.digest && found.entry_point == entry_point
            })
        };
        let candidates = |entry_point: &str| {
            let names = [&recipe.reference.package, &recipe.component.package];
            [given.to_owned()].into_iter().chain(names.map(|name| reference(name, entry_point)))
        };
        let names = package.entry_points.iter().map(|described| described.name.as_str());
        names.map(|name| candidates(name).find(|text| means(text, name))).collect()
    }
}
