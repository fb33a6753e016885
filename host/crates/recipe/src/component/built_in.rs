//! The recipe packages that are part of the host, and names of the Python packages that they replace.
//!
//! Knows nothing of how they were put into the host: `build.rs` writes the table from the output of `cargo xtask
//! build`.

use registry::RecipeReference;

/// A recipe package embedded in the host.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// The package's name.
    pub name: &'static str,
    /// The component, compressed (zlib).
    pub(super) packed: &'static [u8],
    /// The component's size in bytes.
    pub(super) size: u64,
    /// Its compiled form.
    pub(crate) compiled: &'static [u8],
    /// Digest of the component, in hexadecimal.
    pub(crate) digest: &'static str,
    /// The engine that can load `compiled`.
    pub(crate) engine_key: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The built-in recipe packages, sorted by name.
pub fn built_ins() -> &'static [BuiltIn] {
    BUILT_INS
}

/// The built-in recipe package with this name.
pub(super) fn built_in(name: &str) -> Option<&'static BuiltIn> {
    built_ins().iter().find(|built_in| built_in.name == name)
}

/// A recipe of the Python world that a built-in recipe replaces.
pub(super) struct PythonName {
    /// The Python package.
    package: &'static str,
    /// Its entry point.
    entry_point: &'static str,
    /// The name of the built-in recipe, whether this host has it or not.
    pub(super) built_in: &'static str,
    /// The entry point of the built-in recipe.
    pub(super) target: &'static str,
}

const PYTHON_NAMES: [PythonName; 14] = [
    python_name("slapos.recipe.cmmi", "default", "cmmi", "default"),
    python_name(COMMANDS, "default", "command", "default"),
    python_name("slapos.recipe.build", "download", "download", "download"),
    python_name("slapos.recipe.build", "download-unpacked", "download", "download-unpacked"),
    python_name("slapos.recipe.build", "mkdirectory", "mkdir", "mkdirectory"),
    python_name("z3c.recipe.scripts", "default", "egg", "default"),
    python_name("z3c.recipe.scripts", "scripts", "egg", "scripts"),
    python_name("z3c.recipe.scripts", "script", "egg", "script"),
    python_name("zc.recipe.egg", "default", "egg", "default"),
    python_name("zc.recipe.egg", "scripts", "egg", "scripts"),
    python_name("zc.recipe.egg", "script", "egg", "script"),
    python_name("zc.recipe.egg", "eggs", "egg", "eggs"),
    python_name("zc.recipe.egg", "custom", "egg", "custom"),
    python_name("zc.recipe.egg", "develop", "egg", "develop"),
];

const fn python_name(
    package: &'static str,
    entry_point: &'static str,
    built_in: &'static str,
    target: &'static str,
) -> PythonName {
    PythonName { package, entry_point, built_in, target }
}

/// The built-in recipe that replaces a recipe of the Python world.
pub(super) fn of_python_name(reference: &RecipeReference) -> Option<&'static PythonName> {
    PYTHON_NAMES.iter().find(|name| name.entry_point == reference.entry_point && reference.is_of(name.package))
}

/// The Python package whose parts consist of arbitrary commands, which write where Python recipes may write.
const COMMANDS: &str = "plone.recipe.command";

/// Whether a built-in recipe that has this name in the configuration may write what Python recipes may write.
pub(super) fn has_rights_of_python(reference: &RecipeReference) -> bool {
    reference.is_of(COMMANDS)
}

/// The entry points of a Python package that built-in recipes replace.
pub fn python_entry_points(package: &str) -> impl Iterator<Item = &'static str> {
    PYTHON_NAMES.iter().filter(move |name| name.package == package).map(|name| name.entry_point)
}

/// Options of a Python package that the built-in recipe in its place accepts, and ignores.
pub fn options_without_effect(package: &str) -> &'static [&'static str] {
    match package {
        "z3c.recipe.scripts" => &["allowed-eggs-from-site-packages", "exec-sitecustomize", "include-site-packages"],
        _ => &[],
    }
}

/// The references of the Python world that are supported, as they are written.
pub(super) fn python_names() -> impl Iterator<Item = String> {
    PYTHON_NAMES.iter().map(|name| RecipeReference::new(name.package, name.entry_point).to_string())
}
