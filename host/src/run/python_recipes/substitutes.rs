//! Recipes of the Python runtime itself, under the names of published ones that cannot run: they were written for Python 2, or
//! for a very old zc.buildout.

use registry::RecipeReference;

/// The name and the entry point of a published recipe, and the object that takes its place.
const SUBSTITUTES: [(&str, &str, &str); 2] =
    [("plone.recipe.distros", "default", "Distros"), ("zerokspot.recipe.git", "default", "GitCheckout")];

/// Part of the signature: parts are made again when what substitutes make changes.
const VERSION: u32 = 1;

/// A recipe of the runtime.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Substitute {
    /// Its module and object.
    pub(super) object: String,
    /// What decides whether parts are made again.
    pub(super) signature: String,
}

/// The recipe of the runtime that takes the place of a published one.
pub(super) fn substitute(reference: &RecipeReference) -> Option<Substitute> {
    let is_meant = |known: &&(&str, &str, &str)| known.1 == reference.entry_point && reference.is_of(known.0);
    let (package, _, object) = SUBSTITUTES.iter().find(is_meant)?;
    let object = format!("buildout_runtime.substitutes:{object}");
    Some(Substitute { object, signature: format!("{package}-substitute-{VERSION}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_these_entry_points_are_replaced() {
        let t = |reference: &str| substitute(&reference.parse().unwrap()).map(|found| found.object);
        assert_eq!(t("plone.recipe.distros").as_deref(), Some("buildout_runtime.substitutes:Distros"));
        assert_eq!(t("z3c.recipe.scripts"), None);
        assert_eq!(t("plone.recipe.distros:other"), None);
        assert_eq!(t("other"), None);
    }
}
