//! Existing distributions: the eggs directory, develop eggs, and other directories.
//!
//! The rules are those of `pkg_resources`, which zc.buildout uses: the names of directories describe their contents,
//! and a fixed order decides which of several matching distributions is used. Knows nothing of indexes.

pub(crate) mod fill;
mod found;
mod programs;
mod scan;
mod zipped;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use found::{Distribution, MetadataForm, Precedence};
pub use programs::ProgramSources;
pub use scan::find;
pub(crate) use scan::link;
pub(crate) use zipped::read_zipped;

use crate::lock::{LockUse, Purpose};
use crate::name;
use crate::python::Python;

/// The directories in which distributions are kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Directories {
    /// `eggs-directory` with `eggs-directory-version`, absolute.
    pub eggs: PathBuf,
    /// `develop-eggs-directory`, absolute.
    pub develop: PathBuf,
}

/// The existing distributions for one Python.
#[derive(Clone, Debug, Default)]
pub(crate) struct InstalledDistributions {
    /// By key; the best one first, as `pkg_resources.Environment` sorts them.
    projects: BTreeMap<String, Vec<Arc<Distribution>>>,
}

impl InstalledDistributions {
    /// Reads both directories. A missing directory is empty.
    pub(crate) fn scan(directories: &Directories, path: &[PathBuf], python: &Python) -> Self {
        let mut found = scan::eggs(&directories.eggs);
        found.extend(scan::find(&directories.develop, false));
        // zc.buildout ignores eggs that `zc.recipe.egg:custom` has put there, except those of the old kind.
        let mut custom = scan::eggs(&directories.develop);
        custom.iter_mut().for_each(|distribution| distribution.precedence = Precedence::Develop);
        found.extend(custom);
        found.extend(path.iter().flat_map(|directory| scan::find(directory, false)));
        Self::of(found, python)
    }

    /// Reads one directory of eggs.
    pub(crate) fn scan_eggs(eggs: &Path, python: &Python) -> Self {
        Self::of(scan::eggs(eggs), python)
    }

    fn of(found: Vec<Distribution>, python: &Python) -> Self {
        let mut projects: BTreeMap<String, Vec<Arc<Distribution>>> = BTreeMap::new();
        for distribution in found.into_iter().filter(|distribution| distribution.fits(python)) {
            let known = projects.entry(distribution.key()).or_default();
            if !known.iter().any(|other| other.order() == distribution.order()) {
                known.push(Arc::new(distribution));
            }
        }
        for known in projects.values_mut() {
            known.sort_by(|one, other| other.order().cmp(&one.order()));
        }
        Self { projects }
    }

    /// The same without the eggs that a lock does not allow. Developed projects stay.
    #[must_use]
    pub(crate) fn allowed_by(mut self, lock: &LockUse) -> Self {
        let Some(locked) = lock.deciding() else { return self };
        let is_strict = lock.is_strict();
        for (key, known) in &mut self.projects {
            let is_locked = locked.has(key, Purpose::Use);
            known.retain(|found| {
                let fits = locked.has_version(key, found.parsed_version(), Purpose::Use);
                found.precedence == Precedence::Develop || fits || !(is_locked || is_strict)
            });
        }
        self
    }

    /// The same without what may not run as a recipe or an extension.
    #[must_use]
    pub(crate) fn that_may_run(mut self, sources: &ProgramSources) -> Self {
        self.projects.values_mut().for_each(|known| known.retain(|found| sources.allow(found)));
        self
    }

    /// The existing distributions of a project, the best one first.
    pub(crate) fn project(&self, key: &str) -> &[Arc<Distribution>] {
        self.projects.get(key).map_or(&[], Vec::as_slice)
    }
}

/// The name of a distribution's egg: `zope.interface-8.7-py3.11-linux-x86_64`.
pub(crate) fn egg_name(project: &str, version: &str, python: &Python) -> String {
    let (project, version) = (name::to_filename(project), name::to_filename(&crate::version::safe(version)));
    format!("{project}-{version}-py{}-{}", python.short_version(), python.platform)
}
