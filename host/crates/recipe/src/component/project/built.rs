//! The result of building a recipe project, and the settings of its tools.

use std::path::PathBuf;

/// The kinds of projects that `develop` and `recipe build` accept.
pub(crate) const WHAT_IT_IS: &str = "A recipe project is a directory with a recipe.toml or the Cargo.toml of a recipe crate; `develop` takes a .wasm file too.";

/// Variables that forbid tools to download: for build commands, and for Cargo.
pub const OFFLINE: [(&str, &str); 2] = [("BUILDOUT_OFFLINE", "1"), ("CARGO_NET_OFFLINE", "true")];

/// A project that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltProject {
    /// The recipe package, named by the project.
    pub package: String,
    /// The component; absolute.
    pub component: PathBuf,
}
