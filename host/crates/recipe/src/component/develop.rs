//! `[buildout] develop`: builds the components of the listed recipe projects, and writes the links by which they are
//! found.
//!
//! Knows nothing of the contents of a component, nor of how a project is built.

use std::path::Path;

use super::egg_link::DevelopedRecipe;
use super::error::ComponentError;
use super::project::built::WHAT_IT_IS;
use super::project::{RecipeBuilder, find};
use registry::RecipeReference;

/// Builds one recipe project (or uses it directly, if it is a `.wasm` file) and writes its link file into the directory
/// `develop_eggs`.
///
/// # Errors
/// When `project` is not a recipe project, its build fails, or the link cannot be written.
pub fn develop(
    project: &Path,
    develop_eggs: &Path,
    builder: &RecipeBuilder<'_>,
) -> Result<DevelopedRecipe, ComponentError> {
    let project = find(&builder.environment.directory.join(project))?;
    if project.is_dir() {
        let built = builder.build(&project)?;
        return DevelopedRecipe::write(built.package, project, built.component, develop_eggs);
    }
    DevelopedRecipe::write(component_name(&project)?, project.clone(), project, develop_eggs)
}

/// The package name of a `.wasm` file: its stem.
fn component_name(file: &Path) -> Result<String, ComponentError> {
    let not_a_project = |reason, hint| ComponentError::NotAProject { project: file.to_owned(), reason, hint };
    if file.extension().is_none_or(|extension| extension != "wasm") {
        return Err(not_a_project("it is neither a directory nor a .wasm file", WHAT_IT_IS));
    }
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    match stem.parse::<RecipeReference>() {
        Ok(reference) if reference.package == stem => Ok(reference.package),
        _ => Err(not_a_project("its name cannot be a recipe package's name", "Rename it, without spaces and colons.")),
    }
}

#[cfg(test)]
#[path = "develop_tests.rs"]
mod tests;
