//! The project's files: what a clone has, whatever else a person has made in the tree.
//!
//! git knows them. A tree without git (an unpacked archive) has no such record: there, all files count but those that
//! `.gitignore` names.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::paths::repository;

/// The project's files below `directory`, relative to the project's root, sorted.
pub fn tracked_files(directory: &str) -> Vec<PathBuf> {
    let mut files = listed_by_git(directory).unwrap_or_else(|| files_not_ignored(&repository(), directory));
    // Removed in the tree, but not yet in git.
    files.retain(|file| repository().join(file).symlink_metadata().is_ok());
    files.sort();
    files
}

/// Copies the project's files below `directory` into `to`, as a clone would have them.
pub fn copy_tracked(directory: &str, to: &Path) {
    let files = tracked_files(directory);
    assert!(!files.is_empty(), "the project has no files in {directory}");
    for file in files {
        let target = to.join(&file);
        std::fs::create_dir_all(target.parent().expect("a directory")).expect("a directory");
        std::fs::copy(repository().join(&file), &target).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

/// None where this is not the work tree of a git that works here.
fn listed_by_git(directory: &str) -> Option<Vec<PathBuf>> {
    // A tree that was unpacked within another repository is not that repository's.
    let root = repository();
    root.join(".git").symlink_metadata().ok()?;
    let output = Command::new("git").arg("-C").arg(&root).args(["ls-files", "-z", "--", directory]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(text.split_terminator('\0').map(PathBuf::from).collect())
}

fn files_not_ignored(root: &Path, directory: &str) -> Vec<PathBuf> {
    let ignored = std::fs::read_to_string(root.join(".gitignore")).expect(".gitignore");
    let patterns: Vec<&str> = ignored.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let mut files = Vec::new();
    let mut directories = vec![PathBuf::from(directory)];
    while let Some(directory) = directories.pop() {
        let entries = std::fs::read_dir(root.join(&directory));
        for entry in entries.unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
            let entry = entry.expect("an entry");
            let path = directory.join(entry.file_name());
            let path = path.strip_prefix(".").unwrap_or(&path).to_owned();
            if patterns.iter().any(|pattern| matches(pattern, &path)) || path.ends_with(".git") {
                continue;
            }
            if entry.file_type().expect("a type").is_dir() { directories.push(path) } else { files.push(path) }
        }
    }
    files
}

/// Whether a line of `.gitignore` names the path itself. Understands what the project's file has: `name/` anywhere, and
/// `/directory/*/name*` from the root, with `*` for a whole step or at its end.
fn matches(pattern: &str, path: &Path) -> bool {
    let steps: Vec<_> = path.iter().map(|step| step.to_string_lossy()).collect();
    let fits = |pattern: &str, step: &str| match pattern.strip_suffix('*') {
        Some(beginning) => step.starts_with(beginning),
        None => step == pattern,
    };
    match pattern.strip_prefix('/') {
        None => steps.last().is_some_and(|last| fits(pattern.trim_end_matches('/'), last)),
        Some(rooted) => {
            let wanted: Vec<&str> = rooted.trim_end_matches('/').split('/').collect();
            wanted.len() == steps.len() && wanted.iter().zip(&steps).all(|(pattern, step)| fits(pattern, step))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_gitignore_are_understood() {
        let t = |pattern: &str, path: &str| matches(pattern, Path::new(path));
        assert!(t("/target", "target") && !t("/target", "a/target"));
        assert!(t("node_modules/", "sdk/javascript/node_modules"));
        assert!(t("/examples/*/.installed.cfg*", "examples/quickstart/.installed.cfg.lock"));
        assert!(t("/examples/*/logs/", "examples/quickstart/logs") && !t("/examples/*/logs/", "examples/logs"));
        assert!(!t("/examples/*/bin/", "examples/quickstart/buildout.cfg"));
    }

    #[test]
    fn what_a_person_made_is_not_the_projects() {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |path: &str| {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            std::fs::write(path, "/examples/*/parts/\n").expect("a file");
        };
        ["examples/a/buildout.cfg", "examples/a/parts/made", ".gitignore"].into_iter().for_each(write);
        let found = files_not_ignored(directory.path(), "examples");
        assert_eq!(found, [PathBuf::from("examples/a/buildout.cfg")]);
        assert_eq!(files_not_ignored(directory.path(), ".").len(), 2);
    }

    #[test]
    fn examples_are_found_either_way() {
        let by_pattern = files_not_ignored(&repository(), "examples");
        let tracked = tracked_files("examples");
        assert!(tracked.contains(&PathBuf::from("examples/quickstart/buildout.cfg")), "{tracked:?}");
        assert!(tracked.iter().all(|file| by_pattern.contains(file)), "{tracked:?} {by_pattern:?}");
    }
}
