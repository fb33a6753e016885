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
    if !output.status.success() && (disagreeing.is_empty() || disagreeing.iter().any(|profile| !profile.left_out())) {
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
    /// How many differences it has.
    differences: usize,
    /// Whether the host could not open a file of the folder that is left out.
    missing_file: bool,
}

impl Disagreeing {
    /// Whether the missing file is the whole of it.
    fn left_out(&self) -> bool {
        self.differences == 1 && self.missing_file
    }
}

/// The profiles that the check names (`FILE: 2 differences`), each on a line of its own, the differences below.
fn disagreeing(told: &str) -> Vec<Disagreeing> {
    let mut profiles: Vec<Disagreeing> = Vec::new();
    for line in told.lines() {
        let count = line.strip_suffix(" differences").and_then(|line| line.rsplit_once(": ")?.1.parse().ok());
        if let Some(differences) = count {
            profiles.push(Disagreeing { differences, missing_file: false });
        } else if let Some(profile) = profiles.last_mut() {
            profile.missing_file |= line.contains("Error: Couldn't open ") && line.contains(FOLDER_LEFT_OUT);
        }
    }
    profiles
}

#[cfg(test)]
mod tests {
    use super::{Disagreeing, disagreeing};

    #[test]
    fn only_a_missing_file_of_the_folder_is_left_out() {
        let told = "a.cfg: 1 differences\n    host: …\nError: Couldn't open /x/stack/y.cfg\n\
                    b.cfg: 2 differences\n    [s] o\n\
                    c.cfg: 1 differences\n    [s] o: want /stack/\n1 of 4 profiles agree\n";
        let left_out: Vec<bool> = disagreeing(told).iter().map(Disagreeing::left_out).collect();
        assert_eq!(left_out, [true, false, false]);
    }
}
