//! Where a Python is installed: what a confined command needs to start it.

use std::path::{Path, PathBuf};

use base::paths::normalize;

use super::behind_shim;

/// The file that makes a directory a virtual environment.
const SETTINGS: &str = "pyvenv.cfg";

/// The longest `pyvenv.cfg` that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;

/// The paths that a command must read to start the Python `executable`: its virtual environment, if it has one, where it is
/// installed, and the links that lead there. `directory` decides which Python a shim of pyenv starts. None of the directories
/// contains one of `kept`.
pub fn directories_of_python(executable: &Path, directory: &Path, kept: &[PathBuf]) -> Vec<PathBuf> {
    let python = behind_shim(executable, directory).unwrap_or_else(|| executable.to_owned());
    let root = python.parent().and_then(Path::parent);
    let environment = root.filter(|root| root.join(SETTINGS).is_file());
    let environment = environment.filter(|root| !kept.iter().any(|kept| kept.starts_with(root)));
    let installation = installation(&python, kept);
    let links = if installation.is_empty() { Vec::new() } else { links_of_python(&python) };
    environment.map(Path::to_owned).into_iter().chain(installation).chain(links).collect()
}

/// The symbolic links from `python` to the file that starts: a user's `python3` may be a link in `~/.local/bin`, which commands
/// do not see, to a Python that is installed elsewhere.
pub fn links_of_python(python: &Path) -> Vec<PathBuf> {
    let mut links = Vec::new();
    let mut path = python.to_owned();
    while links.len() < MOST_LINKS
        && let Ok(target) = std::fs::read_link(&path)
    {
        // `..` in a target is relative to the directory that has the link, wherever links on the way lead.
        let holder = path.parent().and_then(|holder| holder.canonicalize().ok()).unwrap_or_default();
        links.push(std::mem::replace(&mut path, normalize(&holder.join(target))));
    }
    links
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
        let link = at("environment/bin/python");
        assert_eq!(found, [at("environment"), at("tools/link"), at("tools/python"), link]);
        let found = directories_of_python(&at("tools/python/bin/python3"), Path::new("/"), std::slice::from_ref(&home));
        assert_eq!(found, [at("tools/python")]);
    }

    #[test]
    fn a_directory_that_has_more_is_not_shown_whole() {
        let (_space, home) = home();
        let at = |path: &str| home.join(path);
        let kept = [at("tools/python/buildout"), at("environment/buildout")];
        let found = directories_of_python(&at("environment/bin/python"), Path::new("/"), &kept);
        let link = at("environment/bin/python");
        assert_eq!(found, [at("tools/python/lib/python3.9"), at("tools/python/bin/python3"), link]);
    }

    #[test]
    fn the_links_on_the_way_to_a_python_belong_to_it() {
        let (_space, home) = home();
        let at = |path: &str| home.join(path);
        std::fs::create_dir_all(at(".local/bin")).unwrap();
        symlink("../../tools/python/bin/python3", at(".local/bin/python3.9")).unwrap();
        symlink("python3.9", at(".local/bin/python3")).unwrap();
        let links = [at(".local/bin/python3"), at(".local/bin/python3.9")];
        assert_eq!(links_of_python(&links[0]), links);
        let found = directories_of_python(&links[0], Path::new("/"), std::slice::from_ref(&home));
        assert_eq!(found, [&[at("tools/python")], links.as_slice()].concat());
        assert_eq!(links_of_python(&at("tools/python/bin/python3")), [] as [PathBuf; 0]);
        symlink("loop", at("loop")).unwrap();
        assert_eq!(links_of_python(&at("loop")).len(), MOST_LINKS);
    }

    #[test]
    fn what_is_not_an_installed_python_opens_nothing() {
        let (_space, home) = home();
        std::fs::remove_file(home.join("tools/python/lib/python3.9/os.py")).unwrap();
        assert_eq!(installation(&home.join("tools/python/bin/python3"), &[]), [] as [PathBuf; 0]);
        assert_eq!(installation(&home.join("missing"), &[]), [] as [PathBuf; 0]);
    }
}
