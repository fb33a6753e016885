//! One existing distribution and its metadata.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::entry_points::{self, Group};
use crate::metadata::{Fields, Metadata, MetadataError};
use crate::name;
use crate::python::Python;
use crate::requirement::Requirement;
use crate::version::{self, Version};
use crate::working_set;

/// The longest metadata file that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// The kind of an existing distribution; if all else is equal, a greater one is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precedence {
    /// Developed sources.
    Develop,
    /// An egg.
    Egg,
}

/// Where its metadata is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataForm {
    /// A directory `….dist-info`.
    DistInfo(PathBuf),
    /// A directory `….egg-info`, or `EGG-INFO` in an egg.
    EggInfo(PathBuf),
    /// A file `….egg-info`.
    EggInfoFile(PathBuf),
}

/// An existing distribution.
#[derive(Debug)]
pub struct Distribution {
    /// The entry for the path, as a real path.
    pub location: PathBuf,
    /// The name, as written in the directory's name.
    pub project: String,
    /// The version, normalized.
    pub version: String,
    /// Its version of Python, if the name has one.
    pub(crate) python: Option<String>,
    /// Its platform, if the name has one.
    pub(crate) platform: Option<String>,
    /// Its kind.
    pub precedence: Precedence,
    /// Where its metadata is.
    pub form: MetadataForm,
    /// The directory with the egg-link that led to it.
    pub(super) link_directory: Option<PathBuf>,
    parsed: Option<Version>,
    metadata: OnceLock<Result<Metadata, MetadataError>>,
    pth: OnceLock<Vec<PathBuf>>,
}

/// The order by which the best of several is chosen.
type PreferenceKey<'a> = (Option<&'a Version>, Precedence, String, &'a Path, &'a str, &'a str);

impl Distribution {
    /// Reads the name of the entry `metadata` of the directory `location`. For an egg, that entry is the egg itself.
    pub(super) fn of_entry(location: &Path, entry: &str, form: MetadataForm, precedence: Precedence) -> Option<Self> {
        let stem = entry.rsplit_once('.').map_or(entry, |(stem, _)| stem);
        let parts = EggNameParts::of(stem);
        let mut distribution = Self {
            location: location.to_owned(),
            project: name::safe(parts.name?),
            version: parts.version.map(version::safe).unwrap_or_default(),
            python: parts.python.map(str::to_owned),
            platform: parts.platform.map(str::to_owned),
            precedence,
            form,
            link_directory: None,
            parsed: None,
            metadata: OnceLock::new(),
            pth: OnceLock::new(),
        };
        // Distutils mangled versions in names; the metadata has the real one.
        let is_egg_info = entry.to_ascii_lowercase().ends_with(".egg-info");
        if is_egg_info || distribution.version.is_empty() {
            let text = distribution.read(distribution.pkg_info());
            let written = Fields::parse(&text.unwrap_or_default()).first("Version").map(version::safe);
            distribution.version =
                written.or_else(|| Some(distribution.version.clone()).filter(|known| !known.is_empty()))?;
        }
        distribution.parsed = version::parse(&distribution.version);
        Some(distribution)
    }

    /// The name in the form for comparison.
    pub fn key(&self) -> String {
        name::canonical(&self.project)
    }

    /// The version, if it is valid.
    pub fn parsed_version(&self) -> Option<&Version> {
        self.parsed.as_ref()
    }

    /// Whether it can be used with `python`, judged by its name.
    pub(super) fn fits(&self, python: &Python) -> bool {
        self.python.as_ref().is_none_or(|version| *version == python.short_version())
            && self.platform.as_ref().is_none_or(|platform| *platform == python.platform)
    }

    /// Whether it matches a requirement, without extras and markers.
    pub(crate) fn matches(&self, requirement: &Requirement) -> bool {
        self.key() == requirement.key()
            && self.parsed.as_ref().is_some_and(|version| requirement.specifiers.contains(version))
    }

    /// The sort key of several distributions; the greatest is the best. (An invalid version is the least.)
    pub(super) fn order(&self) -> PreferenceKey<'_> {
        let (python, platform) = (self.python.as_deref().unwrap_or(""), self.platform.as_deref().unwrap_or(""));
        (self.parsed.as_ref(), self.precedence, self.project.to_lowercase(), &self.location, python, platform)
    }

    /// Its metadata, read when it is first requested.
    ///
    /// # Errors
    /// When the metadata is invalid.
    pub fn metadata(&self) -> Result<&Metadata, &MetadataError> {
        self.metadata.get_or_init(|| self.read_metadata()).as_ref()
    }

    /// The directories in the `.pth` files at its location, read when they are first requested. If an egg-link led to it, those
    /// in its own files next to the link follow: not all modules are where the link leads.
    pub fn pth_entries(&self) -> &[PathBuf] {
        self.pth.get_or_init(|| {
            let mut entries = working_set::pth_entries(&self.location);
            let linked = self.link_directory.as_ref();
            entries
                .extend(linked.into_iter().flat_map(|directory| working_set::own_pth_entries(directory, &self.key())));
            entries
        })
    }

    fn read_metadata(&self) -> Result<Metadata, MetadataError> {
        let pkg_info = self.read(self.pkg_info()).ok_or(MetadataError::Missing("metadata"))?;
        match &self.form {
            MetadataForm::DistInfo(_) => Metadata::parse(&pkg_info),
            MetadataForm::EggInfo(_) => Metadata::parse_egg(&pkg_info, &self.text("requires.txt").unwrap_or_default()),
            MetadataForm::EggInfoFile(_) => Metadata::parse_egg(&pkg_info, ""),
        }
    }

    fn pkg_info(&self) -> PathBuf {
        match &self.form {
            MetadataForm::DistInfo(directory) => directory.join("METADATA"),
            MetadataForm::EggInfo(directory) => directory.join("PKG-INFO"),
            MetadataForm::EggInfoFile(file) => file.clone(),
        }
    }

    /// The contents of one of its metadata files, if it exists.
    pub fn text(&self, file: &str) -> Option<String> {
        match &self.form {
            MetadataForm::DistInfo(directory) | MetadataForm::EggInfo(directory) => self.read(directory.join(file)),
            MetadataForm::EggInfoFile(_) => None,
        }
    }

    fn read(&self, path: PathBuf) -> Option<String> {
        let bytes = base::files::read_at_most(&path, LONGEST).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Its entry points.
    ///
    /// # Errors
    /// The error in its `entry_points.txt`.
    pub fn entry_points(&self) -> Result<Vec<Group>, String> {
        entry_points::parse(&self.text("entry_points.txt").unwrap_or_default())
    }

    /// Old scripts that setuptools kept with the metadata of an egg: their names and contents, sorted.
    pub(crate) fn scripts(&self) -> Vec<(String, String)> {
        let (MetadataForm::DistInfo(directory) | MetadataForm::EggInfo(directory)) = &self.form else {
            return Vec::new();
        };
        let entries = std::fs::read_dir(directory.join("scripts")).into_iter().flatten().flatten();
        let mut scripts: Vec<(String, String)> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let text = if name.to_lowercase().ends_with(".exe") { None } else { self.read(entry.path()) };
                Some((name, text?))
            })
            .collect();
        scripts.sort();
        scripts
    }

    /// Whether its namespace packages work only with `pkg_resources`, which is part of setuptools.
    pub(crate) fn needs_pkg_resources(&self) -> bool {
        let Some(namespaces) = self.text("namespace_packages.txt") else { return false };
        namespaces.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).any(|namespace| {
            let init = self.location.join(namespace.replace('.', "/")).join("__init__.py");
            let text = self.read(init).unwrap_or_default();
            text.contains("pkg_resources") && !text.contains("pkgutil")
        })
    }
}

/// `requests 2.34.2`.
impl std::fmt::Display for Distribution {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.project, self.version)
    }
}

/// Two are the same if they have the same location and name.
impl PartialEq for Distribution {
    fn eq(&self, other: &Self) -> bool {
        self.order().cmp(&other.order()) == Ordering::Equal
    }
}

/// `NAME-VERSION-pyX.Y-PLATFORM`; parts can be missing from the end.
#[derive(Default)]
struct EggNameParts<'a> {
    name: Option<&'a str>,
    version: Option<&'a str>,
    python: Option<&'a str>,
    platform: Option<&'a str>,
}

impl<'a> EggNameParts<'a> {
    fn of(stem: &'a str) -> Self {
        let mut parts = stem.splitn(4, '-');
        let name = parts.next().filter(|name| !name.is_empty());
        let version = parts.next().filter(|version| !version.is_empty());
        let third = parts.next().filter(|part| part.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("py")));
        let python = third.map(|part| &part[2..]).filter(|python| !python.is_empty());
        Self { name, version, python, platform: parts.next().filter(|_| python.is_some()) }
    }
}
