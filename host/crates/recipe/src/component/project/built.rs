//! What comes of building a recipe project, and what its tools are given.

use std::path::PathBuf;

/// What `develop` and `recipe build` take.
pub(crate) const WHAT_IT_IS: &str = "A recipe project is a directory with a recipe.toml or the Cargo.toml of a recipe crate; `develop` takes a .wasm file too.";

/// Variables that forbid tools to download: of build commands, and of Cargo.
pub const OFFLINE: [(&str, &str); 2] = [("BUILDOUT_OFFLINE", "1"), ("CARGO_NET_OFFLINE", "true")];

/// A project that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The recipe package, as the project names it.
    pub package: String,
    /// The component; absolute.
    pub component: PathBuf,
}
