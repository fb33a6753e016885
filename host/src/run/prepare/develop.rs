//! `[buildout] develop`: builds the user's recipe projects, before any part.

use std::path::{Path, PathBuf};

use base::event::Level;
use base::files::Removal;
use recipe::component::{self, Builder, Developed};
use state::{Change, StateFile};

use super::super::fault::Fault;
use super::super::view::View;
use crate::error::{Doing, RunError};

/// Builds the projects of a stage. Links of projects that are no longer developed are removed.
pub(in crate::run) fn develop(view: &View, state: &mut StateFile) -> Result<(), RunError> {
    let directory = view.locations()?.develop_eggs.clone();
    let developed = build_all(view, &directory)?;
    let links: Vec<String> = developed.iter().map(|one| one.link.to_string_lossy().into_owned()).collect();
    let before = &state.installed().develop_eggs;
    if *before != links {
        let removal = Removal::new(&directory);
        for old in before.iter().filter(|link| !links.contains(link)) {
            if let Err(error) = removal.remove(Path::new(old)) {
                // If the directory no longer belongs to this buildout, the link in it is harmless.
                view.context.log(Level::Debug, &format!("Couldn't remove {old}: {error}"));
            }
        }
        state.record(&Change::DevelopEggs(links))?;
    }
    view.recipes.develop(&view.configuration_directory(), developed)
}

/// The same for planning: links are created in `directory`, and the buildout is not changed.
pub(in crate::run) fn develop_elsewhere(view: &View, directory: &Path) -> Result<(), RunError> {
    let developed = build_all(view, directory)?;
    view.recipes.develop(&view.configuration_directory(), developed)
}

/// Builds every project listed in `develop`; links are created in `develop_eggs`.
fn build_all(view: &View, develop_eggs: &Path) -> Result<Vec<Developed>, RunError> {
    let context = &view.context;
    let named = view.buildout.get("buildout", "develop")?.unwrap_or_default();
    let offline = view.buildout.get("buildout", "offline")?.as_deref() == Some("true");
    let interrupt = &context.settings.native.interrupt;
    let builder = Builder { environment: &context.environment, offline, report: &*context.report, interrupt };
    let mut developed = Vec::new();
    for pattern in named.split_whitespace() {
        let projects = expand(&view.locations()?.directory, pattern)?;
        if projects.is_empty() {
            context.log(Level::Warning, &format!("Couldn't develop {pattern} (not found)"));
        }
        for project in projects {
            context.log(Level::Info, &format!("Develop: {}", project.display()));
            let one = component::develop(&project, develop_eggs, &builder);
            // An error at the time of a signal is usually its consequence.
            context.check_interrupt()?;
            developed.push(one.doing(|| format!("Processing develop directory {}.", project.display()))?);
        }
    }
    Ok(developed)
}

/// The paths that match a `develop` pattern (`*`, `?`, `[…]` as in a shell), sorted.
fn expand(directory: &Path, pattern: &str) -> Result<Vec<PathBuf>, RunError> {
    let path = directory.join(pattern);
    if !pattern.contains(['*', '?', '[']) {
        return Ok(if path.exists() { vec![path] } else { Vec::new() });
    }
    let matches = glob::glob(&path.to_string_lossy()).map_err(|error| Fault::Value {
        option: "buildout:develop".into(),
        value: pattern.into(),
        expected: error.msg,
        place: None,
    })?;
    let mut found = Vec::new();
    for entry in matches {
        found.push(entry.map_err(|error| {
            let path = error.path().to_owned();
            Fault::io(&path, "cannot read", error.into())
        })?);
    }
    found.sort();
    Ok(found)
}
