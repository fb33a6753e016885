//! `pylock.toml` (PEP 751): the files of all distributions with their digests, so that every run installs the same bytes.
//!
//! All files of a distribution's version are listed, so that a lock made on one machine serves others. What builds
//! require is in dependency groups, which other tools do not install.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::index::IndexFile;
use crate::version::Version;

/// The name of the file.
pub const FILE: &str = "pylock.toml";

/// What is locked where there is no lock.
static NO_LOCK: DistributionsLock = DistributionsLock { packages: BTreeMap::new() };

/// The locked files, by the keys of their projects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistributionsLock {
    /// Several entries of a project differ in their purpose or version. They are sorted: the greatest version first.
    packages: BTreeMap<String, Vec<LockedDistribution>>,
}

/// What a distribution is locked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// A part uses it.
    Use,
    /// Builds require it.
    Build,
}

/// One locked distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LockedDistribution {
    /// What it is locked for.
    pub(crate) purpose: Purpose,
    /// Its version; `None` for a developed project.
    pub(crate) version: Option<Version>,
    /// Its files. All have a digest.
    pub(crate) files: Vec<IndexFile>,
    /// Where the project is developed instead, relative to the lock.
    pub(crate) directory: Option<String>,
}

/// How a lock is used.
#[derive(Clone, Debug)]
pub enum LockUse {
    /// Nothing but the locked files is available.
    Only(Arc<DistributionsLock>),
    /// The same, but there is no lock: nothing is available.
    Missing,
    /// Projects in the lock have only the locked files; all files of other projects are available.
    First(Arc<DistributionsLock>),
    /// All files are available, and the locked versions are preferred: a new lock is made.
    Preferred(Arc<DistributionsLock>),
}

impl LockUse {
    /// The lock.
    pub fn lock(&self) -> &DistributionsLock {
        match self {
            Self::Only(lock) | Self::First(lock) | Self::Preferred(lock) => lock,
            Self::Missing => &NO_LOCK,
        }
    }

    /// Whether nothing but the locked files is available.
    pub fn is_strict(&self) -> bool {
        matches!(self, Self::Only(_) | Self::Missing)
    }

    /// Whether a lock is required that does not exist.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// The lock, if it decides which files are available.
    pub(crate) fn deciding(&self) -> Option<&DistributionsLock> {
        match self {
            Self::Only(_) | Self::First(_) | Self::Missing => Some(self.lock()),
            Self::Preferred(_) => None,
        }
    }

    /// The lock, if its versions are only preferred.
    pub(crate) fn preferred(&self) -> Option<&DistributionsLock> {
        match self {
            Self::Preferred(lock) => Some(lock),
            Self::Only(_) | Self::First(_) | Self::Missing => None,
        }
    }
}

/// Why a lock cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pylock.toml cannot be used: {cause}")]
pub struct LockError {
    /// The error.
    pub(crate) cause: String,
}

impl base::source::Explain for LockError {
    fn remedies(&self) -> Vec<base::remedy::Remedy> {
        vec![base::remedy::Remedy::LockDistributions]
    }
}

/// A difference between a lock and a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistributionChange {
    /// It is added.
    Added(String, String),
    /// It is removed.
    Removed(String, String),
    /// It gets another version.
    Changed(String, String, String),
    /// Its files change, although its version is the same.
    Files(String, String),
}

/// `requests: 2.33.0 -> 2.34.2`.
impl std::fmt::Display for DistributionChange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Added(name, version) => write!(formatter, "{name}: added {version}"),
            Self::Removed(name, version) => write!(formatter, "{name}: removed {version}"),
            Self::Changed(name, old, new) => write!(formatter, "{name}: {old} -> {new}"),
            Self::Files(name, version) => write!(formatter, "{name} {version}: files changed"),
        }
    }
}

impl DistributionsLock {
    /// The entries of a project for a purpose, the greatest version first.
    pub(crate) fn packages(&self, key: &str, purpose: Purpose) -> impl Iterator<Item = &LockedDistribution> {
        self.packages.get(key).into_iter().flatten().filter(move |package| package.purpose == purpose)
    }

    /// Whether it has a project for a purpose.
    pub fn has(&self, key: &str, purpose: Purpose) -> bool {
        self.packages(key, purpose).next().is_some()
    }

    /// Whether it has this version of a project for a purpose.
    pub fn has_version(&self, key: &str, version: Option<&Version>, purpose: Purpose) -> bool {
        version.is_some() && self.packages(key, purpose).any(|package| package.version.as_ref() == version)
    }

    /// The locked files of a project.
    pub fn files(&self, key: &str, purpose: Purpose) -> Vec<IndexFile> {
        self.packages(key, purpose).flat_map(|package| package.files.iter().cloned()).collect()
    }

    /// The keys of all projects.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.packages.keys().map(String::as_str)
    }

    /// Removes a project, so that another version of it can be locked. Returns whether it was there.
    pub fn release(&mut self, key: &str) -> bool {
        self.packages.remove(key).is_some()
    }

    /// Equal for locks that have the same files for builds.
    pub fn digest_for_builds(&self) -> base::digest::Digest {
        let mut text = String::new();
        for (key, packages) in &self.packages {
            for package in packages.iter().filter(|package| package.purpose == Purpose::Build) {
                text += &format!("{key} {:?}\n", digests(package));
            }
        }
        base::digest::Digest::of(text.as_bytes())
    }

    /// Adds a project that is developed. `directory` is relative to the lock.
    pub fn add_developed(&mut self, key: &str, directory: &str) {
        let directory = if directory.is_empty() { "." } else { directory };
        let package = LockedDistribution {
            purpose: Purpose::Use,
            version: None,
            files: Vec::new(),
            directory: Some(directory.to_owned()),
        };
        self.insert(key, package);
    }

    /// Adds a version of a project; `files` are all available files of the project.
    ///
    /// # Errors
    /// When no file of the version is available, or one has no digest.
    pub fn add<E: From<LockError>>(
        &mut self,
        key: &str,
        version: &Version,
        purpose: Purpose,
        files: Vec<IndexFile>,
        mut sha256: impl FnMut(&IndexFile) -> Result<fetch::Checksum, E>,
    ) -> Result<(), E> {
        let mut all: Vec<IndexFile> = files.into_iter().filter(|file| file.name.version == *version).collect();
        for file in &mut all {
            if file.checksums.is_empty() {
                file.checksums.push(sha256(file)?);
            }
        }
        all.sort_by(|one, other| one.file.cmp(&other.file));
        all.dedup_by(|one, other| one.file == other.file);
        if all.is_empty() {
            let cause = format!("no source of distributions has a file of {key} {version}");
            return Err(LockError { cause }.into());
        }
        self.insert(key, LockedDistribution { purpose, version: Some(version.clone()), files: all, directory: None });
        Ok(())
    }

    fn insert(&mut self, key: &str, package: LockedDistribution) {
        let packages = self.packages.entry(key.to_owned()).or_default();
        packages.retain(|other| (other.purpose, &other.version) != (package.purpose, &package.version));
        packages.push(package);
        packages.sort_by(|one, other| one.purpose.cmp(&other.purpose).then(other.version.cmp(&one.version)));
    }

    /// The differences to another lock.
    pub fn changes(&self, new: &Self) -> Vec<DistributionChange> {
        let purposes = [Purpose::Use, Purpose::Build];
        let keys: BTreeSet<&String> = self.packages.keys().chain(new.packages.keys()).collect();
        let pairs = keys.into_iter().flat_map(|key| purposes.map(|purpose| (key, purpose)));
        pairs.filter_map(|(key, purpose)| change(key, purpose, self, new)).collect()
    }
}

fn change(key: &str, purpose: Purpose, old: &DistributionsLock, new: &DistributionsLock) -> Option<DistributionChange> {
    let shown = |lock: &DistributionsLock| {
        let versions = lock.packages(key, purpose);
        let shown = |package: &LockedDistribution| {
            package.version.as_ref().map_or_else(|| "(developed)".to_owned(), ToString::to_string)
        };
        versions.map(shown).collect::<Vec<_>>().join(", ")
    };
    let name = match purpose {
        Purpose::Use => key.to_owned(),
        Purpose::Build => format!("{key} (for builds)"),
    };
    match (shown(old), shown(new)) {
        (old, new) if old.is_empty() && new.is_empty() => None,
        (old, new) if old.is_empty() => Some(DistributionChange::Added(name, new)),
        (old, new) if new.is_empty() => Some(DistributionChange::Removed(name, old)),
        (old, new) if old != new => Some(DistributionChange::Changed(name, old, new)),
        (same, _) => {
            let files = |lock: &DistributionsLock| {
                lock.packages(key, purpose)
                    .flat_map(digests)
                    .map(|(file, digests)| (file.to_owned(), digests))
                    .collect::<Vec<_>>()
            };
            (files(old) != files(new)).then_some(DistributionChange::Files(name, same))
        }
    }
}

fn digests(package: &LockedDistribution) -> Vec<(&str, Vec<String>)> {
    package
        .files
        .iter()
        .map(|file| (file.file.as_str(), file.checksums.iter().map(ToString::to_string).collect()))
        .collect()
}

/// The path of a project in a lock: relative to its directory, if it is below it.
pub fn relative(path: PathBuf, directory: &std::path::Path) -> String {
    path.strip_prefix(directory).unwrap_or(&path).to_string_lossy().into_owned()
}
