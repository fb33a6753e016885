//! Whether a path is a program, whether it is in a directory, also via symbolic links, and what a Python needs to start.

use std::path::{Path, PathBuf};

/// The longest `pyvenv.cfg` that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// Whether it can be executed.
pub(in crate::run) fn is_program(path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file()
}

/// Whether a path is in one of the directories, following any symbolic links: the Python of a virtual environment is a
/// link to another one.
pub(in crate::run) fn is_in(path: &Path, directories: &[PathBuf]) -> bool {
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    let ways = [Some(path.to_owned()), parent.zip(path.file_name()).map(|(parent, name)| parent.join(name))];
    let ways: Vec<PathBuf> = ways.into_iter().flatten().chain(path.canonicalize().ok()).collect();
    let canonical = directories.iter().filter_map(|directory| directory.canonicalize().ok());
    let mut directories = directories.iter().cloned().chain(canonical);
    directories.any(|directory| ways.iter().any(|way| way.starts_with(&directory)))
}

/// Where the Python of a virtual environment is installed, as the environment names it and without links; nothing if it is not
/// of an installed Python. If that directory contains one of `kept`, then only what belongs to the Python.
pub(in crate::run) fn installation(python: &Path, kept: &[PathBuf]) -> Vec<PathBuf> {
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
    let settings = python.parent()?.parent()?.join("pyvenv.cfg");
    let text = String::from_utf8(base::files::read_at_most(&settings, LONGEST).ok()?).ok()?;
    let values = text.lines().filter_map(|line| line.split_once('='));
    let (_, home) = values.into_iter().find(|(name, _)| name.trim() == "home")?;
    Path::new(home.trim()).parent().filter(|root| root.is_absolute()).map(Path::to_owned)
}
