//! What the host starts without confinement. In the buildout, that is a Python: in a virtual environment there, or in a
//! directory on the PATH. No Python recipe replaces it. Other programs are not looked for where recipes write.

use std::path::{Path, PathBuf};

use base::environment::Environment;

use super::locations::Locations;
use super::mounts::normalize;
use super::system::without_links;

/// What makes a directory a virtual environment.
const MARKER: &str = "pyvenv.cfg";

/// The Python that the host looks for on the PATH.
const PYTHON: &str = "python3";

/// The environment of programs that are started with the rights of the user, such as the tools that build a recipe project:
/// the PATH has no directory in which recipes put programs. `written` are the directories in which recipes write, `parts` those in
/// which everything is made by parts. A virtual environment in the buildout remains: no recipe changes it.
#[must_use]
pub fn unconfined_environment(environment: &Environment, written: &[PathBuf], parts: &[PathBuf]) -> Environment {
    let mut environment = environment.clone();
    let homes = environment.homes();
    let is_of_user = |path: &&PathBuf| homes.iter().any(|home| home.starts_with(path));
    let written: Vec<PathBuf> = written.iter().filter(|path| !is_of_user(path)).flat_map(|path| ways(path)).collect();
    let parts: Vec<PathBuf> = parts.iter().flat_map(|path| ways(path)).collect();
    let is_below = |path: &Path, roots: &[PathBuf]| roots.iter().any(|root| path.starts_with(root));
    let is_trusted = |path: &PathBuf| {
        path.is_absolute()
            && ways(path)
                .iter()
                .all(|path| !is_below(path, &parts) && (!is_below(path, &written) || is_in_environment(path, &written)))
    };
    if let Some(path) = environment.variables.get_mut("PATH") {
        let trusted = std::env::split_paths(path).filter(is_trusted);
        *path = std::env::join_paths(trusted).ok().and_then(|path| path.into_string().ok()).unwrap_or_default();
    }
    environment
}

/// Whether a directory of programs is that of a virtual environment in which no recipe writes.
fn is_in_environment(programs: &Path, written: &[PathBuf]) -> bool {
    let root = programs.parent().filter(|root| root.join(MARKER).is_file());
    root.is_some_and(|root| !written.iter().any(|written| written.starts_with(root)))
}

/// The paths to keep. `executable` is the Python of the buildout, `path` are the directories on the PATH, `own` the part's places.
pub(super) fn started(
    locations: &Locations,
    executable: Option<&Path>,
    path: &[PathBuf],
    own: &[PathBuf],
) -> Vec<PathBuf> {
    let roots: Vec<PathBuf> = ways(&locations.directory);
    let is_own = |path: &PathBuf| roots.iter().any(|root| path.starts_with(root));
    let holders: Vec<PathBuf> = executable.and_then(Path::parent).map(ways).unwrap_or_default();
    let on_path: Vec<PathBuf> = path.iter().flat_map(|path| ways(path)).filter(is_own).collect();
    let mut kept: Vec<PathBuf> = executable.map(normalize).filter(is_own).into_iter().collect();
    for directory in holders.iter().filter(|path| is_own(path)).chain(&on_path) {
        kept.extend(environment(directory, locations));
    }
    kept.extend(on_path.iter().map(|directory| directory.join(PYTHON)));
    // No recipe makes a virtual environment of what is there.
    kept.extend(on_path.iter().filter_map(|directory| Some(directory.parent()?.join(MARKER))));
    // A part makes what is there, and the host starts nothing there without confinement, except for a Python.
    let is_python = |path: &PathBuf| path.file_name().is_some_and(|name| name == PYTHON);
    let is_own = |path: &PathBuf| own.iter().any(|own| path.starts_with(own));
    kept.retain(|path| !path.starts_with(&locations.parts) || is_python(path) && !is_own(path));
    kept
}

/// A path as it is written, and without the links on it: a directory outside may be a link into the buildout.
fn ways(path: &Path) -> Vec<PathBuf> {
    let written = normalize(path);
    // A directory that does not exist yet can be made behind a link.
    let real = without_links(&written);
    match real == written {
        true => vec![written],
        false => vec![written, real],
    }
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
        let own = [at("parts/own")];
        let t = |executable: &str, path: &[PathBuf]| started(&locations, Some(Path::new(executable)), path, &own);
        assert_eq!(t("/usr/bin/python3", &["/usr/bin".into()]), [] as [PathBuf; 0]);
        let venv = at("venv/bin/python");
        assert_eq!(t(&venv.to_string_lossy(), &[]), [venv.clone(), at("venv")]);
        let on_path = t("/usr/bin/python3", &[at("venv/bin")]);
        assert!(on_path.contains(&at("venv")) && on_path.contains(&at("venv/bin/python3")), "{on_path:?}");
        assert_eq!(t("/usr/bin/python3", &[at("parts/x/bin")]), [at("parts/x/bin/python3")]);
        assert!(t("/usr/bin/python3", &[at("parts/own/bin")]).is_empty());
        let elsewhere = tempfile::tempdir().unwrap();
        let link = elsewhere.path().join("link");
        std::os::unix::fs::symlink(&root, &link).unwrap();
        let linked = t("/usr/bin/python3", &[link.join("venv/bin")]);
        assert!(linked.contains(&at("venv")) && linked.contains(&at("venv/bin/python3")), "{linked:?}");
        // The buildout itself is one.
        std::fs::write(at("pyvenv.cfg"), "").unwrap();
        let own = t("/usr/bin/python3", &[at("bin")]);
        for path in ["pyvenv.cfg", "lib", "bin/python3.12", "bin/python3"] {
            assert!(own.contains(&at(path)), "{path}: {own:?}");
        }
        assert!(!own.contains(&root));
    }

    #[test]
    fn programs_are_not_looked_for_where_recipes_write() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path);
        for environment in ["b/venv", "b/parts/made"] {
            std::fs::create_dir_all(at(environment).join("bin")).unwrap();
            std::fs::write(at(environment).join(MARKER), "").unwrap();
        }
        std::os::unix::fs::symlink(at("b"), at("link")).unwrap();
        let names = ["b/bin", "b/venv/bin", "b/parts/made/bin", "link/bin", "link/venv/bin", "tools"];
        let path = std::env::join_paths(names.iter().map(|name| at(name)).chain(["".into(), "bin".into()])).unwrap();
        let variables = [("PATH".to_owned(), path.into_string().unwrap())].into();
        let environment = Environment { variables, ..Environment::default() };
        let found = unconfined_environment(&environment, &[at("b")], &[at("b/parts")]);
        let found: Vec<PathBuf> = std::env::split_paths(&found.variables["PATH"]).collect();
        assert_eq!(found, [at("b/venv/bin"), at("link/venv/bin"), at("tools")]);
    }
}
