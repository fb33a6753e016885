//! Names that a recipe may not make in directories in which it may change everything else: what the next run would take for
//! a distribution, for a project that it develops, or for a module of another recipe.
//!
//! A list of existing paths is not enough here, because what matters does not exist yet.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::guard::{Change, real_entry};
use super::mounts::normalize;

/// How the names of distributions end; `index.html` lists those in a directory.
const DISTRIBUTIONS: [&str; 10] =
    [".whl", ".egg", ".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.z", "index.html"];
/// How the names of modules end.
const MODULES: [&str; 3] = [".py", ".pyc", ".so"];
/// Files that make a directory a project.
const PROJECT: [&str; 5] = ["setup.py", "setup.cfg", "pyproject.toml", "recipe.toml", "Cargo.toml"];

/// Such names.
#[derive(Debug, Default)]
pub(super) struct ReservedNames {
    /// Directories in which distributions are looked for, although they contain the buildout.
    sources: Vec<PathBuf>,
    /// Projects of recipes that contain the buildout.
    projects: Vec<PathBuf>,
    /// Patterns of projects in `develop`.
    patterns: Vec<ProjectPattern>,
}

/// A word of `develop` with wildcards.
#[derive(Debug)]
struct ProjectPattern {
    /// The directory before the first wildcard.
    base: PathBuf,
    /// The names below it.
    names: Vec<Pattern>,
}

impl ReservedNames {
    pub(super) fn new(sources: Vec<PathBuf>, projects: Vec<PathBuf>, patterns: &[PathBuf]) -> Self {
        let with_links = |paths: Vec<PathBuf>| {
            let real: Vec<PathBuf> = paths.iter().filter_map(|path| path.canonicalize().ok()).collect();
            paths.into_iter().chain(real).collect()
        };
        let patterns = patterns.iter().flat_map(|pattern| ProjectPattern::of(pattern)).collect();
        Self { sources: with_links(sources), projects: with_links(projects), patterns }
    }

    /// Whether an entry has a reserved name. `path` has no links on its way.
    pub(super) fn hold(&self, path: &Path, change: Change) -> bool {
        let (Some(holder), Some(name)) = (path.parent(), path.file_name()) else { return false };
        let is_in = |directories: &[PathBuf]| directories.iter().any(|directory| directory == holder);
        is_in(&self.sources) && ends_with(name, &DISTRIBUTIONS)
            || is_in(&self.projects) && ends_with(name, &MODULES)
            || self.patterns.iter().any(|pattern| pattern.holds(path, change))
    }

    /// The directories in which such a name would be made.
    pub(super) fn directories(&self) -> impl Iterator<Item = &Path> {
        let plain = self.sources.iter().chain(&self.projects);
        plain.chain(self.patterns.iter().map(|pattern| &pattern.base)).map(PathBuf::as_path)
    }
}

impl ProjectPattern {
    /// The pattern with its directory as it is written, and without links on it.
    fn of(pattern: &Path) -> Vec<Self> {
        let is_wildcard = |name: &&OsStr| name.to_string_lossy().contains(['*', '?', '[']);
        let fixed = pattern.iter().take_while(|name| !is_wildcard(name)).count();
        let base: PathBuf = pattern.iter().take(fixed).collect();
        let names =
            || pattern.iter().skip(fixed).filter_map(|name| Pattern::new(&name.to_string_lossy()).ok()).collect();
        let base = normalize(&base);
        let mut bases = vec![base.clone()];
        bases.extend(real_entry(&base).filter(|real| *real != base));
        bases.extend(base.canonicalize().ok().filter(|real| *real != base));
        bases.into_iter().map(|base| Self { base, names: names() }).collect()
    }

    /// Whether the change makes a project that the pattern matches: by one of its files, or as a directory that is moved there
    /// with them.
    fn holds(&self, path: &Path, change: Change) -> bool {
        let Ok(below) = path.strip_prefix(&self.base) else {
            // A directory on the way would come with projects in it.
            return change == Change::Replace && self.base.starts_with(path);
        };
        let names: Vec<&OsStr> = below.iter().collect();
        let matching = names.iter().zip(&self.names).take_while(|(name, known)| known.matches(&name.to_string_lossy()));
        let matching = matching.count();
        let is_file = || names.last().is_some_and(|name| PROJECT.iter().any(|known| name == known));
        match names.len() {
            0 => change == Change::Replace,
            length if length == matching => change == Change::Replace || matching == self.names.len() && is_file(),
            length => matching == self.names.len() && length == matching + 1 && is_file(),
        }
    }
}

fn ends_with(name: &OsStr, endings: &[&str]) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_next_run_would_take_for_a_project_or_a_distribution_is_reserved() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path);
        let reserved = ReservedNames::new(vec![root.clone()], vec![at("p")], &[at("src/*"), at("more/*/deep-?")]);
        for path in ["a-1.tar.gz", "A-1.WHL", "index.html", "p/m.py", "src/new/setup.py", "more/x/deep-1/recipe.toml"] {
            assert!(reserved.hold(&at(path), Change::Write), "{path}");
        }
        for path in ["src", "src/new", "more/x", "more/x/deep-1"] {
            assert!(reserved.hold(&at(path), Change::Replace) && !reserved.hold(&at(path), Change::Write), "{path}");
        }
        for path in ["x/a-1.tar.gz", "a.txt", "p/x/m.py", "src/new/module.py", "src/new/x/setup.py", "more/x/other"] {
            assert!(!reserved.hold(&at(path), Change::Replace), "{path}");
        }
    }
}
