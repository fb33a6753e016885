//! Distributions that are there: the eggs directory, develop eggs, and what one finds in a directory.
//!
//! The rules are those of `pkg_resources`, which zc.buildout uses: names of directories say what is in them, and of several
//! that fit the first of a fixed order counts. Knows nothing of indexes.

pub(crate) mod fill;
mod found;
mod scan;
mod zipped;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use found::{Distribution, Form, Precedence};
pub use scan::find;
pub(crate) use scan::link;
pub(crate) use zipped::read_zipped;

use crate::name;
use crate::python::Python;
use crate::requirement::Requirement;

/// The directories that distributions are kept in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Directories {
    /// `eggs-directory`, with `eggs-directory-version`: absolute.
    pub eggs: PathBuf,
    /// `develop-eggs-directory`: absolute.
    pub develop: PathBuf,
}

/// What is there for one Python.
#[derive(Clone, Debug, Default)]
pub struct Installed {
    /// By key; the best first, as `pkg_resources.Environment` sorts.
    projects: BTreeMap<String, Vec<Arc<Distribution>>>,
}

impl Installed {
    /// Looks into both directories. A directory that is not there holds nothing.
    pub fn scan(directories: &Directories, python: &Python) -> Self {
        let mut found = scan::eggs(&directories.eggs);
        found.extend(scan::find(&directories.develop, false));
        // zc.buildout overlooks eggs that `zc.recipe.egg:custom` has put there, unless they are of the old kind.
        let mut custom = scan::eggs(&directories.develop);
        custom.iter_mut().for_each(|distribution| distribution.precedence = Precedence::Develop);
        found.extend(custom);
        Self::of(found, python)
    }

    /// Looks into one directory of eggs.
    pub fn scan_eggs(eggs: &Path, python: &Python) -> Self {
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

    /// What is there of a project, the best first.
    pub fn project(&self, key: &str) -> &[Arc<Distribution>] {
        self.projects.get(key).map_or(&[], Vec::as_slice)
    }

    /// What is there that fits a requirement, the best first.
    pub fn matching<'a>(&'a self, requirement: &'a Requirement) -> impl Iterator<Item = &'a Arc<Distribution>> {
        self.project(&requirement.key()).iter().filter(|distribution| distribution.matches(requirement))
    }
}

/// The name of the egg of a distribution: `zope.interface-8.7-py3.11-linux-x86_64`.
pub fn egg_name(project: &str, version: &str, python: &Python) -> String {
    let (project, version) = (name::to_filename(project), name::to_filename(&crate::version::safe(version)));
    format!("{project}-{version}-py{}-{}", python.short_version(), python.platform)
}
