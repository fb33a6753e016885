//! What the host starts without confinement although it is in the buildout: a Python in a virtual environment there, and
//! programs of a directory on the PATH. No Python recipe replaces it.

use std::path::{Path, PathBuf};

use super::locations::Locations;
use super::mounts::normalize;

/// What makes a directory a virtual environment.
const MARKER: &str = "pyvenv.cfg";

/// Programs that the host, and the tools that build recipes, look for on the PATH.
const LOOKED_FOR: [&str; 12] =
    ["python3", "cargo", "rustc", "rustup", "git", "sh", "componentize-py", "jco", "node", "npm", "npx", "zig"];

/// The paths to keep. `executable` is the Python of the buildout, `path` are the directories on the PATH.
pub(super) fn started(locations: &Locations, executable: Option<&Path>, path: &[PathBuf]) -> Vec<PathBuf> {
    let roots: Vec<PathBuf> = ways(&locations.directory);
    let is_own = |path: &PathBuf| roots.iter().any(|root| path.starts_with(root));
    let holders: Vec<PathBuf> = executable.and_then(Path::parent).map(ways).unwrap_or_default();
    let on_path: Vec<PathBuf> = path.iter().flat_map(|path| ways(path)).filter(is_own).collect();
    let mut kept: Vec<PathBuf> = executable.map(normalize).filter(is_own).into_iter().collect();
    for directory in holders.iter().filter(|path| is_own(path)).chain(&on_path) {
        kept.extend(environment(directory, locations));
    }
    kept.extend(on_path.iter().flat_map(|directory| LOOKED_FOR.map(|name| directory.join(name))));
    // A part makes what is there, and the host starts that only confined.
    kept.retain(|path| !path.starts_with(&locations.parts) || *path == locations.parts);
    kept
}

/// A path as it is written, and without the links on it: a directory outside may be a link into the buildout.
fn ways(path: &Path) -> Vec<PathBuf> {
    let mut ways = vec![normalize(path)];
    ways.extend(path.canonicalize().ok().filter(|real| *real != ways[0]));
    ways
}

/// What a virtual environment consists of, if `programs` is its directory of programs.
fn environment(programs: &Path, locations: &Locations) -> Vec<PathBuf> {
    let Some(root) = programs.parent().filter(|root| root.join(MARKER).is_file()) else { return Vec::new() };
    if !locations.directory.starts_with(root) {
        return vec![root.to_owned()];
    }
    let entries = std::fs::read_dir(programs).into_iter().flatten().flatten();
    let pythons = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("python"));
    let parts = [MARKER, "lib", "lib64", "pip.conf"].map(|name| root.join(name));
    parts.into_iter().chain(pythons.map(|entry| entry.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_in_the_buildout_are_kept() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path);
        std::fs::create_dir_all(at("venv/bin")).unwrap();
        std::fs::create_dir_all(at("bin")).unwrap();
        std::fs::write(at("venv/pyvenv.cfg"), "").unwrap();
        std::fs::write(at("bin/python3.12"), "").unwrap();
        let locations = Locations { directory: root.clone(), parts: at("parts"), ..Locations::default() };
        let t = |executable: &str, path: &[PathBuf]| started(&locations, Some(Path::new(executable)), path);
        assert_eq!(t("/usr/bin/python3", &["/usr/bin".into()]), [] as [PathBuf; 0]);
        let venv = at("venv/bin/python");
        assert_eq!(t(&venv.to_string_lossy(), &[]), [venv.clone(), at("venv")]);
        let on_path = t("/usr/bin/python3", &[at("venv/bin")]);
        assert!(on_path.contains(&at("venv")) && on_path.contains(&at("venv/bin/python3")), "{on_path:?}");
        assert!(t("/usr/bin/python3", &[at("parts/x/bin")]).is_empty());
        let elsewhere = tempfile::tempdir().unwrap();
        let link = elsewhere.path().join("link");
        std::os::unix::fs::symlink(&root, &link).unwrap();
        let linked = t("/usr/bin/python3", &[link.join("venv/bin")]);
        assert!(linked.contains(&at("venv")) && linked.contains(&at("venv/bin/npm")), "{linked:?}");
        // The buildout itself is one.
        std::fs::write(at("pyvenv.cfg"), "").unwrap();
        let own = t("/usr/bin/python3", &[at("bin")]);
        for path in ["pyvenv.cfg", "lib", "bin/python3.12", "bin/python3"] {
            assert!(own.contains(&at(path)), "{path}: {own:?}");
        }
        assert!(!own.contains(&root));
    }
}
