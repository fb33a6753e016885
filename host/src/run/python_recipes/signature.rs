//! The part signature of a Python recipe, as in zc.buildout: the versions of its distribution and of what that
//! requires, and for developed projects a digest of their files, so that a part is made again when its recipe is edited.

use std::path::{Path, PathBuf};

use base::digest::Digest;
use distributions::eggs::{Directories, Distribution};
use distributions::name::canonical;
use distributions::working_set::{WorkingSet, developed};

/// Directories in a project that belong to no recipe.
const LEFT_OUT: [&str; 6] = ["CVS", "__pycache__", "build", "dist", "node_modules", "venv"];
/// The most files of a project that are read.
const MOST_FILES: usize = 20_000;

/// The signature. `outside` are directories and files in developed projects that belong to the buildout.
pub(super) fn of(set: &WorkingSet, directories: &Directories, outside: &[PathBuf]) -> String {
    let developed = developed(&directories.develop);
    let one = |distribution: &Distribution| {
        let location = &distribution.location;
        // The metadata of an editable install is next to its egg-link.
        let linked = || sources(&directories.develop, &distribution.key());
        let sources = if developed.contains(location) { Some(location.clone()) } else { linked() };
        match sources {
            Some(sources) => format!("{}-{}", distribution.project, digest(distribution, &sources, outside).base64()),
            None => location.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }
    };
    let mut all: Vec<String> = set.iter().map(|distribution| one(distribution)).collect();
    all.sort();
    all.dedup();
    all.join(" ")
}

/// The directory with the sources of a developed project.
pub(super) fn sources(develop: &Path, key: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(develop).ok()?.flatten().map(|entry| entry.path());
    let mut links = entries.filter(|path| path.extension().is_some_and(|extension| extension == "egg-link"));
    let is_it = |path: &PathBuf| path.file_stem().is_some_and(|stem| canonical(&stem.to_string_lossy()) == key);
    let text = std::fs::read_to_string(links.find(is_it)?).ok()?;
    text.lines().next().map(PathBuf::from)
}

/// The digest of a developed project: of its packages, if its metadata lists them, otherwise of all its files.
fn digest(distribution: &Distribution, location: &Path, outside: &[PathBuf]) -> Digest {
    let listed = distribution.text("top_level.txt").unwrap_or_default();
    let listed = listed.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains(['/', '\\']));
    let named = listed.flat_map(|name| [location.join(name), location.join(format!("{name}.py"))]);
    let mut roots: Vec<PathBuf> = named.filter(|path| path.exists()).collect();
    if roots.is_empty() {
        roots.push(location.to_owned());
    }
    // What contains the project, as `download-cache =` can, hides nothing of it.
    let outside: Vec<PathBuf> = outside.iter().filter(|path| !location.starts_with(path)).cloned().collect();
    let mut files = Vec::new();
    roots.iter().for_each(|root| collect(root, &outside, &mut files));
    files.sort();
    let mut text = format!("{} {}", distribution.version, sorted_lines(distribution));
    for file in &files {
        let name = file.strip_prefix(location).unwrap_or(file);
        let content = std::fs::read(file).map(|content| Digest::of(&content).to_string()).unwrap_or_default();
        text += &format!("\n{} {content}", name.display());
    }
    Digest::of(text.as_bytes())
}

/// Builds do not write entry points in a fixed order.
fn sorted_lines(distribution: &Distribution) -> String {
    let text = distribution.text("entry_points.txt").unwrap_or_default();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// The files below `path`. Links are not followed.
fn collect(path: &Path, outside: &[PathBuf], files: &mut Vec<PathBuf>) {
    let Ok(found) = path.symlink_metadata() else { return };
    if outside.iter().any(|outside| path == outside) || files.len() >= MOST_FILES {
        return;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if found.is_file() && !name.ends_with(".pyc") && !name.ends_with(".pyo") {
        files.push(path.to_owned());
    }
    if found.is_dir() {
        let is_left_out = |name: &str| name.starts_with('.') || LEFT_OUT.contains(&name) || name.ends_with("-info");
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        let entries = entries.filter(|entry| !is_left_out(&entry.file_name().to_string_lossy()));
        let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| collect(entry, outside, files));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn changes_with_the_files_of_a_developed_recipe() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path);
        for directory in ["develop-eggs", "recipes/.git", "recipes/parts", "recipes/recipes.egg-info"] {
            std::fs::create_dir_all(at(directory)).unwrap();
        }
        std::fs::write(at("recipes/recipes.egg-info/PKG-INFO"), "Name: recipes\nVersion: 1\n").unwrap();
        std::fs::write(at("recipes/mkdir.py"), "a").unwrap();
        std::fs::write(at("develop-eggs/recipes.egg-link"), format!("{}\n.", at("recipes").display())).unwrap();
        let directories = Directories { eggs: at("eggs"), develop: at("develop-eggs") };
        let signature = || {
            let found = distributions::eggs::find(&at("recipes"), true);
            of(&WorkingSet::new(found.into_iter().map(Arc::new).collect()), &directories, &[at("recipes/parts")])
        };
        let first = signature();
        assert!(first.starts_with("recipes-"), "{first}");
        for unrelated in ["recipes/.git/index", "recipes/parts/made", "recipes/mkdir.pyc"] {
            std::fs::write(at(unrelated), "x").unwrap();
            assert_eq!(signature(), first, "{unrelated}");
        }
        std::fs::write(at("recipes/mkdir.py"), "b").unwrap();
        assert_ne!(signature(), first);
    }
}
