//! `pylock.toml` (PEP 751): the files of all distributions with their digests, so that every run installs the same bytes.
//!
//! All files of a distribution's version are listed, so that a lock made on one machine serves others. The requirements
//! of builds are not in it.

mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use crate::index::{IndexFile, SearchLocation};
use crate::name;
use crate::resolve::{Candidate, ResolvedDistribution};
use crate::version::Version;

/// The version of the format that is written.
const VERSION: &str = "1.0";

/// The locked files, by the keys of their projects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistributionsLock {
    packages: BTreeMap<String, LockedDistribution>,
}

/// One locked distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedDistribution {
    /// Its version; `None` for a developed project.
    pub version: Option<Version>,
    /// Its files. All have a digest.
    pub files: Vec<IndexFile>,
    /// Where the project is developed instead, relative to the lock.
    pub directory: Option<String>,
}

/// Why a lock cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pylock.toml cannot be used: {cause}")]
pub struct LockError {
    /// The error.
    pub cause: String,
}

impl base::source::Explain for LockError {
    fn hints(&self) -> Vec<String> {
        vec!["A lock that was lost or damaged can be made again.".to_owned()]
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
            Self::Added(name, version) => write!(formatter, "{name}: {version} is added"),
            Self::Removed(name, version) => write!(formatter, "{name}: {version} is removed"),
            Self::Changed(name, old, new) => write!(formatter, "{name}: {old} -> {new}"),
            Self::Files(name, version) => write!(formatter, "{name}: {version} has other files"),
        }
    }
}

impl DistributionsLock {
    /// The locked distribution of a project.
    pub fn package(&self, key: &str) -> Option<&LockedDistribution> {
        self.packages.get(key)
    }

    /// The keys of all projects.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.packages.keys().map(String::as_str)
    }

    /// The locked versions, by key, as pins.
    pub fn pins(&self) -> impl Iterator<Item = (&str, String)> {
        self.packages.iter().filter_map(|(key, package)| Some((key.as_str(), package.version.as_ref()?.to_string())))
    }

    /// Adds the result of a resolution. `files` returns all available files of a project; the paths of developed
    /// projects are relative to `directory`.
    ///
    /// # Errors
    /// When neither the index nor the file itself provides a digest.
    pub fn add<'a>(
        &mut self,
        steps: &[ResolvedDistribution],
        files: impl Fn(&str) -> Vec<IndexFile>,
        directory: &Path,
        mut sha256: impl FnMut(&IndexFile) -> Result<fetch::Checksum, LockError> + 'a,
    ) -> Result<(), LockError> {
        for step in steps {
            let key = step.requirement.key();
            if step.candidate.is_developed() {
                let location = match &step.candidate {
                    Candidate::Installed(distribution) => distribution.location.clone(),
                    Candidate::File(_) => continue,
                };
                let shown = location.strip_prefix(directory).unwrap_or(&location).to_string_lossy().into_owned();
                let shown = if shown.is_empty() { ".".to_owned() } else { shown };
                self.packages
                    .insert(key, LockedDistribution { version: None, files: Vec::new(), directory: Some(shown) });
                continue;
            }
            let version = step.candidate.version().cloned();
            let mut all: Vec<IndexFile> =
                files(&key).into_iter().filter(|file| Some(&file.name.version) == version.as_ref()).collect();
            if let Candidate::File(chosen) = &step.candidate
                && !all.iter().any(|file| file.file == chosen.file)
            {
                all.push((**chosen).clone());
            }
            for file in &mut all {
                if file.checksums.is_empty() {
                    file.checksums.push(sha256(file)?);
                }
            }
            all.sort_by(|one, other| one.file.cmp(&other.file));
            all.dedup_by(|one, other| one.file == other.file);
            self.packages.insert(key, LockedDistribution { version, files: all, directory: None });
        }
        Ok(())
    }

    /// The differences to another lock.
    pub fn changes(&self, new: &Self) -> Vec<DistributionChange> {
        let shown = |package: &LockedDistribution| {
            package.version.as_ref().map_or_else(|| "(developed)".to_owned(), ToString::to_string)
        };
        let keys: std::collections::BTreeSet<&String> = self.packages.keys().chain(new.packages.keys()).collect();
        let change = |key: &String| match (self.packages.get(key), new.packages.get(key)) {
            (None, Some(new)) => Some(DistributionChange::Added(key.clone(), shown(new))),
            (Some(old), None) => Some(DistributionChange::Removed(key.clone(), shown(old))),
            (Some(old), Some(new)) if old.version != new.version => {
                Some(DistributionChange::Changed(key.clone(), shown(old), shown(new)))
            }
            (Some(old), Some(new)) if digests(old) != digests(new) => {
                Some(DistributionChange::Files(key.clone(), shown(old)))
            }
            _ => None,
        };
        keys.into_iter().filter_map(change).collect()
    }

    /// The text of the file. `directory` is where it will be.
    pub fn text(&self, directory: &Path) -> String {
        let mut document = DocumentMut::new();
        document["lock-version"] = value(VERSION);
        document["created-by"] = value("buildout-host");
        let mut packages = ArrayOfTables::new();
        for (key, package) in &self.packages {
            packages.push(table(key, package, directory));
        }
        if !packages.is_empty() {
            document["packages"] = Item::ArrayOfTables(packages);
        }
        document.to_string()
    }
}

fn digests(package: &LockedDistribution) -> Vec<(&str, Vec<String>)> {
    package
        .files
        .iter()
        .map(|file| (file.file.as_str(), file.checksums.iter().map(ToString::to_string).collect()))
        .collect()
}

fn table(key: &str, package: &LockedDistribution, directory: &Path) -> Table {
    let mut table = Table::new();
    table["name"] = value(name::canonical(key));
    if let Some(version) = &package.version {
        table["version"] = value(version.to_string());
    }
    if let Some(project) = &package.directory {
        let mut inline = InlineTable::new();
        inline.insert("path", project.as_str().into());
        inline.insert("editable", true.into());
        table["directory"] = value(inline);
    }
    let mut wheels = toml_edit::Array::new();
    for file in &package.files {
        let mut inline = inline(file, directory);
        match (file.name.is_source(), table.contains_key("sdist")) {
            (false, _) => {
                inline.decor_mut().set_prefix("\n    ");
                wheels.push_formatted(Value::InlineTable(inline));
            }
            (true, false) => table["sdist"] = value(inline),
            // A release has one archive of sources; a second format of it adds nothing.
            (true, true) => {}
        }
    }
    if !wheels.is_empty() {
        wheels.set_trailing("\n");
        wheels.set_trailing_comma(true);
        table["wheels"] = value(wheels);
    }
    table
}

fn inline(file: &IndexFile, directory: &Path) -> InlineTable {
    let mut inline = InlineTable::new();
    inline.insert("name", file.file.as_str().into());
    match &file.location {
        // Credentials belong to the machine on which the lock is used.
        SearchLocation::Url(url) => drop(inline.insert("url", without_credentials(url).into())),
        SearchLocation::Path(path) => {
            let path = path.strip_prefix(directory).unwrap_or(path).to_string_lossy().into_owned();
            drop(inline.insert("path", path.into()));
        }
    }
    if let Some(size) = file.size.and_then(|size| i64::try_from(size).ok()) {
        inline.insert("size", size.into());
    }
    let mut hashes = InlineTable::new();
    for checksum in &file.checksums {
        hashes.insert(checksum.algorithm().name(), checksum.to_string().into());
    }
    inline.insert("hashes", Value::InlineTable(hashes));
    inline
}

fn without_credentials(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else { return url.to_owned() };
    // These calls fail only for URLs that cannot have credentials.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.into()
}
