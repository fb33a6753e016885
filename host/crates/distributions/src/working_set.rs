//! A working set: the distributions that a script or a recipe uses, in the order of its path.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::eggs::{self, Directories, Distribution, ProgramSources};
use crate::name;
use crate::requirement::Requirement;

/// Distributions, one of each project, in the order of the path.
#[derive(Clone, Debug, Default)]
pub struct WorkingSet {
    distributions: Vec<Arc<Distribution>>,
}

/// The distribution of a project is not the required one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} is in the working set, but {wanted} is required")]
pub struct WrongVersion {
    /// The existing distribution.
    pub(crate) found: String,
    /// The requirement.
    pub(crate) wanted: String,
}

impl WorkingSet {
    /// These distributions in this order.
    pub fn new(distributions: Vec<Arc<Distribution>>) -> Self {
        Self { distributions }
    }

    /// In the order of zc.buildout's `sort_working_set`: developed projects first, then those in the eggs directory,
    /// then the others. Other distributions at the same locations are included, because they can be imported too.
    #[must_use]
    pub fn sorted(&self, directories: &Directories) -> Self {
        let developed = developed(&directories.develop);
        let (mut first, mut eggs, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for location in self.distributions.iter().map(|distribution| &distribution.location) {
            let text = location.to_string_lossy();
            match () {
                () if developed.contains(location) => first.push(location),
                // By characters, as in zc.buildout: `eggs-old` is treated like `eggs`.
                () if text.starts_with(&*directories.eggs.to_string_lossy()) => eggs.push(location),
                () => others.push(location),
            }
        }
        let mut sorted = Self::default();
        for location in first.into_iter().chain(eggs).chain(others) {
            sorted.add_location(location, &self.distributions);
        }
        sorted
    }

    /// Adds all distributions at a location; known ones stay unchanged.
    fn add_location(&mut self, location: &Path, known: &[Arc<Distribution>]) {
        for found in eggs::find(location, true) {
            if self.project(&found.key()).is_none() {
                let found = known.iter().find(|other| ***other == found).cloned().unwrap_or_else(|| Arc::new(found));
                self.distributions.push(found);
            }
        }
    }

    /// The same without what may not run as a recipe or an extension.
    #[must_use]
    pub fn that_may_run(mut self, sources: &ProgramSources) -> Self {
        self.distributions.retain(|found| sources.allow(found));
        self
    }

    /// The distributions in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Distribution>> {
        self.distributions.iter()
    }

    /// The distribution of a project, by its key.
    pub fn project(&self, key: &str) -> Option<&Arc<Distribution>> {
        self.distributions.iter().find(|distribution| distribution.key() == key)
    }

    /// The distribution that matches a requirement.
    ///
    /// # Errors
    /// When the project's distribution does not match.
    pub(crate) fn find(&self, requirement: &Requirement) -> Result<Option<&Arc<Distribution>>, WrongVersion> {
        match self.project(&name::canonical(&requirement.name)) {
            Some(found) if !found.matches(requirement) => {
                Err(WrongVersion { found: found.to_string(), wanted: requirement.to_string() })
            }
            found => Ok(found),
        }
    }

    /// The entries for the path: the locations of the distributions, then the directories in their `.pth` files.
    pub fn path(&self) -> Vec<PathBuf> {
        let mut path: Vec<PathBuf> = Vec::new();
        let mut add = |entry: PathBuf| {
            if !path.contains(&entry) {
                path.push(entry);
            }
        };
        self.distributions.iter().for_each(|distribution| add(distribution.location.clone()));
        self.distributions.iter().flat_map(|distribution| distribution.pth_entries()).cloned().for_each(add);
        path
    }
}

/// The targets of a directory's egg-links.
pub fn developed(directory: &Path) -> Vec<PathBuf> {
    let links = entries(directory).filter(|path| has_suffix(path, "egg-link"));
    links.filter_map(|path| eggs::link(&path)).map(PathBuf::from).collect()
}

/// The longest `.pth` file or `RECORD` that is read, in bytes.
const LONGEST_TEXT: u64 = 1 << 20;

/// The directories in the `.pth` files of a directory. Lines with code are not run.
pub(crate) fn pth_entries(location: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = entries(location).filter(|path| has_suffix(path, "pth")).collect();
    files.sort();
    files.iter().flat_map(|file| directories_in(file)).collect()
}

/// The same for the `.pth` files of one project in a directory: its metadata lists them.
pub(crate) fn own_pth_entries(directory: &Path, key: &str) -> Vec<PathBuf> {
    let is_its = |path: &PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        has_suffix(path, "dist-info") && stem.split('-').next().map(name::canonical).as_deref() == Some(key)
    };
    let records = entries(directory).filter(is_its).filter_map(|info| text(&info.join("RECORD")));
    let files = records.flat_map(|record| record.lines().filter_map(pth_file).collect::<Vec<_>>());
    files.flat_map(|file| directories_in(&directory.join(file))).collect()
}

/// The name of the `.pth` file in a line of a `RECORD`.
fn pth_file(line: &str) -> Option<String> {
    let name = line.split(',').next()?.trim_matches('"');
    (name.ends_with(".pth") && !name.contains('/')).then(|| name.to_owned())
}

/// The directories in one `.pth` file.
fn directories_in(file: &Path) -> Vec<PathBuf> {
    let location = file.parent().unwrap_or(file);
    let text = text(file).unwrap_or_default();
    let lines = text.lines().map(str::trim);
    let paths = lines.filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("import "));
    paths.map(|line| crate::scripts::absolute(&location.join(line))).collect()
}

fn text(path: &Path) -> Option<String> {
    String::from_utf8(base::files::read_at_most(path, LONGEST_TEXT).ok()?).ok()
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn has_suffix(path: &Path, suffix: &str) -> bool {
    path.extension().is_some_and(|extension| extension == suffix)
}
