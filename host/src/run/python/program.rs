//! Whether a path is a program, and whether it is in a directory, also via symbolic links.

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
