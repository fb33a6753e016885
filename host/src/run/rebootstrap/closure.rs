//! The stage that makes the Python: the section that provides it, and every section in its closure.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::options::{Buildout, NoRecipes, OptionProblem};

use super::super::fault::RunFault;
use super::super::python::choice;
use super::super::python::wanted::{OriginalPython, PythonProvider, WantedPython, operation, unusable};
use super::super::reading::load::Loaded;
use super::super::stage::definition::{ChangePolicy, Selection, Stage};
use super::super::stage::parts::{self, StageParts};
use super::super::view::ResolvedBuildout;
use crate::error::{Doing, RunError};

/// The stage of the Python that `section` provides. Its parts are initialized. Of the unchanged ones, only the `named`
/// ones are updated, or all if none are named.
pub(in crate::run) fn stage(
    view: ResolvedBuildout,
    loaded: &Loaded,
    section: &str,
    named: &[String],
) -> Result<Stage, RunError> {
    let original = original_python(&view, loaded, view.executable()?);
    let locations = view.locations()?;
    let (executable, provider, parts) =
        provide(&view, section, &locations.directory).doing(|| operation(&view, section))?;
    let python = WantedPython { executable, original, provider: Some(provider) };
    let (selection, policy) = (Selection::Needed { named: named.to_vec() }, ChangePolicy::Transaction(python));
    Ok(Stage { view, locations, parts, selection, policy })
}

/// The stage of a buildout that no longer makes a Python, and returns to the original one. It has no parts.
pub(in crate::run) fn stage_of_original(view: ResolvedBuildout, loaded: &Loaded) -> Result<Stage, RunError> {
    let (locations, parts) = (view.locations()?, StageParts::default());
    let original = original_python(&view, loaded, loaded.original.clone());
    let python = WantedPython { executable: loaded.original.clone(), original, provider: None };
    let (selection, policy) = (Selection::Needed { named: Vec::new() }, ChangePolicy::Transaction(python));
    Ok(Stage { view, locations, parts, selection, policy })
}

fn original_python(view: &ResolvedBuildout, loaded: &Loaded, executable: String) -> OriginalPython {
    let is_default = executable == choice::on_path(&view.context.environment, &loaded.own);
    OriginalPython { executable, is_given: loaded.is_given(), is_default }
}

/// The Python, the section that provides it, and the parts that it needs.
fn provide(
    view: &ResolvedBuildout,
    section: &str,
    directory: &Path,
) -> Result<(String, PythonProvider, StageParts), RunError> {
    initialize_references(view, section)?;
    let executable = directory.join(executable(view, section)?).to_string_lossy().into_owned();
    let paths = prepended_paths(view, directory)?;
    let parts = parts::initialized(view)?;
    Ok((executable, PythonProvider { section: section.to_owned(), is_part: parts.has(section), paths }, parts))
}

fn executable(view: &ResolvedBuildout, section: &str) -> Result<String, RunError> {
    check_named_section(view, "python", section)?;
    let executable = view.buildout.get(section, "executable")?.unwrap_or_default();
    let executable = executable.trim();
    if executable.is_empty() {
        let place = view.buildout.place_of(section, None);
        return Err(RunFault::NoExecutable { section: section.to_owned(), place }.into());
    }
    if executable.contains(char::is_control) {
        return Err(unusable(view, section, executable, "it is not a path".to_owned(), Vec::new()));
    }
    Ok(executable.to_owned())
}

/// In zc.buildout 1.0, a reference does not initialize the part that it points to. Here it must: parts that the Python
/// needs are installed first.
fn initialize_references(view: &ResolvedBuildout, section: &str) -> Result<(), RunError> {
    if !view.buildout.configuration().classic {
        return Ok(());
    }
    let reading = Buildout::new(Arc::clone(view.buildout.configuration()), Arc::new(NoRecipes));
    let (mut seen, mut left) = (BTreeSet::from(["buildout".to_owned()]), vec![section.to_owned()]);
    while let Some(section) = left.pop() {
        if seen.insert(section.clone()) {
            for option in reading.keys(&section).unwrap_or_default() {
                // An error is reported when the section is initialized.
                let _ = reading.get(&section, &option);
            }
            left.extend(reading.dependencies(&section));
        }
    }
    let needed = parts::listed(view)?.into_iter().filter(|part| part != section && seen.contains(part));
    for part in needed {
        view.buildout.section(&part)?;
    }
    Ok(())
}

/// Checks a section that is the value of an option of `[buildout]`.
fn check_named_section(view: &ResolvedBuildout, option: &str, section: &str) -> Result<(), RunError> {
    view.buildout.section(section).map_err(|error| match error.problem() {
        OptionProblem::UnknownSection { section: unknown } if section == unknown => {
            let place = view.buildout.place_of_word("buildout", option, section);
            let hint = format!("`[buildout] {option}` names it: add the section, or correct the name.");
            error.at(place).hint(hint).into()
        }
        _ => error.into(),
    })
}

/// `rebootstrap-prepend-paths`: sections, whose locations the Python searches first for modules, or paths.
fn prepended_paths(view: &ResolvedBuildout, directory: &Path) -> Result<Vec<PathBuf>, RunError> {
    let named = view.buildout.get("buildout", "rebootstrap-prepend-paths")?.unwrap_or_default();
    let mut paths = Vec::new();
    for word in named.split_whitespace() {
        if word.contains('/') {
            paths.push(directory.join(word));
            continue;
        }
        check_named_section(view, "rebootstrap-prepend-paths", word)?;
        let Some(location) = view.buildout.get(word, "location")?.filter(|location| !location.is_empty()) else {
            let place = view.buildout.place_of(word, None);
            return Err(RunFault::NoLocation { section: word.to_owned(), place }.into());
        };
        paths.push(directory.join(location));
    }
    Ok(paths)
}
