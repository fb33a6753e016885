//! Whether a path is a program, whether it is in a directory, also via symbolic links, and what a Python needs to start.

use std::path::{Path, PathBuf};

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

/// What the Python of a virtual environment starts from, wherever that is: the interpreter that its link leads to, and that
/// one's libraries. Nothing if the link does not lead to an installed Python.
pub(in crate::run) fn installation(python: &Path) -> Vec<PathBuf> {
    let Ok(interpreter) = python.canonicalize() else { return Vec::new() };
    let Some(root) = interpreter.parent().and_then(Path::parent) else { return Vec::new() };
    let entries = std::fs::read_dir(root.join("lib")).into_iter().flatten().flatten();
    let named = entries.filter(|entry| {
        let name = entry.file_name();
        ["python3", "libpython3"].iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
    });
    let mut found: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
    if !found.iter().any(|path| path.join("os.py").is_file()) {
        return Vec::new();
    }
    found.push(interpreter);
    found
}
