//! Checkouts of version control below the directories that a Python recipe may write: those that are not its own are
//! out of its reach (`docs/decisions/150-python-recipes.md`).
//!
//! A part owns what it created: what the state records of it, and what its commands make.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

pub(super) use base::files::VERSION_CONTROL;
use base::files::{checkout_in, is_version_control};

use super::applicant::Applicant;
use super::guard::real_entry;
use super::nested::{kept_in, kept_of, named_by_settings};
use super::path_dependencies::{FollowedPath, repository};
use crate::ownership::Records;

/// The most entries of directories in which checkouts are looked for.
const MOST_ENTRIES: usize = 1_000_000;

/// Where checkouts are out of reach.
#[derive(Debug, Default)]
pub(crate) struct Checkouts {
    /// The directories that the recipe may write.
    roots: Vec<PathBuf>,
    /// The places of its part: checkouts in there are its own.
    own: Vec<PathBuf>,
    /// The part, and what the state records of it.
    part: String,
    records: Arc<Records>,
    /// Whether it updates repositories of others.
    updates: bool,
    /// Those that existed when they were first looked for.
    found: OnceLock<Vec<PathBuf>>,
}

impl Checkouts {
    pub(super) fn new(roots: Vec<PathBuf>, own: Vec<PathBuf>) -> Self {
        Self { roots, own, ..Self::default() }
    }

    /// The same for a part: what the state records of it is its own.
    pub(super) fn of_part(self, applicant: &Applicant<'_>) -> Self {
        let updates = !applicant.recipe.grant.network.is_empty();
        Self { part: applicant.part.to_owned(), records: Arc::clone(applicant.records), updates, ..self }
    }

    /// Whether `path`, without links on its way, belongs to a checkout, existing or not, that is not the recipe's own.
    pub(super) fn hold(&self, path: &Path) -> bool {
        let nested = |root: &PathBuf| match path.starts_with(root) {
            _ if self.updates => None,
            true => kept_of(root, path),
            false => kept_of(&root.canonicalize().ok()?, path),
        };
        let checkout = self.roots.iter().find_map(|root| checkout_of(root, path).or_else(|| nested(root)));
        checkout.is_some_and(|checkout| !self.is_own(path) && !self.is_by_a_command(&checkout))
    }

    fn is_below_root(&self, path: &Path) -> bool {
        let is_below = |root: &PathBuf| {
            path != root
                && (path.starts_with(root)
                    || real_entry(root).is_some_and(|root| path != root && path.starts_with(root)))
        };
        self.roots.iter().any(is_below)
    }

    /// Whether a command of the part has made a checkout: it exists now, and did not before the first command.
    fn is_by_a_command(&self, checkout: &Path) -> bool {
        self.found.get().is_some_and(|found| !found.iter().any(|found| found == checkout))
            && checkout.symlink_metadata().is_ok()
    }

    /// Those that were found so far.
    pub(super) fn found(&self) -> &[PathBuf] {
        self.found.get().map_or(&[], Vec::as_slice)
    }

    /// Looks for checkouts, once: what commands of the part make later is its own. `is_kept` excludes directories.
    pub(super) fn find(&self, is_kept: &dyn Fn(&Path) -> bool) -> io::Result<()> {
        if self.found.get().is_some() {
            return Ok(());
        }
        let mut found = Vec::new();
        let mut left = MOST_ENTRIES;
        let mut waiting = self.roots.clone();
        while let Some(directory) = waiting.pop() {
            if self.is_own(&directory) || is_kept(&directory) {
                continue;
            }
            // What cannot be read by the user has nothing that the user runs.
            let entries: Vec<_> = std::fs::read_dir(&directory).into_iter().flatten().flatten().collect();
            if !self.updates && !self.roots.contains(&directory) {
                let names: Vec<_> = entries.iter().map(std::fs::DirEntry::file_name).collect();
                found.extend(kept_in(&directory, &names).into_iter().filter(|path| !self.is_own(path)));
            }
            for entry in entries {
                left = left.checked_sub(1).ok_or_else(|| too_many(&self.roots))?;
                let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
                match is_version_control(&entry.file_name().to_string_lossy()) {
                    // A file `.git` says where the repository is.
                    true => found.push(entry.path()),
                    false if is_directory => waiting.push(entry.path()),
                    false => {}
                }
            }
        }
        let held: Vec<PathBuf> = found.iter().flat_map(|found| leads_to(found)).collect();
        let named = |checkout: &PathBuf| named_by_checkout(checkout);
        let named: Vec<PathBuf> = found.iter().filter(|_| !self.updates).flat_map(named).collect();
        found.extend(named.into_iter().filter(|path| !self.is_own(path) && self.is_below_root(path)));
        found.extend(held.into_iter().filter(|held| !self.is_own(held) && self.is_below_root(held)));
        found.sort();
        found.dedup();
        self.found.get_or_init(|| found);
        Ok(())
    }

    /// Whether `path`, without links on its way, is in a place of the part, or the state records it of the part.
    pub(super) fn is_own(&self, path: &Path) -> bool {
        let is_below =
            |own: &PathBuf| path.starts_with(own) || real_entry(own).is_some_and(|own| path.starts_with(own));
        self.own.iter().any(is_below) || self.records.is_of(&self.part, path)
    }
}

/// Where a `.git` that is a link or a file keeps the repository.
pub(super) fn leads_to(checkout: &Path) -> Vec<PathBuf> {
    FollowedPath::of(checkout).targets.into_iter().chain(repository(checkout)).collect()
}

/// The paths that the settings of a checkout name.
pub(super) fn named_by_checkout(checkout: &Path) -> Vec<PathBuf> {
    let repositories = leads_to(checkout).into_iter().chain([checkout.to_owned()]);
    repositories.flat_map(|repository| named_by_settings(checkout, &repository)).collect()
}

/// The outermost directory of version control below `root` that `path` is in.
fn checkout_of(root: &Path, path: &Path) -> Option<PathBuf> {
    let below = |root: &Path| Some(root.join(checkout_in(path.strip_prefix(root).ok()?)?));
    below(root).or_else(|| below(&root.canonicalize().ok()?))
}

fn too_many(roots: &[PathBuf]) -> io::Error {
    let roots: Vec<String> = roots.iter().map(|root| root.display().to_string()).collect();
    io::Error::other(format!(
        "{} have more than {MOST_ENTRIES} files, too many to look for checkouts",
        roots.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_checkouts_of_others_are_held() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path);
        for directory in ["src/app/.git/hooks", "src/app/.git/modules/x/.git", "parts/own/.git", "eggs/x/.hg", "plain"]
        {
            std::fs::create_dir_all(at(directory)).unwrap();
        }
        std::fs::create_dir_all(at("worktree")).unwrap();
        std::fs::write(at("worktree/.git"), "gitdir: elsewhere").unwrap();
        std::fs::create_dir_all(at("bare/hooks")).unwrap();
        std::fs::create_dir_all(at("second")).unwrap();
        std::fs::write(at("second/.git"), "gitdir: ../bare").unwrap();
        std::os::unix::fs::symlink("src", at("link")).unwrap();
        let checkouts = Checkouts::new(vec![root.clone()], vec![at("parts/own")]);
        assert!(checkouts.hold(&at("src/app/.git/config")));
        checkouts.find(&|path| path == at("eggs")).unwrap();
        assert_eq!(checkouts.found(), [at("bare"), at("second/.git"), at("src/app/.git"), at("worktree/.git")]);
        for path in ["src/app/.git", "src/app/.git/hooks/pre-commit", "plain/.git", "new/.hg/hgrc", "worktree/.git"] {
            assert!(checkouts.hold(&at(path)), "{path}");
        }
        for path in ["src/app", "src/.github/x", "parts/own/.git/config", "src/app.git"] {
            assert!(!checkouts.hold(&at(path)), "{path}");
        }
        // What is made later is of the part.
        std::fs::create_dir_all(at("later/.git")).unwrap();
        checkouts.find(&|_| false).unwrap();
        assert_eq!(checkouts.found().len(), 4);
        assert!(!checkouts.hold(&at("later/.git/config")) && checkouts.hold(&at("src/.git/config")));
        assert!(
            !Checkouts::new(vec![at("src/app/.git")], Vec::new()).hold(&at("src/app/.git/x")),
            "a root in a checkout"
        );
    }
}
