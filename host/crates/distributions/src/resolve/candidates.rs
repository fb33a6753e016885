//! The candidates of a project, in zc.buildout's order of preference.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Knowledge, ResolveRequest};
use crate::eggs::{Distribution, Precedence};
use crate::filename::FileName;
use crate::index::{IndexFile, ProjectFiles, SearchLocation};
use crate::metadata;
use crate::python::Tags;
use crate::requirement::Requirement;
use crate::version::{self, Version};

/// A version of a project that could be used.
#[derive(Clone, Debug)]
pub enum Candidate {
    /// An existing distribution.
    Installed(Arc<Distribution>),
    /// An available file.
    File(Arc<IndexFile>),
}

impl Candidate {
    /// Its version; `None` for an existing distribution with an invalid version.
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Installed(distribution) => distribution.parsed_version(),
            Self::File(file) => Some(&file.name.version),
        }
    }

    /// Whether it is a developed project.
    pub fn is_developed(&self) -> bool {
        matches!(self, Self::Installed(distribution) if distribution.precedence == Precedence::Develop)
    }

    /// Its URL, if a requirement can contain it.
    pub(super) fn url(&self) -> Option<&str> {
        match self {
            Self::File(file) => match &file.location {
                SearchLocation::Url(url) => Some(url),
                SearchLocation::Path(_) => None,
            },
            Self::Installed(_) => None,
        }
    }

    /// Whether it was yanked.
    pub(super) fn is_yanked(&self) -> bool {
        matches!(self, Self::File(file) if file.yanked.is_some())
    }
}

/// `requests 2.34.2`, as in messages.
impl std::fmt::Display for Candidate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Installed(distribution) => distribution.fmt(formatter),
            Self::File(file) => write!(formatter, "{} {}", crate::name::safe(&file.name.name), file.name.version),
        }
    }
}

/// The sort key of candidates.
#[derive(Clone, Copy)]
pub(crate) struct Preferences<'a> {
    pub(crate) request: &'a ResolveRequest<'a>,
    pub(crate) tags: &'a Tags,
}

/// Whether a project can be resolved without its sources.
pub(crate) fn what_is_there_does(
    request: &ResolveRequest<'_>,
    knowledge: &Knowledge,
    key: &str,
    first: Option<&Requirement>,
) -> bool {
    if request.offline {
        return true;
    }
    if knowledge.widened.contains(key) || knowledge.urls.get(key).is_some_and(|urls| !urls.is_empty()) {
        return false;
    }
    let installed = request.installed.project(key);
    let usable = |distribution: &&Arc<Distribution>| first.is_none_or(|requirement| distribution.matches(requirement));
    let mut usable = installed.iter().filter(usable).peekable();
    if usable.peek().is_none() {
        return false;
    }
    let is_developed = usable.any(|distribution| distribution.precedence == Precedence::Develop);
    let is_pinned = first.is_some_and(|requirement| requirement.specifiers.is_pin());
    !request.newest || is_developed || is_pinned
}

impl Preferences<'_> {
    /// The candidates of a project, the best one first. `project` has the available files, if the sources were read.
    pub(crate) fn candidates(
        &self,
        key: &str,
        project: Option<&ProjectFiles>,
        roots: &[Requirement],
        knowledge: &Knowledge,
    ) -> Vec<Candidate> {
        let urls = knowledge.urls.get(key).filter(|urls| !urls.is_empty());
        if let Some(urls) = urls {
            return self.at_urls(urls);
        }
        let mut installed: Vec<Candidate> = Vec::new();
        for distribution in self.request.installed.project(key) {
            let candidate = Candidate::Installed(Arc::clone(distribution));
            let same = |other: &Candidate| {
                other.version() == candidate.version() && other.is_developed() == candidate.is_developed()
            };
            if !installed.iter().any(same) {
                installed.push(candidate);
            }
        }
        let developed = self.developed(&installed, roots);
        if !developed.is_empty() && !knowledge.not_only_developed.contains(key) {
            return developed;
        }
        let mut others: Vec<Candidate> = installed.into_iter().filter(|candidate| !candidate.is_developed()).collect();
        let there = others.len();
        for file in project.into_iter().flat_map(|project| self.best_files(project)) {
            if !others[..there].iter().any(|other| other.version() == Some(&file.name.version)) {
                others.push(Candidate::File(file));
            }
        }
        others.sort_by(|one, other| self.rank(key, other).cmp(&self.rank(key, one)));
        developed.into_iter().chain(others).collect()
    }

    /// Developed projects, except those that a direct requirement excludes.
    fn developed(&self, installed: &[Candidate], roots: &[Requirement]) -> Vec<Candidate> {
        let excluded = |distribution: &Distribution| {
            let key = distribution.key();
            roots.iter().any(|root| root.key() == key && !distribution.matches(root))
        };
        let developed = installed.iter().filter(|candidate| match candidate {
            Candidate::Installed(distribution) => candidate.is_developed() && !excluded(distribution),
            Candidate::File(_) => false,
        });
        developed.cloned().collect()
    }

    /// Greater is better: locked ones, existing ones if that is enough, releases if they are preferred, greater versions.
    fn rank<'c>(&self, key: &str, candidate: &'c Candidate) -> (bool, bool, bool, Option<&'c Version>) {
        let is_locked =
            self.request.preferred.is_some_and(|(lock, purpose)| lock.has_version(key, candidate.version(), purpose));
        let is_there = !self.request.newest && matches!(candidate, Candidate::Installed(_));
        let is_final = !self.request.prefer_final || candidate.version().is_some_and(version::is_final);
        (is_locked, is_there, is_final, candidate.version())
    }

    /// The best file of each version that this Python can use.
    fn best_files(&self, project: &ProjectFiles) -> Vec<Arc<IndexFile>> {
        let mut best: std::collections::BTreeMap<&Version, (&IndexFile, _)> = std::collections::BTreeMap::new();
        for file in project.files.iter().filter(|file| self.reason_against(file).is_none()) {
            let Some(preference) = file.name.preference(self.tags, self.request.python) else { continue };
            // A yanked file is used only if the version has no other; files on this machine come first.
            let merit = (file.yanked.is_none(), preference, matches!(file.location, SearchLocation::Path(_)));
            match best.get(&file.name.version) {
                Some((_, known)) if *known >= merit => {}
                _ => drop(best.insert(&file.name.version, (file, merit))),
            }
        }
        best.into_values().map(|(file, _)| Arc::new(file.clone())).collect()
    }

    /// The reason why a file cannot be used.
    pub(super) fn reason_against(&self, file: &IndexFile) -> Option<String> {
        let python = self.request.python;
        if self.request.sources_only && !file.name.is_source() {
            return Some("it is not a source distribution".to_owned());
        }
        if file.name.preference(self.tags, python).is_none() {
            return Some("it is for another Python or platform".to_owned());
        }
        let wanted = file.requires_python.as_deref();
        (!metadata::fits(wanted, python)).then(|| format!("it requires Python {}", wanted.unwrap_or_default()))
    }

    fn at_urls(&self, urls: &BTreeSet<String>) -> Vec<Candidate> {
        let file = |url: &String| {
            let link = crate::index::Link::of_url(url);
            let name = FileName::parse(&link.name)?;
            let IndexFile { checksums, location, file, .. } = link.into_file()?;
            Some(Candidate::File(Arc::new(IndexFile {
                name,
                file,
                location,
                checksums,
                requires_python: None,
                yanked: None,
                metadata: None,
                size: None,
            })))
        };
        urls.iter().filter_map(file).collect()
    }
}
