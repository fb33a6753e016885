//! Recipes and extensions in Python distributions: which distribution a reference names, and what the Python runtime has
//! to load of it.
//!
//! Knows nothing of WebAssembly: a [`PythonProgram`] is what the crate `recipe` runs.

mod error;
mod signature;
mod substitutes;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use config::options::Buildout;
use distributions::eggs::Distribution;
use distributions::entry_points::EntryPoint;
use distributions::python::Python;
use recipe::Runtime;
use recipe::component::{Component, ComponentError, ProgramKind, PythonProgram, declares_recipes};
use registry::RecipeReference;

use super::context::RunContext;
use super::distributions::{BuildoutDistributions, Found, NoDistributions};
use crate::error::RunError;
pub(in crate::run) use error::NoProgram;
use substitutes::Substitute;

/// The groups of entry points.
const RECIPES: &str = "zc.buildout";
const UNINSTALLERS: &str = "zc.buildout.uninstall";
/// A distribution in the runtime.
const PROVIDED: &str = "zc.buildout";
const EXTENSIONS: &str = "zc.buildout.extension";
const UNLOAD_EXTENSIONS: &str = "zc.buildout.unloadextension";

/// Why a distribution is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum InstallPurpose {
    /// It is used: a missing one is installed.
    Use,
    /// A part that it made is uninstalled: only an existing one is used.
    Uninstall,
}

/// Finds recipes and extensions in Python distributions.
pub(in crate::run) struct PythonRecipes {
    context: Arc<RunContext>,
    distributions: Arc<BuildoutDistributions>,
    runtime: OnceLock<Result<Arc<Component>, ComponentError>>,
    /// The projects in the runtime, by their keys.
    provided: OnceLock<BTreeSet<String>>,
}

impl PythonRecipes {
    pub(in crate::run) fn new(context: &Arc<RunContext>, distributions: &Arc<BuildoutDistributions>) -> Self {
        let (context, distributions) = (Arc::clone(context), Arc::clone(distributions));
        Self { context, distributions, runtime: OnceLock::new(), provided: OnceLock::new() }
    }

    /// The component that runs programs in Python.
    pub(in crate::run) fn runtime(&self) -> Result<Arc<Component>, ComponentError> {
        let program = &self.context.settings.program;
        self.runtime.get_or_init(|| Component::python_runtime(program).map(Arc::new)).clone()
    }

    /// The recipe that a reference names.
    pub(in crate::run) fn recipe(
        &self,
        buildout: &Buildout,
        reference: &RecipeReference,
        purpose: InstallPurpose,
        engine: &Runtime,
    ) -> Result<PythonProgram, NoProgram> {
        if let Some(substitute) = substitutes::substitute(reference) {
            let found = self.find(buildout, PROVIDED, purpose, engine)?;
            return Ok(self.of_runtime(reference, substitute, &found));
        }
        let found = self.find(buildout, &reference.requirement(), purpose, engine)?;
        let Some(distribution) = found.distribution(&reference.package) else {
            let RecipeReference { package: name, entry_point, .. } = reference.clone();
            return Err(NoProgram::Provided { name, entry_point });
        };
        check_declared(&found, distribution)?;
        let wanted = reference.entry_point.as_str();
        let object = entry_point(distribution, RECIPES, wanted)?.ok_or_else(|| NoProgram::EntryPoint {
            distribution: distribution.to_string(),
            entry_point: wanted.to_owned(),
            known: names(distribution, RECIPES),
        })?;
        let uninstall = entry_point(distribution, UNINSTALLERS, wanted)?.map(|found| shown(&found));
        let name = reference.to_string();
        Ok(self.program(name, ProgramKind::Recipe, distribution, &object, uninstall, &found))
    }

    /// A recipe that is part of the runtime.
    fn of_runtime(&self, reference: &RecipeReference, substitute: Substitute, found: &Found) -> PythonProgram {
        let path = path(found);
        PythonProgram {
            name: reference.to_string(),
            kind: ProgramKind::Recipe,
            distribution: format!("the host's own {reference}"),
            object: substitute.object,
            uninstall: None,
            path,
            python: directories_of(&found.python),
            only_reads: self.distributions.only_looks(),
            signature: substitute.signature,
        }
    }

    /// The extensions of a distribution, of one kind.
    pub(in crate::run) fn extensions(
        &self,
        buildout: &Buildout,
        requirement: &str,
        kind: ProgramKind,
        engine: &Runtime,
    ) -> Result<Vec<PythonProgram>, NoProgram> {
        let found = self.find(buildout, requirement, InstallPurpose::Use, engine)?;
        let Some(distribution) = found.distribution(requirement) else { return Ok(Vec::new()) };
        check_declared(&found, distribution)?;
        let group = if kind == ProgramKind::UnloadExtension { UNLOAD_EXTENSIONS } else { EXTENSIONS };
        let program = |point: EntryPoint| {
            let after = if kind == ProgramKind::UnloadExtension { " after the parts" } else { "" };
            let name = format!("{}:{}{after}", distribution.project, point.name);
            self.program(name, kind, distribution, &point, None, &found)
        };
        Ok(entry_points(distribution, group)?.into_iter().map(program).collect())
    }

    /// The distribution of a requirement with all that it requires, installed if it is missing.
    fn find(
        &self,
        buildout: &Buildout,
        requirement: &str,
        purpose: InstallPurpose,
        engine: &Runtime,
    ) -> Result<Found, NoDistributions> {
        let provided = self.provided(engine)?;
        let only_existing = purpose == InstallPurpose::Uninstall;
        self.distributions.for_recipe(buildout, requirement, provided, only_existing)
    }

    fn provided(&self, engine: &Runtime) -> Result<&BTreeSet<String>, RunError> {
        if let Some(known) = self.provided.get() {
            return Ok(known);
        }
        let runtime = self.runtime()?;
        let provided = engine.provided(&runtime)?.into_iter().map(|name| distributions::name::canonical(&name));
        Ok(self.provided.get_or_init(|| provided.collect()))
    }

    fn program(
        &self,
        name: String,
        kind: ProgramKind,
        distribution: &Distribution,
        object: &EntryPoint,
        uninstall: Option<String>,
        found: &Found,
    ) -> PythonProgram {
        let path = path(found);
        PythonProgram {
            name,
            kind,
            distribution: distribution.to_string(),
            object: shown(object),
            uninstall,
            path,
            python: directories_of(&found.python),
            only_reads: self.distributions.only_looks(),
            signature: signature::of(&found.set, &found.directories, &found.outside),
        }
    }
}

/// Checks that a developed project is one that no other recipe may change: what it is decided by files in which the user
/// wrote that it provides recipes.
fn check_declared(found: &Found, distribution: &Distribution) -> Result<(), NoProgram> {
    match found.sources.developed(distribution).filter(|one| !declares_recipes(&one.project)) {
        Some(one) => Err(NoProgram::Undeclared { project: one.project.clone() }),
        None => Ok(()),
    }
}

/// The path of what was found, with the sources of developed projects: a build backend may lead to them only with code that
/// a `.pth` file runs, which the runtime does not do. The directory of develop eggs comes last, and of the directories in
/// `.pth` files only those that belong to what may run: recipes can have files put there. A project that contains the
/// buildout comes after all others, because recipes write next to its modules.
fn path(found: &Found) -> Vec<PathBuf> {
    let sources = &found.sources;
    let mut path = Vec::new();
    let mut add = |entry: PathBuf| {
        if !path.contains(&entry) {
            path.push(entry);
        }
    };
    let modules = |one: &Distribution| match sources.developed(one) {
        Some(project) => project.modules.clone(),
        None => one.location.clone(),
    };
    let (outer, inner): (Vec<PathBuf>, Vec<PathBuf>) =
        found.set.iter().map(|one| modules(one)).partition(|path| found.holds_buildout(path));
    inner.into_iter().for_each(&mut add);
    let of_links = found.set.path().into_iter().filter(|entry| sources.hold(entry) && !found.holds_buildout(entry));
    of_links.for_each(&mut add);
    outer.into_iter().for_each(&mut add);
    found.set.path().into_iter().filter(|entry| sources.is_develop(entry)).for_each(&mut add);
    path
}

/// The directories of a Python, for recipes that look at what is installed there, and for commands that start it.
fn directories_of(python: &Python) -> Vec<PathBuf> {
    let mut all = vec![python.prefix.clone(), python.base_prefix.clone()];
    all.extend(python.path.iter().cloned());
    all.retain(|path| path.is_absolute() && path != Path::new("/"));
    all.sort();
    all.dedup();
    all
}

/// The entry points of a group.
fn entry_points(distribution: &Distribution, group: &str) -> Result<Vec<EntryPoint>, NoProgram> {
    let groups = distribution
        .entry_points()
        .map_err(|cause| NoProgram::Metadata { distribution: distribution.to_string(), cause })?;
    Ok(groups.into_iter().find(|known| known.name == group).map(|known| known.entry_points).unwrap_or_default())
}

fn entry_point(distribution: &Distribution, group: &str, name: &str) -> Result<Option<EntryPoint>, NoProgram> {
    Ok(entry_points(distribution, group)?.into_iter().find(|point| point.name == name))
}

fn names(distribution: &Distribution, group: &str) -> Vec<String> {
    entry_points(distribution, group).unwrap_or_default().into_iter().map(|point| point.name).collect()
}

/// `module:attributes`.
fn shown(point: &EntryPoint) -> String {
    match point.attributes.as_str() {
        "" => point.module.clone(),
        attributes => format!("{}:{attributes}", point.module),
    }
}
