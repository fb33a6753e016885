//! The buildout as resolved with the original Python, and as resolved with the Python that it made.

use std::sync::Arc;

use base::event::Level;

use super::super::python::choice;
use super::super::python::program::is_program;
use super::super::python::wanted::WantedPython;
use super::super::reading::extensions;
use super::super::reading::load::Loaded;
use super::super::view::ResolvedBuildout;
use crate::error::RunError;

/// The section that makes the Python; `None` if the buildout makes none.
pub(in crate::run) fn python_section(view: &ResolvedBuildout) -> Result<Option<String>, RunError> {
    if !extensions::rebootstraps(&view.buildout)? {
        return Ok(None);
    }
    let section = view.buildout.get("buildout", "python")?.unwrap_or_default();
    let section = section.trim();
    if section.is_empty() || section == "buildout" {
        if view.buildout.place_of("buildout", Some("python")).is_none() {
            let message =
                "Rebootstrap is requested, but `[buildout] python` does not name a section that makes a Python";
            view.context.log(Level::Warning, message);
        }
        return Ok(None);
    }
    Ok(Some(section.to_owned()))
}

/// The buildout as resolved with the original Python, with the directories of the Python's parts.
pub(in crate::run) fn with_original_python(
    view: &ResolvedBuildout,
    loaded: &Loaded,
) -> Result<ResolvedBuildout, RunError> {
    let locations = view.locations()?;
    let mut options = Vec::new();
    // The command line may specify the Python that the buildout made; that one was made by another Python.
    let running = view.executable()?;
    let original = original_of(view, loaded, &running);
    if original != running {
        options.push(("executable", original));
    }
    let mut other_parts = None;
    if let Some(directory) = &locations.other_parts {
        options.push(("parts-directory", directory.to_string_lossy().into_owned()));
        other_parts = Some(locations.parts.to_string_lossy().into_owned());
    }
    if options.is_empty() {
        return Ok(view.clone());
    }
    let options: Vec<(&str, &str)> = options.iter().map(|(option, value)| (*option, value.as_str())).collect();
    let recipes = Arc::new(view.recipes.elsewhere(other_parts));
    let buildout = view.buildout.with_options(Arc::clone(&recipes) as Arc<_>, &options);
    Ok(ResolvedBuildout { context: Arc::clone(&view.context), buildout, recipes })
}

/// The original Python of a buildout that runs with this one, which may be the buildout's Python, or just a name.
fn original_of(view: &ResolvedBuildout, loaded: &Loaded, running: &str) -> String {
    let running = choice::absolute(running, &view.context.environment);
    let (own, kept) = (&loaded.own, &loaded.kept);
    if !own.made(&running) && kept.own() != Some(running.as_str()) {
        return running;
    }
    let kept = kept.original.clone().filter(|kept| is_program(kept) && !own.made(kept));
    kept.unwrap_or_else(|| choice::on_path(&view.context.environment, own))
}

/// The buildout as resolved with the Python that the stage of view `earlier` provides. If conditions depend on the
/// Python, the configuration is read again; if the Python does not exist yet, the values of the original one are used.
pub(in crate::run) fn with_wanted_python(
    earlier: &ResolvedBuildout,
    loaded: &Loaded,
    python: &WantedPython,
) -> Result<ResolvedBuildout, RunError> {
    let Some(provider) = &python.provider else { return Ok(earlier.clone()) };
    let configuration = match python.starter(earlier)? {
        Some(start) if !loaded.depends_on_python() || is_program(&python.executable) => {
            loaded.seen_by(&python.executable, &start)?
        }
        _ => {
            let message = format!(
                "Conditions depend on the Python, but {} does not exist yet: they are evaluated for {}",
                python.executable, python.original.executable
            );
            earlier.context.log(Level::Warning, &message);
            Arc::clone(&loaded.configuration)
        }
    };
    let recipes = Arc::new(earlier.recipes.elsewhere(None));
    let initialize = Arc::clone(&recipes) as Arc<_>;
    let buildout = earlier.buildout.with_python(configuration, initialize, &provider.section, &python.executable);
    Ok(ResolvedBuildout { context: Arc::clone(&earlier.context), buildout, recipes })
}
