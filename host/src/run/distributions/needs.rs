//! What parts need, according to their options: for what is found out without installing parts.
//!
//! The built-in recipe `egg` has these options. A recipe in the Python world that has an option `eggs` reads it as
//! `zc.recipe.egg` does, which it is made with.

use recipe::component::Resolved;

use super::super::view::ResolvedBuildout;
use crate::error::RunError;

/// The name of the built-in recipe package.
const EGG: &str = "egg";

/// What a part needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::run) struct Need {
    /// The part.
    pub(in crate::run) part: String,
    /// What it does with the requirements.
    pub(super) kind: NeedKind,
    /// Its requirements.
    pub(super) requirements: Vec<String>,
    /// Whether it needs nothing else. A Python recipe may install more than its options name.
    pub(super) is_complete: bool,
    /// Its own index, if it has one.
    pub(super) index: Option<String>,
    /// Its own `find-links`, if it has them.
    pub(super) find_links: Option<Vec<String>>,
}

/// What a part does with its requirements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NeedKind {
    /// It installs them, and what they require.
    Install,
    /// It builds one from source.
    Build,
    /// It develops a project: its directory is the requirement.
    Develop,
}

/// What an initialized part needs; `None` if it needs no distributions.
pub(in crate::run) fn of_part(view: &ResolvedBuildout, part: &str) -> Result<Option<Need>, RunError> {
    let option = |name: &str| view.buildout.get(part, name).map_err(RunError::from);
    let lines = |text: String| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let kind = kind(view.recipes.of_part(part).as_deref());
    let eggs = option("eggs")?;
    let requirements = match kind {
        Some(NeedKind::Install) => lines(eggs.unwrap_or_else(|| part.to_owned())),
        Some(NeedKind::Build) => {
            let wanted = option("egg")?.or(eggs).unwrap_or_else(|| part.to_owned());
            vec![wanted.trim().to_owned()]
        }
        Some(NeedKind::Develop) => vec![option("setup")?.unwrap_or_default()],
        None => match eggs {
            Some(eggs) => lines(eggs),
            None => return Ok(None),
        },
    };
    let index = option("index")?.map(|index| index.trim().to_owned()).filter(|index| !index.is_empty());
    let find_links = option("find-links")?.map(|links| super::settings::words(&links));
    let is_complete = kind.is_some();
    let kind = kind.unwrap_or(NeedKind::Install);
    Ok(Some(Need { part: part.to_owned(), kind, requirements, is_complete, index, find_links }))
}

/// What an entry point of the built-in recipe does; `None` for other recipes.
fn kind(recipe: Option<&Resolved>) -> Option<NeedKind> {
    let recipe = recipe.filter(|recipe| recipe.built_in && recipe.component.package == EGG)?;
    Some(match recipe.entry_point.as_str() {
        "custom" => NeedKind::Build,
        "develop" => NeedKind::Develop,
        _ => NeedKind::Install,
    })
}
