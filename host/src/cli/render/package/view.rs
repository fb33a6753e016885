//! The data that is shown of a recipe package.

use std::path::Path;

use recipe::component::{ComponentOrigin, Resolved};
use recipe::{Described, RecipePackage};

/// A recipe package and its component.
pub(in crate::cli) struct PackageView {
    pub(in crate::cli) package: RecipePackage,
    pub(in crate::cli) recipe: Resolved,
    /// For each entry point of the package, in order, a value of `recipe =` that refers to it, if one exists.
    pub(in crate::cli) references: Vec<Option<String>>,
}

impl PackageView {
    /// The version of package `buildout:recipe` that the component was built for.
    pub(super) fn wit(&self) -> Option<&str> {
        let imports = self.package.imports.iter();
        imports.filter_map(|import| import.strip_prefix("buildout:recipe/")?.split_once('@')).map(|(_, wit)| wit).max()
    }

    /// The component file, if it is not part of this program or in a registry.
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.recipe.component.origin {
            ComponentOrigin::BuiltIn { .. } | ComponentOrigin::PythonRuntime | ComponentOrigin::Registry { .. } => None,
            ComponentOrigin::Path(file) | ComponentOrigin::Develop { component: file, .. } => Some(file),
        }
    }

    /// The required signers who have signed it.
    pub(super) fn signers(&self) -> Vec<String> {
        self.recipe.signers.iter().map(ToString::to_string).collect()
    }

    /// The entry points with their references.
    pub(super) fn entry_points(&self) -> impl Iterator<Item = (&Described, Option<&str>)> {
        self.package.entry_points.iter().zip(self.references.iter().map(Option::as_deref))
    }
}
