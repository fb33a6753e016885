//! `.pth` files: further directories of the path.

use std::path::{Path, PathBuf};

/// The longest `.pth` file that is read, in bytes.
const LONGEST_PTH: u64 = 1 << 20;

/// The directories in the `.pth` files of a directory. Lines with code are not run.
pub(super) fn pth_entries(location: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(location).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pth"))
        .collect();
    files.sort();
    let short = |path: &&PathBuf| path.metadata().is_ok_and(|data| data.is_file() && data.len() <= LONGEST_PTH);
    let texts = files.iter().filter(short).filter_map(|path| std::fs::read_to_string(path).ok());
    let mut found = Vec::new();
    for text in texts {
        let lines = text.lines().map(str::trim);
        let paths = lines.filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("import "));
        found.extend(paths.map(|line| crate::scripts::absolute(&location.join(line))));
    }
    found
}
