//! The recipe packages that are part of the host, and the names they have in the Python world.
//!
//! Knows nothing of how they came into the host: `build.rs` writes the table from what `cargo xtask build` made.

use super::RecipeReference;

/// A recipe package embedded in the host.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// The package's name.
    pub name: &'static str,
    /// The component.
    pub component: &'static [u8],
    /// Its compiled form.
    pub compiled: &'static [u8],
    /// Digest of the component that `compiled` was made of, in hexadecimal.
    pub digest: &'static str,
    /// The engine that can take `compiled`.
    pub engine_key: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The built-in recipe packages, sorted by name.
pub fn built_ins() -> &'static [BuiltIn] {
    BUILT_INS
}

/// The built-in recipe package of that name.
pub(super) fn built_in(name: &str) -> Option<&'static BuiltIn> {
    built_ins().iter().find(|built_in| built_in.name == name)
}

/// Recipes of the Python world that a built-in stands for (`design.md` section 5): package, entry point, built-in.
const PYTHON_NAMES: [(&str, &str, &str); 5] = [
    ("slapos.recipe.cmmi", "default", "cmmi"),
    ("plone.recipe.command", "default", "command"),
    ("slapos.recipe.build", "download", "download"),
    ("slapos.recipe.build", "download-unpacked", "download"),
    ("slapos.recipe.build", "mkdirectory", "mkdir"),
];

/// The name of the built-in that does the work of a recipe of the Python world, whether this host has it or not.
pub(super) fn of_python_name(reference: &RecipeReference) -> Option<&'static str> {
    let same = |(package, entry_point, _): &&(&str, &str, &str)| {
        *package == reference.package && *entry_point == reference.entry_point
    };
    PYTHON_NAMES.iter().find(same).map(|(_, _, built_in)| *built_in)
}

/// The references of the Python world that are understood, as they are written.
pub(super) fn python_names() -> impl Iterator<Item = String> {
    PYTHON_NAMES.iter().map(|(package, entry_point, _)| {
        RecipeReference { package: (*package).to_owned(), entry_point: (*entry_point).to_owned() }.to_string()
    })
}
