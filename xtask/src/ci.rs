//! What continuous integration asks: format, lints, dependencies and their licences, tests.

use crate::build::{BUILT_INS, build};
use crate::test::{CROSS_CHECK, test, test_guests};
use crate::workspace::{Failure, Workspace, output, run};

/// Runs all checks, those that fail fast first.
pub(crate) fn ci(workspace: &Workspace) -> Result<(), Failure> {
    run(&mut workspace.cargo(["fmt", "--all", "--check"]))?;
    run(&mut workspace.cargo(["fmt", "--manifest-path", CROSS_CHECK, "--check"]))?;
    deny(workspace)?;
    // The host's build script, and so its lints, need the built-in recipes.
    build(workspace)?;
    clippy(workspace)?;
    test(workspace, &[])
}

/// Host and guests apart, as for the tests: together they would change each other's dependencies.
fn clippy(workspace: &Workspace) -> Result<(), Failure> {
    clippy_packages(workspace, &["buildout-host", "precompile", "xtask"].map(str::to_owned))?;
    let mut guests: Vec<_> = BUILT_INS.iter().map(|name| format!("recipe-{name}")).collect();
    guests.extend(["buildout-recipe", "native-builds", "shared-parts"].map(str::to_owned));
    guests.extend(test_guests(workspace));
    clippy_packages(workspace, &guests)
}

fn clippy_packages(workspace: &Workspace, packages: &[String]) -> Result<(), Failure> {
    let mut command = workspace.cargo(["clippy", "--release", "--all-targets"]);
    command.args(packages.iter().flat_map(|name| ["--package", name]));
    run(command.args(["--", "--deny", "warnings"]))
}

/// Licences, bans and sources always; known vulnerabilities where their database can be had.
fn deny(workspace: &Workspace) -> Result<(), Failure> {
    run(&mut workspace.cargo(["deny", "check", "licenses", "bans", "sources"]))?;
    let apart =
        ["deny", "--log-level", "error", "--manifest-path", CROSS_CHECK, "check", "licenses", "bans", "sources"];
    run(&mut workspace.cargo(apart))?;
    let advisories = output(&mut workspace.cargo(["deny", "check", "advisories"]))?;
    let messages = String::from_utf8_lossy(&advisories.stderr);
    if advisories.status.success() {
        return Ok(());
    }
    if messages.contains("failed to fetch advisory database") {
        eprintln!("xtask: left out the check for known vulnerabilities: their database cannot be fetched here");
        return Ok(());
    }
    Err(Failure::new(format!("{messages}\nFailed: cargo deny check advisories")))
}
