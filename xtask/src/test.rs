//! All tests: guests natively, the host, the scenarios; then, where the project lies beside `shared`, configuration parity.

use std::fs;

use crate::build::{BUILT_INS, build_guests, build_with};
use crate::parity::config_parity;
use crate::setup::{Guests, setup};
use crate::sources::sources;
use crate::toolchains::toolchains;
use crate::workspace::{Failure, Workspace, run};

/// Builds what tests need, and runs them. `arguments` go to `cargo test`.
pub(crate) fn test(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let guests = setup(workspace)?;
    build_with(workspace, &guests)?;
    build_test_guests(workspace, &guests)?;
    build_cross_check(workspace)?;
    toolchains(workspace)?;
    if !sources(workspace)? {
        eprintln!(
            "xtask: no apt here: put upstream archives into {} for the tests that build them",
            crate::sources::directory(workspace).display()
        );
    }
    // Two calls: what guests depend on would change the features of what wasmtime depends on, and so compile it again.
    cargo_test(workspace, &["buildout-host"], arguments)?;
    let recipes: Vec<_> = BUILT_INS.iter().map(|name| format!("recipe-{name}")).collect();
    let mut native: Vec<_> = recipes.iter().map(String::as_str).collect();
    native.extend(["buildout-recipe", "native-builds", "shared-parts", "xtask"]);
    cargo_test(workspace, &native, arguments)?;
    config_parity(workspace)
}

/// The manifest of the program that says what others think of signatures; it has a target directory of its own.
pub(crate) const CROSS_CHECK: &str = "tests/cross-check/Cargo.toml";

fn build_cross_check(workspace: &Workspace) -> Result<(), Failure> {
    let mut command = workspace.cargo(["build", "--release", "--locked", "--manifest-path", CROSS_CHECK]);
    run(command.arg("--target-dir").arg(workspace.target.join("cross-check")))
}

fn cargo_test(workspace: &Workspace, packages: &[&str], arguments: &[String]) -> Result<(), Failure> {
    let mut command = workspace.cargo(["test", "--release"]);
    command.args(packages.iter().flat_map(|name| ["--package", name])).args(arguments);
    run(&mut command)
}

/// Names of the guest crates in `tests/guests` (each directory there is one).
pub(crate) fn test_guests(workspace: &Workspace) -> Vec<String> {
    let Ok(entries) = fs::read_dir(workspace.root.join("tests/guests")) else { return Vec::new() };
    let manifests = entries.flatten().map(|entry| entry.path().join("Cargo.toml"));
    let mut names: Vec<_> =
        manifests.filter_map(|manifest| package_name(&fs::read_to_string(manifest).ok()?)).collect();
    names.sort();
    names
}

fn build_test_guests(workspace: &Workspace, guests: &Guests) -> Result<(), Failure> {
    let crates = test_guests(workspace);
    if crates.is_empty() { Ok(()) } else { build_guests(workspace, guests, &crates) }
}

/// The name that a manifest gives to its package: its first `name`.
fn package_name(manifest: &str) -> Option<String> {
    let value = manifest.lines().find_map(|line| line.strip_prefix("name = "))?;
    Some(value.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::package_name;

    #[test]
    fn the_package_is_named_by_the_first_name_of_the_manifest() {
        let manifest = "[package]\nname = \"guest-loop\"\n\n[[bin]]\nname = \"other\"\n";
        assert_eq!(package_name(manifest).as_deref(), Some("guest-loop"));
        assert_eq!(package_name("[workspace]\n"), None);
    }
}
