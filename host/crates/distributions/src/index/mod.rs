//! Available distributions: package indexes (the simple API) and `find-links`.
//!
//! Knows nothing of requirements, and uses the network through [`Web`].

mod archive;
mod hosts;
mod html;
mod json;
mod links;
mod pages;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base::event::Report;
use base::source::redact;
use fetch::Checksum;
use url::Url;

use crate::filename::FileName;
use crate::lock::{LockUse, Purpose};
use crate::name;
pub use hosts::AllowedHosts;
pub(crate) use links::Link;
pub use pages::{IndexCredentials, NoWeb, Page, PageDownloads, Web, WebError};

/// The sources of distributions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DistributionSources {
    /// The index: a URL, or a directory of this machine.
    pub index: SearchLocation,
    /// What sets the index, if `[buildout] index` does not.
    pub origin: Option<String>,
    /// Other places: archives, directories, pages with links.
    pub find_links: Vec<SearchLocation>,
    /// Hosts that may be used.
    pub allowed: AllowedHosts,
    /// Whether only these places are used, none of them on the network (`install-from-cache`).
    pub local: bool,
}

impl DistributionSources {
    /// The places on the network.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.index).chain(&self.find_links).filter_map(|location| match location {
            SearchLocation::Url(url) => Some(url.as_str()),
            SearchLocation::Path(_) => None,
        })
    }
}

/// A place that is searched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SearchLocation {
    /// On the network.
    Url(String),
    /// On this machine.
    Path(PathBuf),
}

impl SearchLocation {
    /// Parses a setting: a URL, a `file:` URL, or a path, relative to `directory`.
    pub fn parse(text: &str, directory: &Path) -> Self {
        match Url::parse(text) {
            Ok(url) if url.scheme() == "file" => match url.to_file_path() {
                Ok(path) => Self::Path(path),
                Err(()) => Self::Url(text.to_owned()),
            },
            // A single letter is the drive of a Windows path in zc.buildout; here it is not a scheme either.
            Ok(url) if url.scheme().len() > 1 => Self::Url(text.to_owned()),
            _ => Self::Path(directory.join(text)),
        }
    }
}

/// As shown to a person, without credentials.
impl std::fmt::Display for SearchLocation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(url) => formatter.write_str(&redact(url)),
            Self::Path(path) => path.display().fmt(formatter),
        }
    }
}

/// An available file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFile {
    /// The parts of its name.
    pub name: FileName,
    /// Its name.
    pub file: String,
    /// Its location.
    pub(crate) location: SearchLocation,
    /// Its expected digests, as far as the index has them; all must match.
    pub checksums: Vec<Checksum>,
    /// `Requires-Python`, if the index has it.
    pub(crate) requires_python: Option<String>,
    /// The reason if it was yanked.
    pub(crate) yanked: Option<String>,
    /// Where its metadata can be read without the file, and its expected digests.
    pub(crate) metadata: Option<SeparateMetadata>,
    /// Its length in bytes, if the index has it.
    pub(crate) size: Option<u64>,
}

/// Metadata that an index serves separately from the file (PEP 658, 714).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeparateMetadata {
    /// Its location.
    pub(crate) url: String,
    /// Its expected digests, if the index has them.
    pub(crate) checksum: Option<Checksum>,
}

/// Why the available files are unknown.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A required page cannot be read.
    #[error("Cannot read {location}: {cause}")]
    Page {
        /// The page.
        location: SearchLocation,
        /// The cause.
        cause: String,
        /// What sets the index, if `[buildout] index` does not.
        origin: Option<String>,
    },
    /// The run was interrupted.
    #[error("Reading the package index was canceled")]
    Canceled,
}

impl base::source::Explain for IndexError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Page { origin: Some(origin), .. } => {
                vec![format!("This index is set by {origin}. `index` in [buildout] would take its place.")]
            }
            Self::Page { location: SearchLocation::Url(_), .. } => {
                vec!["[buildout] index and find-links specify where distributions are looked for.".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

/// The files of the index and the other sources, requested at most once for each project.
pub struct PackageIndex<'a> {
    web: &'a dyn Web,
    report: &'a dyn Report,
    sources: DistributionSources,
    /// The lock, if there is one.
    lock: Option<LockUse>,
    projects: Mutex<BTreeMap<String, ProjectSlot>>,
    find_links: Mutex<Option<Arc<Links>>>,
}

/// The available files of one project.
#[derive(Debug, Default)]
pub struct ProjectFiles {
    /// The files, in no particular order.
    pub(crate) files: Vec<IndexFile>,
    /// Whether the index has a page about this project.
    pub(crate) known: bool,
    /// Whether the index was not asked, because `allow-hosts` does not allow its host.
    pub(crate) refused: bool,
}

/// The result for one project; a second thread waits for it.
type ProjectSlot = Arc<Mutex<Option<Arc<ProjectFiles>>>>;

/// The files of `find-links`, by the key of the project.
type Links = BTreeMap<String, Vec<IndexFile>>;

impl<'a> PackageIndex<'a> {
    /// The files of `sources`. Nothing is requested yet.
    pub fn new(sources: DistributionSources, web: &'a dyn Web, report: &'a dyn Report) -> Self {
        Self { web, report, sources, lock: None, projects: Mutex::default(), find_links: Mutex::default() }
    }

    /// The same with a lock.
    #[must_use]
    pub fn with_lock(self, lock: Option<LockUse>) -> Self {
        Self { lock, ..self }
    }

    /// The lock.
    pub(crate) fn lock(&self) -> Option<&LockUse> {
        self.lock.as_ref()
    }

    /// The sources.
    pub(crate) fn sources(&self) -> &DistributionSources {
        &self.sources
    }

    /// The locked files of a project; `None` if the sources are to be used.
    fn of_lock(&self, key: &str, purpose: Purpose) -> Option<ProjectFiles> {
        let lock = self.lock.as_ref()?;
        let is_locked = lock.deciding()?.has(key, purpose);
        match (is_locked, lock) {
            (true, lock) => Some(ProjectFiles { files: lock.lock().files(key, purpose), known: true, refused: false }),
            (false, lock) if lock.is_strict() => Some(ProjectFiles::default()),
            (false, _) => None,
        }
    }

    /// The available files of the project whose key is `key`; `written` is its name as written by a user. Several
    /// threads may call this; for one project, the sources are read once.
    ///
    /// # Errors
    /// When a required page cannot be read.
    pub(crate) fn project(&self, key: &str, written: &str, purpose: Purpose) -> Result<Arc<ProjectFiles>, IndexError> {
        if let Some(locked) = self.of_lock(key, purpose) {
            return Ok(Arc::new(locked));
        }
        let slot = Arc::clone(lock(&self.projects).entry(key.to_owned()).or_default());
        let mut slot = lock(&slot);
        if let Some(known) = &*slot {
            return Ok(Arc::clone(known));
        }
        let mut project = self.ask(key, written)?;
        project.files.extend(self.find_links()?.get(key).into_iter().flatten().cloned());
        if matches!(self.lock, Some(LockUse::First(_))) && !project.files.is_empty() {
            self.report.log(base::event::Level::Warning, &format!("{written} is not in {}", crate::lock::FILE));
        }
        let project = Arc::new(project);
        *slot = Some(Arc::clone(&project));
        Ok(project)
    }

    fn ask(&self, key: &str, written: &str) -> Result<ProjectFiles, IndexError> {
        let mut tried = vec![key.to_owned()];
        if name::safe(written) != key {
            tried.push(name::safe(written));
        }
        for form in &tried {
            let links = match &self.sources.index {
                SearchLocation::Url(index) => self.page(&format!("{}/{form}/", index.trim_end_matches('/')), true)?,
                SearchLocation::Path(index) => archive::directory(&index.join(form)),
            };
            if let Some(links) = links {
                let mut files: Vec<IndexFile> = links.into_iter().filter_map(|link| self.file(link)).collect();
                files.retain(|file| file.name.key() == key);
                return Ok(ProjectFiles { files, known: true, refused: false });
            }
        }
        // An index on this machine may be a single directory of archives.
        if let SearchLocation::Path(index) = &self.sources.index {
            let mut files: Vec<IndexFile> =
                archive::directory(index).into_iter().flatten().filter_map(|link| self.file(link)).collect();
            files.retain(|file| file.name.key() == key);
            return Ok(ProjectFiles { known: !files.is_empty(), files, refused: false });
        }
        let refused = matches!(&self.sources.index, SearchLocation::Url(index) if !self.sources.allowed.allows(index));
        Ok(ProjectFiles { refused, ..ProjectFiles::default() })
    }

    /// The links of a page; `None` if the page does not exist.
    fn page(&self, url: &str, is_index: bool) -> Result<Option<Vec<Link>>, IndexError> {
        let wrong = |cause: String| IndexError::Page {
            location: SearchLocation::Url(url.to_owned()),
            cause,
            origin: self.sources.origin.clone().filter(|_| is_index),
        };
        if self.sources.local || !self.sources.allowed.allows(url) {
            return Ok(None);
        }
        let page = match self.web.page(url, is_index, self.report) {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(None),
            Err(WebError::Canceled) => return Err(IndexError::Canceled),
            Err(WebError::Failed(cause)) => return Err(wrong(cause)),
        };
        if !self.sources.allowed.allows(page.url.as_str()) {
            let cause =
                format!("the server redirects to {}, which allow-hosts does not allow", redact(page.url.as_str()));
            return Err(wrong(cause));
        }
        let read = match page.is_json() {
            true => json::links(&page),
            false => html::links(&page),
        };
        // A page without a distribution may come from a proxy, or be of a project whose first release appears soon.
        let is_useful = |links: &Vec<Link>| links.iter().any(|link| FileName::parse(&link.name).is_some());
        if !read.as_ref().is_ok_and(is_useful) {
            self.web.forget(url);
        }
        read.map(Some).map_err(wrong)
    }

    /// The file that a link points to, if it may be used and its name is that of a distribution.
    fn file(&self, link: Link) -> Option<IndexFile> {
        if let SearchLocation::Url(url) = &link.location
            && (self.sources.local || !self.sources.allowed.allows(url))
        {
            return None;
        }
        link.into_file()
    }

    /// The files of all `find-links`. A page that cannot be read is reported and skipped, as in zc.buildout.
    fn find_links(&self) -> Result<Arc<Links>, IndexError> {
        let mut known = lock(&self.find_links);
        if let Some(links) = &*known {
            return Ok(Arc::clone(links));
        }
        let mut all = Links::new();
        for location in &self.sources.find_links {
            for link in self.found_at(location)? {
                if let Some(file) = self.file(link) {
                    all.entry(file.name.key()).or_default().push(file);
                }
            }
        }
        let all = Arc::new(all);
        *known = Some(Arc::clone(&all));
        Ok(all)
    }

    fn found_at(&self, location: &SearchLocation) -> Result<Vec<Link>, IndexError> {
        let warn = |message: &str| self.report.log(base::event::Level::Warning, message);
        match location {
            SearchLocation::Path(path) => Ok(archive::found(path).unwrap_or_else(|| {
                warn(&format!("Not found: {}", path.display()));
                Vec::new()
            })),
            SearchLocation::Url(url) => {
                let link = Link::of_url(url);
                if FileName::parse(&link.name).is_some() {
                    return Ok(vec![link]);
                }
                match self.page(url, false) {
                    Ok(links) => Ok(links.unwrap_or_default()),
                    Err(IndexError::Canceled) => Err(IndexError::Canceled),
                    Err(error) => {
                        warn(&format!("{error} -- some distributions may not be found."));
                        Ok(Vec::new())
                    }
                }
            }
        }
    }
}

/// The value is complete even if a thread panicked: it is only ever replaced as a whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
