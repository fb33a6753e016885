//! `[buildout] develop`: builds the user's recipe projects, and installs Python projects in editable mode, before any
//! part.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::event::Level;
use base::files::Removal;
use config::options::{Buildout, NoRecipes};
use recipe::component::{self, DevelopedRecipe, RecipeBuilder};
use state::{StateChange, StateFile};

use super::super::fault::RunFault;
use super::super::python::program::is_in;
use super::super::view::ResolvedBuildout;
use super::user_paths;
use crate::error::{Doing, RunError};

/// What `develop` lists.
#[derive(Default)]
struct Projects {
    /// The built recipe projects.
    recipes: Vec<DevelopedRecipe>,
    /// The entries of the directory of develop eggs.
    entries: Vec<String>,
}

/// Builds the projects of a stage. Entries of projects that are no longer developed are removed.
pub(in crate::run) fn develop(view: &ResolvedBuildout, state: &mut StateFile) -> Result<(), RunError> {
    let directory = view.locations()?.develop_eggs.clone();
    let Projects { recipes, entries } = build_all(view, &directory, true)?;
    let before = &state.installed().develop_eggs;
    if *before != entries {
        let removal = Removal::new(&directory);
        for old in before.iter().filter(|entry| !entries.contains(entry)) {
            if let Err(error) = removal.remove(Path::new(old)) {
                // If the directory no longer belongs to this buildout, the entry in it is harmless.
                view.context.log(Level::Debug, &format!("Cannot remove {old}: {error}"));
            }
        }
        state.record(&StateChange::DevelopEggs(entries))?;
    }
    view.recipes.develop(&view.configuration_directory(), recipes)
}

/// The same for planning: links are created in `directory`, and the buildout is not changed. Python projects are not
/// installed, and their builds change nothing.
pub(in crate::run) fn develop_elsewhere(view: &ResolvedBuildout, directory: &Path) -> Result<(), RunError> {
    let projects = build_all(view, directory, false)?;
    view.recipes.develop(&view.configuration_directory(), projects.recipes)
}

/// The Python projects listed in `develop`.
pub(in crate::run) fn python_projects(view: &ResolvedBuildout) -> Result<Vec<PathBuf>, RunError> {
    listed_python_projects(&view.buildout, &view.locations()?.directory)
}

/// The same for a buildout in `directory`.
pub(in crate::run) fn listed_python_projects(buildout: &Buildout, directory: &Path) -> Result<Vec<PathBuf>, RunError> {
    let named = buildout.get("buildout", "develop")?.unwrap_or_default();
    let mut projects = Vec::new();
    for pattern in named.split_whitespace() {
        projects
            .extend(expand(directory, pattern)?.into_iter().filter(|project| component::is_python_project(project)));
    }
    Ok(projects)
}

/// Builds every project listed in `develop`; links are created in `develop_eggs`.
fn build_all(view: &ResolvedBuildout, develop_eggs: &Path, with_python: bool) -> Result<Projects, RunError> {
    let context = &view.context;
    let named = view.buildout.get("buildout", "develop")?.unwrap_or_default();
    let offline = view.buildout.get("buildout", "offline")?.is_some_and(|value| value.trim() == "true");
    let interrupt = &context.settings.native.interrupt;
    let environment = user_paths::unconfined(&context.environment, view.buildout.configuration());
    let builder = RecipeBuilder { environment: &environment, offline, report: &*context.report, interrupt };
    let mut projects = Projects::default();
    for pattern in named.split_whitespace() {
        let found = expand(&view.locations()?.directory, pattern)?;
        if found.is_empty() {
            let path = view.locations()?.directory.join(pattern);
            view.recipes.distributions().note_absent(pattern, &path);
        }
        let is_listed = !is_wildcard(pattern) && is_written(view, pattern);
        for project in found {
            context.log(Level::Info, &format!("Develop: {}", project.display()));
            if !is_written(view, pattern) && !is_in(&project, std::slice::from_ref(&view.locations()?.directory)) {
                return Err(RunFault::NotListed { project }.into());
            }
            let one = match (component::is_python_project(&project), with_python) {
                (true, false) => develop_aside(view, &project),
                (true, true) => develop_python(view, &project).map(|entries| projects.entries.extend(entries)),
                (false, _) if !is_listed => Err(RunFault::NotListed { project: project.clone() }.into()),
                (false, _) => component::develop(&project, develop_eggs, &builder).map_err(RunError::from).map(|one| {
                    projects.entries.push(one.link.to_string_lossy().into_owned());
                    projects.recipes.push(one);
                }),
            };
            // An error at the time of a signal is usually its consequence.
            context.check_interrupt()?;
            one.doing(|| format!("Processing develop directory {}.", project.display()))?;
        }
    }
    projects.entries.dedup();
    Ok(projects)
}

/// Makes a Python project usable for those who only look: a recipe may come from it. Without it, most of the rest can still
/// be looked at.
fn develop_aside(view: &ResolvedBuildout, project: &Path) -> Result<(), RunError> {
    if let Err(error) = view.recipes.distributions().develop_to_look(&view.buildout, project) {
        view.context.check_interrupt()?;
        view.context.log(Level::Warning, &format!("{} is left out: {error}", project.display()));
    }
    Ok(())
}

/// Installs a Python project in editable mode. Returns its entries in the directory of develop eggs.
fn develop_python(view: &ResolvedBuildout, project: &Path) -> Result<Vec<String>, RunError> {
    let developed = view.recipes.distributions().develop(&view.buildout, project)?;
    Ok(developed.paths.iter().map(|path| path.to_string_lossy().into_owned()).collect())
}

/// Whether a pattern names a project without knowing it.
fn is_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?', '['])
}

/// Whether the user wrote this word in `develop`, and not a program: a recipe project is built with the rights of the user.
fn is_written(view: &ResolvedBuildout, word: &str) -> bool {
    let Some(written) = &view.buildout.configuration().written else { return true };
    let named = Buildout::new(Arc::clone(written), Arc::new(NoRecipes)).get("buildout", "develop");
    named.ok().flatten().is_some_and(|named| named.split_whitespace().any(|one| one == word))
}

/// The paths that match a `develop` pattern (`*`, `?`, `[…]` as in a shell), sorted.
fn expand(directory: &Path, pattern: &str) -> Result<Vec<PathBuf>, RunError> {
    let path = directory.join(pattern);
    if !is_wildcard(pattern) {
        return Ok(if path.exists() { vec![path] } else { Vec::new() });
    }
    let matches = glob::glob(&path.to_string_lossy()).map_err(|error| RunFault::Value {
        option: "buildout:develop".into(),
        value: pattern.into(),
        expected: error.msg,
        place: None,
    })?;
    let mut found = Vec::new();
    for entry in matches {
        found.push(entry.map_err(|error| {
            let path = error.path().to_owned();
            RunFault::io(&path, "cannot read", error.into())
        })?);
    }
    found.sort();
    Ok(found)
}
