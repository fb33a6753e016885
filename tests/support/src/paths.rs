//! Where the project, Cargo's target directory and what was built in it are.

use std::path::{Path, PathBuf};

/// The project's directory.
pub fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("tests/support lies in the repository").to_owned()
}

/// Cargo's target directory, whichever setting chose it: the running test lies in `TARGET/release/deps`.
pub fn target_directory() -> PathBuf {
    profile_directory().parent().expect("a profile lies in the target directory").to_owned()
}

/// The program under test, which Cargo builds before the tests of its package.
pub fn host() -> PathBuf {
    built(profile_directory().join("buildout-host"))
}

/// A component that `cargo xtask test` builds: `recipe_mkdir`, `guest_hostile`.
pub fn component(name: &str) -> PathBuf {
    built(target_directory().join(format!("wasm32-wasip2/guest/{name}.wasm")))
}

fn built(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "{} is not built: run `cargo xtask test` once", path.display());
    path
}

fn profile_directory() -> PathBuf {
    let program = std::env::current_exe().and_then(|program| program.canonicalize()).expect("the running test");
    program.ancestors().nth(2).expect("a test lies in PROFILE/deps").to_owned()
}
