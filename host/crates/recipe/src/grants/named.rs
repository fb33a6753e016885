//! Paths that grants of `recipes.toml` and options of a part name: which of them no part gets to write.
//!
//! Knows nothing of what the rights are otherwise.

use std::path::Path;

use super::applicant::Applicant;
use super::mounts::{holds, normalize};
use super::system::{is_in_system, is_named, is_of_system, without_links};
use super::templates::{own_option, paths};
use crate::error::{RecipeError, RecipeProblem};
use registry::Grant;

/// Refuses a grant in `recipes.toml` to write a file of the host, or a directory that contains one.
pub(super) fn check_granted(applicant: &Applicant<'_>) -> Result<(), RecipeError> {
    let recipe = applicant.recipe;
    for directory in paths(applicant, recipe.grant.write.iter().map(String::as_str)) {
        let directory = normalize(&directory);
        if let Some(holds) = applicant.locations.protected.iter().find(|path| holds(&directory, path)) {
            let problem = RecipeProblem::Grant { directory, holds: holds.clone(), place: recipe.grant.place.clone() };
            return Err(RecipeError::new(problem, applicant.subject.clone()));
        }
    }
    Ok(())
}

/// Refuses an option by which a part would get a directory of the system or the home directory to write. What the part
/// makes there is not its own, and what is there is not to be removed with it.
pub(super) fn check_named(applicant: &Applicant<'_>, grant: &Grant) -> Result<(), RecipeError> {
    let Some(buildout) = applicant.buildout else { return Ok(()) };
    for template in &grant.write {
        let Some(name) = own_option(template) else { continue };
        let is_made = grant.write.contains(&format!("{template}/.."));
        let mut named = paths(applicant, [template.as_str()]).into_iter().map(|path| normalize(&path));
        let Some(path) = named.find(|path| is_of_others(path, is_made, applicant)) else { continue };
        let (part, value) = (applicant.part.to_owned(), path.display().to_string());
        let expected =
            "it belongs to the system, is a mount point, or contains the buildout or the home directory".to_owned();
        let place = buildout.place_of(applicant.part, Some(name));
        let problem = RecipeProblem::Value { part, name: name.to_owned(), value, expected, place };
        return Err(RecipeError::new(problem, applicant.subject.clone()));
    }
    Ok(())
}

/// `is_made` if a command makes the path: then it is the link itself, if it is one, wherever that leads.
fn is_of_others(path: &Path, is_made: bool, applicant: &Applicant<'_>) -> bool {
    let locations = applicant.locations;
    let real = match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if is_made && path.is_symlink() => without_links(parent).join(name),
        _ => without_links(path),
    };
    let holds_kept = |path: &Path| locations.kept.iter().any(|kept| holds(path, kept));
    let in_system = |path: &Path| is_in_system(path) && !is_entrusted(path, applicant);
    [path, &*real].into_iter().any(|path| is_of_system(path) || holds_kept(path) || in_system(path))
}

/// Whether a path in a tree of the system is in a directory of the user: a buildout's, the home directory (that of a
/// service can be `/var/lib/NAME`), or one that `recipes.toml` grants.
fn is_entrusted(path: &Path, applicant: &Applicant<'_>) -> bool {
    let locations = applicant.locations;
    let granted = applicant.recipe.grant.write.iter().map(String::as_str);
    let granted = paths(applicant, granted.filter(|template| own_option(template).is_none()));
    let granted = granted.into_iter().map(|granted| normalize(&granted));
    let own = locations.standard().iter().map(|path| path.to_path_buf()).chain(locations.kept.iter().cloned());
    own.chain(granted).filter(|directory| !is_named(directory)).any(|directory| {
        let real = without_links(&directory);
        holds(&directory, path) || holds(&real, path)
    })
}
