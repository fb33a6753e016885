//! Extensions in Python: they run in front of the first stage, with the configuration to read and to change, and after the
//! last one.
//!
//! What an extension changes becomes part of the configuration that all stages see. Extensions that are features of this
//! host are not here (`reading::extensions`).

use std::sync::Arc;

use base::event::Level;
use config::options::Buildout;
use recipe::component::ProgramKind;
use registry::RecipeReference;

use super::reading::extensions::{self, ReplacedExtension};
use super::reading::load::Loaded;
use super::view::ResolvedBuildout;
use crate::error::{Doing, RunError};

/// Whether the run only looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Extensions may do what programs in Python may do.
    Run,
    /// They may read, and change nothing but the configuration.
    Look,
}

/// The buildout and the configuration, as the extensions have changed them.
pub(super) fn before(
    root: ResolvedBuildout,
    loaded: Loaded,
    mode: Mode,
) -> Result<(ResolvedBuildout, Loaded), RunError> {
    let wanted = extensions::of(&root.buildout)?;
    if wanted.own.is_empty() && wanted.python.is_empty() {
        return Ok((root, loaded));
    }
    // Reading a section initializes no recipe: its part is made later, with what was changed.
    let buildout = root.buildout.without_recipes();
    wanted.own.iter().for_each(|own| take_over(&root, &buildout, own));
    for requirement in &wanted.python {
        let done = run_all(&root, &buildout, requirement, ProgramKind::Extension);
        done.or_else(|error| do_without(&root, requirement, error, mode))
            .doing(|| format!("Running extension {requirement}."))?;
    }
    let configuration = Arc::new(buildout.changed_configuration()?);
    let (context, recipes) = (Arc::clone(&root.context), Arc::clone(&root.recipes));
    let read = buildout;
    let buildout = Buildout::new(Arc::clone(&configuration), Arc::clone(&recipes) as Arc<_>);
    buildout.use_as_in(&read)?;
    Ok((ResolvedBuildout { context, buildout, recipes }, loaded.changed(configuration)))
}

/// Runs the extensions that run after the parts.
pub(super) fn after(view: &ResolvedBuildout) -> Result<(), RunError> {
    for requirement in &extensions::of(&view.buildout)?.python {
        run_all(view, &view.buildout, requirement, ProgramKind::UnloadExtension)
            .doing(|| format!("Running extension {requirement} after the parts."))?;
    }
    Ok(())
}

/// Continues without an extension where that is useful: a plan, and extensions that make no part of the outcome.
fn do_without(root: &ResolvedBuildout, requirement: &str, error: RunError, mode: Mode) -> Result<(), RunError> {
    root.context.check_interrupt()?;
    let name = extensions::name_of(requirement);
    let message = match extensions::only(name) {
        Some(only) => {
            format!("Extension {name} cannot run here, and is skipped. It {only}. Reason: {}", error.message())
        }
        None if mode == Mode::Look => {
            format!("Extension {name} did not run, so the plan does not contain its changes: {}", error.message())
        }
        None => return Err(error),
    };
    root.context.log(Level::Warning, &message);
    Ok(())
}

fn run_all(view: &ResolvedBuildout, buildout: &Buildout, requirement: &str, kind: ProgramKind) -> Result<(), RunError> {
    let locations = view.locations()?;
    for extension in view.recipes.extensions(&view.buildout, requirement, kind)? {
        view.recipes.runtime()?.extend(buildout, &extension, kind, &locations)?;
        view.context.check_interrupt()?;
    }
    Ok(())
}

/// Sets the options of this host that do what an extension of zc.buildout does.
fn take_over(root: &ResolvedBuildout, buildout: &Buildout, own: &ReplacedExtension) {
    let ReplacedExtension { name, file_option, further_options } = own;
    for option in further_options.iter().chain([file_option]) {
        // The option counts as used, whatever its value is.
        let _ = buildout.get("buildout", option);
    }
    let set = |option: &str, value: String| {
        if buildout.raw("buildout", option).ok().flatten().is_none_or(|value| value.trim().is_empty()) {
            buildout.change("buildout", option, Some(value));
        }
    };
    set("show-picked-versions", "true".to_owned());
    let file = buildout.raw("buildout", file_option).ok().flatten().filter(|file| !file.trim().is_empty());
    if let Some(file) = file {
        set("update-versions-file", file);
    }
    let message =
        format!("Extension {name} is not needed: `show-picked-versions` and `update-versions-file` do the same");
    root.context.log(Level::Info, &message);
}

/// The reference under which `recipes.toml` has the grants of an extension.
pub(super) fn reference_of(requirement: &str) -> RecipeReference {
    RecipeReference::new(extensions::name_of(requirement), "default")
}
