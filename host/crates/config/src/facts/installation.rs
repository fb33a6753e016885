//! Where a Python is installed: what a confined command needs to start it.

use std::path::{Path, PathBuf};

use super::behind_shim;

/// The file that makes a directory a virtual environment.
const SETTINGS: &str = "pyvenv.cfg";

/// The longest `pyvenv.cfg` that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// The directories that a command must read to start the Python `executable`: its virtual environment, if it has one, and where
/// it is installed. `directory` decides which Python a shim of pyenv starts. None of the directories contains one of `kept`.
pub fn directories_of_python(executable: &Path, directory: &Path, kept: &[PathBuf]) -> Vec<PathBuf> {
    let python = behind_shim(executable, directory).unwrap_or_else(|| executable.to_owned());
    let root = python.parent().and_then(Path::parent);
    let environment = root.filter(|root| root.join(SETTINGS).is_file());
    let environment = environment.filter(|root| !kept.iter().any(|kept| kept.starts_with(root)));
    environment.map(Path::to_owned).into_iter().chain(installation(&python, kept)).collect()
}

/// Where the Python of a virtual environment is installed, as the environment names it and without links; nothing if it is not
/// of an installed Python. If that directory contains one of `kept`, then only what belongs to the Python.
pub fn installation(python: &Path, kept: &[PathBuf]) -> Vec<PathBuf> {
    let Ok(interpreter) = python.canonicalize() else { return Vec::new() };
    let Some(root) = interpreter.parent().and_then(Path::parent) else { return Vec::new() };
    let libraries = libraries(root);
    if !libraries.iter().any(|path| path.join("os.py").is_file()) {
        return Vec::new();
    }
    if kept.iter().any(|kept| kept.starts_with(root)) {
        return libraries.into_iter().chain([interpreter.clone()]).collect();
    }
    let named = named_installation(python).filter(|named| named.canonicalize().is_ok_and(|real| real == root));
    named.into_iter().chain([root.to_owned()]).collect()
}

/// The libraries of Pythons installed in a directory.
fn libraries(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join("lib")).into_iter().flatten().flatten();
    let of_python = entries.filter(|entry| {
        let name = entry.file_name();
        ["python3", "libpython3"].iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
    });
    of_python.map(|entry| entry.path()).collect()
}

/// The installation that `pyvenv.cfg` names: the directory above its `home`, which has the programs.
fn named_installation(python: &Path) -> Option<PathBuf> {
    let settings = python.parent()?.parent()?.join(SETTINGS);
    let text = String::from_utf8(base::files::read_at_most(&settings, LONGEST).ok()?).ok()?;
    let values = text.lines().filter_map(|line| line.split_once('='));
    let (_, home) = values.into_iter().find(|(name, _)| name.trim() == "home")?;
    Path::new(home.trim()).parent().filter(|root| root.is_absolute()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A home directory with an installed Python in `tools/python`, a link to it, and an environment.
    fn home() -> (tempfile::TempDir, PathBuf) {
        let space = tempfile::tempdir().unwrap();
        let home = space.path().canonicalize().unwrap();
        for directory in ["tools/python/bin", "tools/python/lib/python3.9", "environment/bin"] {
            std::fs::create_dir_all(home.join(directory)).unwrap();
        }
        for file in ["tools/python/bin/python3", "tools/python/lib/python3.9/os.py", "tools/python/lib/other"] {
            std::fs::write(home.join(file), "").unwrap();
        }
        symlink("python", home.join("tools/link")).unwrap();
        symlink(home.join("tools/link/bin/python3"), home.join("environment/bin/python")).unwrap();
        let settings = format!("home = {}\nversion = 3.9\n", home.join("tools/link/bin").display());
        std::fs::write(home.join("environment/pyvenv.cfg"), settings).unwrap();
        (space, home)
    }

    #[test]
    fn an_environment_and_its_installation_are_found() {
        let (_space, home) = home();
        let at = |path: &str| home.join(path);
        let found = directories_of_python(&at("environment/bin/python"), Path::new("/"), std::slice::from_ref(&home));
        assert_eq!(found, [at("environment"), at("tools/link"), at("tools/python")]);
        let found = directories_of_python(&at("tools/python/bin/python3"), Path::new("/"), std::slice::from_ref(&home));
        assert_eq!(found, [at("tools/python")]);
    }

    #[test]
    fn a_directory_that_has_more_is_not_shown_whole() {
        let (_space, home) = home();
        let at = |path: &str| home.join(path);
        let kept = [at("tools/python/buildout"), at("environment/buildout")];
        let found = directories_of_python(&at("environment/bin/python"), Path::new("/"), &kept);
        assert_eq!(found, [at("tools/python/lib/python3.9"), at("tools/python/bin/python3")]);
    }

    #[test]
    fn what_is_not_an_installed_python_opens_nothing() {
        let (_space, home) = home();
        std::fs::remove_file(home.join("tools/python/lib/python3.9/os.py")).unwrap();
        assert_eq!(installation(&home.join("tools/python/bin/python3"), &[]), [] as [PathBuf; 0]);
        assert_eq!(installation(&home.join("missing"), &[]), [] as [PathBuf; 0]);
    }
}
