//! What continuous integration asks: format, lints, dependencies and their licenses, tests, fuzzing. Everything is tried, and
//! in the end what failed is listed.

use crate::build::{build_with, host_packages, naming};
use crate::fuzz::{BuiltTargets, Priority};
use crate::setup::{Guests, guests};
use crate::steps::FailedSteps;
use crate::test::{CROSS_CHECK, guest_packages, run_all, test_guests};
use crate::workspace::{CommandFailure, Workspace, output, run};

/// Runs all checks, those that fail fast first.
///
/// # Errors
/// When the host cannot be built, or anything fails.
pub fn ci(workspace: &Workspace) -> Result<(), CommandFailure> {
    let mut steps = FailedSteps::default();
    steps.note("format", run(&mut workspace.cargo(["fmt", "--all", "--check"])));
    let apart = ["fmt", "--manifest-path", CROSS_CHECK, "--check"];
    steps.note("format of cross-check", run(&mut workspace.cargo(apart)));
    steps.note("dependencies", deny(workspace));
    // The host's build script, and so its lints, need the built-in recipes.
    let guests = guests(workspace)?;
    build_with(workspace, &guests)?;
    steps.note("lints", clippy(workspace));
    test_and_fuzz(workspace, &guests, &mut steps);
    steps.end()
}

/// Fuzzing runs next to the tests, in the time in which they wait.
fn test_and_fuzz(workspace: &Workspace, guests: &Guests, steps: &mut FailedSteps) {
    let built = BuiltTargets::build(workspace, &[]);
    let fuzzed = std::thread::scope(|scope| {
        let fuzzing = scope.spawn(|| built?.feed(workspace, 1, Priority::Low));
        run_all(workspace, guests, &[], steps);
        fuzzing.join().unwrap_or_else(|_| Err(CommandFailure::new("xtask panicked")))
    });
    steps.note("fuzzing", fuzzed);
}

/// Host and guests apart, as for the tests: together they would change each other's dependencies.
fn clippy(workspace: &Workspace) -> Result<(), CommandFailure> {
    clippy_packages(workspace, &host_packages(workspace))?;
    clippy_packages(workspace, &[guest_packages(), test_guests(workspace)].concat())
}

fn clippy_packages(workspace: &Workspace, packages: &[String]) -> Result<(), CommandFailure> {
    let mut command = workspace.cargo(["clippy", "--release", "--all-targets"]);
    run(command.args(naming(packages)).args(["--", "--deny", "warnings"]))
}

/// Licenses, bans and sources always; known vulnerabilities where their database is available.
fn deny(workspace: &Workspace) -> Result<(), CommandFailure> {
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
        eprintln!("xtask: skipped the check for known vulnerabilities: their database cannot be fetched here");
        return Ok(());
    }
    Err(CommandFailure::new(format!("{messages}\nFailed: cargo deny check advisories")))
}
