//! Builds what the host embeds, then the host: guests → compiled forms → host.
//!
//! Everything that uses wasmtime is built in the release profile, so that wasmtime is compiled once.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;

use crate::python_runtime::python_runtime_if_possible;
use crate::setup::{Guests, guests};
use crate::workspace::{CommandFailure, Workspace, run as run_to_end, start_failure};
use recipe_toolchain::TARGET;

/// The built-in recipe packages. The crate of `NAME` is `recipe-NAME`.
pub(crate) const BUILT_INS: [&str; 7] = ["cmmi", "command", "debug", "download", "egg", "mkdir", "python-build"];

/// The packages that are built with the host's dependencies. Each step names them all, whichever it builds: so what they
/// depend on has the same features in all steps, and is compiled once (docs/decisions/020).
pub(crate) fn host_packages(workspace: &Workspace) -> Vec<String> {
    let mut names = workspace.packages_in("host/crates");
    names.extend(
        ["bench", "buildout-host", "precompile", "recipe-toolchain", "test-support", "xtask"].map(str::to_owned),
    );
    names
}

/// Cargo's arguments for packages.
pub(crate) fn naming(packages: &[String]) -> impl Iterator<Item = &str> {
    packages.iter().flat_map(|name| ["--package", name])
}

/// Builds a program that shares the host's dependencies.
fn build_program(workspace: &Workspace, name: &str) -> Result<(), CommandFailure> {
    let mut command = workspace.cargo(["build", "--release", "--bin", name]);
    run_to_end(command.args(naming(&host_packages(workspace))))
}

/// Builds the host, with all that it embeds.
pub fn build(workspace: &Workspace) -> Result<(), CommandFailure> {
    let guests = guests(workspace)?;
    build_with(workspace, &guests)
}

/// Builds the host with guests built in the given way.
pub(crate) fn build_with(workspace: &Workspace, guests: &Guests) -> Result<(), CommandFailure> {
    let crates: Vec<_> = BUILT_INS.iter().map(|name| format!("recipe-{name}")).collect();
    build_guests(workspace, guests, &crates)?;
    precompile(workspace)?;
    // Before the host, which carries its digest.
    python_runtime_if_possible(workspace)?;
    build_program(workspace, "buildout-host")
}

/// Builds what is installed, with link-time optimisation (minutes): gives the program's path.
pub fn dist(workspace: &Workspace) -> Result<PathBuf, CommandFailure> {
    build_optimized(workspace, &[])?;
    Ok(host_path(workspace))
}

/// Builds the host with link-time optimization, with these variables for its compilation.
pub(crate) fn build_optimized(workspace: &Workspace, variables: &[(&str, String)]) -> Result<(), CommandFailure> {
    build(workspace)?;
    let mut command = workspace.cargo(["build", "--profile", "dist", "--package", "buildout-host"]);
    run_to_end(command.envs(variables.iter().map(|(name, value)| (name, value))))
}

/// The host as [`dist`] builds it.
pub(crate) fn host_path(workspace: &Workspace) -> PathBuf {
    workspace.target.join("dist").join("buildout-host")
}

/// Builds the host, and becomes `buildout-host run ARGUMENTS`: exit code and signals are the host's own.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<(), CommandFailure> {
    build(workspace)?;
    let mut command = std::process::Command::new(workspace.release("buildout-host"));
    command.arg("run").args(arguments);
    let error = command.exec();
    Err(start_failure(&command, &error))
}

/// Runs the benchmark, a program in a separate crate.
pub fn bench(workspace: &Workspace, arguments: &[String]) -> Result<(), CommandFailure> {
    let mut command = workspace.cargo(["run", "--quiet", "--release", "--package", "bench", "--"]);
    run_to_end(command.args(arguments))
}

/// Builds guest crates as components.
pub(crate) fn build_guests(workspace: &Workspace, guests: &Guests, crates: &[String]) -> Result<(), CommandFailure> {
    let mut command = workspace.cargo(["build", "--profile", "guest", "--target", TARGET]);
    command.args(crates.iter().flat_map(|name| ["--package", name]));
    if let Guests::Fallback(fallback) = guests {
        command.args(fallback.arguments).envs(fallback.variables.iter().map(|(name, value)| (name, value)));
    }
    run_to_end(&mut command)
}

/// The component that a guest crate became.
pub(crate) fn guest(workspace: &Workspace, crate_name: &str) -> PathBuf {
    workspace.target.join(TARGET).join("guest").join(format!("{}.wasm", crate_name.replace('-', "_")))
}

/// Compiles the built-in recipes ahead of time into `built-in` in the target directory, where the host's `build.rs` finds
/// them.
fn precompile(workspace: &Workspace) -> Result<(), CommandFailure> {
    build_program(workspace, "precompile")?;
    let mut command = workspace.program(&workspace.release("precompile").to_string_lossy(), [] as [&str; 0]);
    command.arg(workspace.target.join("built-in"));
    for name in BUILT_INS {
        command.arg(name).arg(guest(workspace, &format!("recipe-{name}")));
    }
    run_to_end(&mut command)
}
