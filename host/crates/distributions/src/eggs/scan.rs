//! The distributions in a directory, found as `pkg_resources.find_distributions` finds them.

use std::path::{Path, PathBuf};

use super::found::{Distribution, MetadataForm, Precedence};

/// The most egg-links that may point to each other in a chain.
const DEEPEST: usize = 8;

/// The longest egg-link that is read, in bytes.
const LONGEST_LINK: u64 = 64 << 10;

/// The contents of an eggs directory: each `*.egg`, and each directory with a `*.dist-info`.
pub(super) fn eggs(directory: &Path) -> Vec<Distribution> {
    let real = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let visible = |path: &PathBuf| !file_name(path).starts_with('.');
    let is_egg = |path: &PathBuf| path.is_dir() && (file_name(path).ends_with(".egg") || has_dist_info(path));
    let mut found = Vec::new();
    for path in entries(&real).into_iter().filter(visible).filter(is_egg) {
        for mut distribution in find_at(path) {
            if distribution.location.parent() == Some(&real) {
                distribution.precedence = Precedence::Egg;
            }
            found.push(distribution);
        }
    }
    found
}

fn has_dist_info(directory: &Path) -> bool {
    entries(directory).iter().any(|path| file_name(path).ends_with(".dist-info"))
}

/// The distributions of a directory that is, or would be, on the path. With `only`, eggs in it and the targets of
/// egg-links are not read.
pub fn find(directory: &Path, only: bool) -> Vec<Distribution> {
    let mut found = Vec::new();
    find_into(&mut found, directory, only, 0);
    found
}

/// The distributions at an entry of a directory without links in its path.
fn find_at(path: PathBuf) -> Vec<Distribution> {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    if is_link || !is_egg(&path) {
        return find(&path, false);
    }
    let form = MetadataForm::EggInfo(path.join("EGG-INFO"));
    Distribution::of_entry(&path, &file_name(&path), form, Precedence::Egg).into_iter().collect()
}

fn find_into(found: &mut Vec<Distribution>, directory: &Path, only: bool, depth: usize) {
    let Ok(real) = directory.canonicalize() else { return };
    if is_egg(&real) {
        let form = MetadataForm::EggInfo(real.join("EGG-INFO"));
        found.extend(Distribution::of_entry(&real, &file_name(&real), form, Precedence::Egg));
        return;
    }
    for path in entries(&real) {
        let name = file_name(&path);
        let lower = name.to_lowercase();
        if lower.ends_with(".egg-info") || (lower.ends_with(".dist-info") && path.is_dir()) {
            found.extend(of_metadata(&real, &path, &name));
        } else if !only && is_egg(&path) {
            find_into(found, &path, only, depth);
        } else if !only
            && lower.ends_with(".egg-link")
            && depth < DEEPEST
            && let Some(target) = link(&path)
        {
            let known = found.len();
            find_into(found, &real.join(target), false, depth + 1);
            found[known..].iter_mut().for_each(|one| one.link_directory = Some(real.clone()));
        }
    }
}

fn of_metadata(directory: &Path, path: &Path, name: &str) -> Option<Distribution> {
    let form = match (path.is_dir(), name.to_lowercase().ends_with(".dist-info")) {
        (true, _) if entries(path).is_empty() => return None,
        (true, true) => MetadataForm::DistInfo(path.to_owned()),
        (true, false) => MetadataForm::EggInfo(path.to_owned()),
        (false, _) => MetadataForm::EggInfoFile(path.to_owned()),
    };
    Distribution::of_entry(directory, name, form, Precedence::Develop)
}

/// The target of an egg-link: its first line that is not empty.
pub(crate) fn link(path: &Path) -> Option<String> {
    let text = String::from_utf8(base::files::read_at_most(path, LONGEST_LINK).ok()?).ok()?;
    text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

/// An egg with metadata as setuptools wrote them.
fn is_egg(path: &Path) -> bool {
    file_name(path).to_lowercase().ends_with(".egg") && path.join("EGG-INFO/PKG-INFO").is_file()
}

/// The entries of a directory, sorted; none if it cannot be read.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = read
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_str().is_some()))
        .collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
