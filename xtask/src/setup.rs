//! What recipes need to be built: Rust's target `wasm32-wasip2`, or a distribution's sources of the standard library.

use std::path::{Path, PathBuf};

use crate::workspace::{CommandFailure, Workspace, output};
use recipe_toolchain::{Fallback, MISSING_TARGET_HINT, TARGET, fallback, has_target};

/// How guests are built here.
#[derive(Debug)]
pub(crate) enum Guests {
    /// With the target that Rust has.
    Target,
    /// With the distribution's sources.
    Fallback(Fallback),
}

/// Sees to it that recipes can be built.
///
/// # Errors
/// When something is missing that only a person can install.
pub fn setup(workspace: &Workspace) -> Result<(), CommandFailure> {
    guests(workspace).map(drop)
}

/// The same; gives how they are built.
pub(crate) fn guests(workspace: &Workspace) -> Result<Guests, CommandFailure> {
    if sysroot(workspace).is_ok_and(|sysroot| has_target(&sysroot)) || add_target(workspace) {
        return Ok(Guests::Target);
    }
    let variable = |name| std::env::var(name).unwrap_or_default();
    match fallback(&sysroot(workspace)?, &variable("PATH"), &variable("RUSTFLAGS")) {
        Some(fallback) => {
            eprintln!("xtask: rustup cannot provide {TARGET}; building recipes with the distribution's sources");
            Ok(Guests::Fallback(fallback))
        }
        None => Err(CommandFailure::new(format!(
            "Rust's target {TARGET} is missing, and recipes need it.\n{MISSING_TARGET_HINT}"
        ))),
    }
}

fn add_target(workspace: &Workspace) -> bool {
    eprintln!("xtask: rustup target add {TARGET}");
    let status = workspace.program("rustup", ["target", "add", TARGET]).status();
    status.is_ok_and(|status| status.success()) && sysroot(workspace).is_ok_and(|sysroot| has_target(&sysroot))
}

fn sysroot(workspace: &Workspace) -> Result<PathBuf, CommandFailure> {
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let printed = output(&mut workspace.program(&compiler, ["--print", "sysroot"]))?.stdout;
    Ok(Path::new(String::from_utf8_lossy(&printed).trim()).to_owned())
}
