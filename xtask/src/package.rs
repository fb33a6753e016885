//! Packages: a wheel, a tarball with checksums, and a Debian package, all of one program. `package.py` writes them with what
//! Python's standard library has.

use std::path::PathBuf;

use crate::build::{build_optimized, host_path};
use crate::python_runtime::python_runtime;
use crate::workspace::{CommandFailure, Workspace, output, run};

const PACK: &str = include_str!("package.py");

const USAGE: &str = "\
Usage: cargo xtask package [--program FILE] [--key KEY] [--output DIR]

  --program FILE  pack this program; without it, the host is built with link-time optimization first
  --key KEY       sign the checksums with this private key (the passphrase is in COSIGN_PASSWORD)
  --output DIR    write the packages there (target/packages)
";

/// Writes the packages.
///
/// # Errors
/// When the host cannot be built, or a package cannot be written.
pub fn package(workspace: &Workspace, arguments: &[String]) -> Result<PathBuf, CommandFailure> {
    let (mut program, mut key, mut directory) = (None, None, workspace.target.join("packages"));
    let mut arguments = arguments.iter();
    while let Some(flag) = arguments.next() {
        let Some(value) = arguments.next() else { return Err(CommandFailure::usage(USAGE)) };
        match flag.as_str() {
            "--program" => program = Some(PathBuf::from(value)),
            "--key" => key = Some(PathBuf::from(value)),
            "--output" => directory = PathBuf::from(value),
            _ => return Err(CommandFailure::usage(USAGE)),
        }
    }
    let (program, runtime) = match program {
        // The runtime that was built before this program is the one that it expects.
        Some(program) => (program, workspace.target.join("python-runtime/python-runtime.wasm")),
        None => {
            build_optimized(workspace, &[("BUILDOUT_HOST_COMMIT", commit(workspace)?)])?;
            (host_path(workspace), python_runtime(workspace)?)
        }
    };
    let runtime = runtime.with_extension("wasm.zst");
    let mut packing = workspace.program("python3", ["-c", PACK]);
    packing.arg(&program).arg(&runtime).arg(&directory).arg(key.unwrap_or_default());
    packing.env("CARGO", workspace.cargo([] as [&str; 0]).get_program());
    run(&mut packing)?;
    Ok(directory)
}

/// The commit that is built.
fn commit(workspace: &Workspace) -> Result<String, CommandFailure> {
    let asked =
        output(&mut workspace.program("git", ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]))?;
    Ok(String::from_utf8_lossy(&asked.stdout).trim().to_owned())
}
