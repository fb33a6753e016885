//! Holds `buildout-host config` against what zc.buildout made of real profiles, where those lie beside the project.
//!
//! The profiles, and the program that compares, are not part of the project.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::workspace::{Failure, Workspace, output};

/// The Python that made the expectations: they name it wherever a profile says `${buildout:executable}`.
const PYTHON_OF_EXPECTATIONS: &str = "/tmp/ref/v/bin/python";

/// A folder that some profiles extend, which is not among the profiles.
const FOLDER_LEFT_OUT: &str = "/stack/";

/// Compares, or says that there is nothing to compare with.
pub(crate) fn config_parity(workspace: &Workspace) -> Result<(), Failure> {
    let shared = workspace.root.join("../shared");
    let (check, corpus) = (shared.join("checks/config-parity"), shared.join("corpus"));
    if !check.exists() {
        eprintln!("xtask: left out config-parity: {} is not there", check.display());
        return Ok(());
    }
    let host = host_with_python(workspace)?;
    let mut command = workspace.program(&check.to_string_lossy(), [host]);
    command.arg(corpus.join("slapos")).arg(corpus.join("expected-a-m.json.gz"));
    let output = output(&mut command)?;
    let told = String::from_utf8_lossy(&output.stdout);
    eprint!("{told}{}", String::from_utf8_lossy(&output.stderr));
    let disagreeing = disagreeing(&told);
    if !output.status.success() && (disagreeing.is_empty() || disagreeing.iter().any(|profile| !profile.left_out)) {
        return Err(Failure::new("config-parity: profiles disagree".to_owned()));
    }
    if !disagreeing.is_empty() {
        eprintln!("xtask: config-parity: {} profiles extend files that are not there", disagreeing.len());
    }
    Ok(())
}

/// The host, with the Python that the expectations name.
fn host_with_python(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let script = workspace.target.join("parity-host");
    let host = workspace.release("buildout-host");
    let text = format!("#!/bin/sh\nexec '{}' \"$@\" buildout:executable={PYTHON_OF_EXPECTATIONS}\n", host.display());
    write_program(&script, &text)
        .map_err(|error| Failure::new(format!("Cannot write {}: {error}", script.display())))?;
    Ok(script)
}

fn write_program(path: &Path, text: &str) -> std::io::Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// A profile that does not agree.
struct Disagreeing {
    /// Whether it extends what is not among the profiles.
    left_out: bool,
}

/// The profiles that the check names, each on a line of its own, its differences indented below.
fn disagreeing(told: &str) -> Vec<Disagreeing> {
    let mut profiles: Vec<Disagreeing> = Vec::new();
    for line in told.lines() {
        if line.starts_with(' ') {
            if let Some(profile) = profiles.last_mut() {
                profile.left_out |= line.contains(FOLDER_LEFT_OUT);
            }
        } else if line.ends_with(" differences") {
            profiles.push(Disagreeing { left_out: false });
        }
    }
    profiles
}

#[cfg(test)]
mod tests {
    use super::disagreeing;

    #[test]
    fn profiles_are_told_apart() {
        let told =
            "a.cfg: 1 differences\n    host: /x/stack/y.cfg\nb.cfg: 2 differences\n    [s] o\n1 of 3 profiles agree\n";
        let left_out: Vec<bool> = disagreeing(told).iter().map(|profile| profile.left_out).collect();
        assert_eq!(left_out, [true, false]);
    }
}
