//! What a build of a project can read: all files of the project, so that a later run knows whether something changed.
//!
//! Files of the buildout, of earlier builds and of Python's cache are not among them, as builds do not see them or do not
//! depend on them.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base::digest::Digest;
use base::files::FileError;

use super::BuildError;
use super::copy::{LINKED, LONGEST, MOST_ENTRIES, is_made};

/// Directories whose contents follow from other files.
const DERIVED: [&str; 1] = ["__pycache__"];

/// What version control systems change in their directories when the version of the project changes.
const OF_VERSION_CONTROL: [&str; 9] = [
    ".git/HEAD",
    ".git/index",
    ".git/packed-refs",
    ".git/refs",
    ".hg/dirstate",
    ".hg/store/00changelog.i",
    ".svn/wc.db",
    ".bzr/branch/last-revision",
    ".bzr/checkout/dirstate",
];

/// A file system can give the same time to two changes that are closer to each other than this.
const GRAIN: Duration = Duration::from_secs(2);

/// What the file system says about a file: it is different after every change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileStamp {
    inode: u64,
    length: u64,
    mode: u32,
    /// Changed with the content and with the permissions, and no program can set it.
    changed: (i64, i64),
}

/// The files of a project at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProjectSnapshot {
    project: PathBuf,
    files: BTreeMap<PathBuf, FileStamp>,
    /// Symbolic links and what they point to. Directories count as such.
    others: BTreeMap<PathBuf, PathBuf>,
}

impl ProjectSnapshot {
    /// The files of a project, without the `protected` paths.
    pub(super) fn of(project: &Path, protected: &[PathBuf]) -> Result<Self, BuildError> {
        let mut inputs = Self { project: project.to_owned(), files: BTreeMap::new(), others: BTreeMap::new() };
        inputs.add_directory(Path::new(""), protected)?;
        OF_VERSION_CONTROL.iter().for_each(|path| inputs.add_version_control(Path::new(path)));
        Ok(inputs)
    }

    fn add_directory(&mut self, relative: &Path, protected: &[PathBuf]) -> Result<(), BuildError> {
        let directory = self.project.join(relative);
        for entry in std::fs::read_dir(&directory).map_err(FileError::of("read", &directory))? {
            let entry = entry.map_err(FileError::of("read", &directory))?;
            let (path, name) = (entry.path(), entry.file_name());
            let inside = relative.join(&name);
            if self.files.len() + self.others.len() > MOST_ENTRIES {
                let cause = format!("the project is too large (at {})", path.display());
                return Err(BuildError::Project { path: self.project.clone(), cause, place: None });
            }
            if is_made(&inside) || protected.iter().any(|protected| path.starts_with(protected)) {
                continue;
            }
            let kind = entry.file_type().map_err(FileError::of("read", &path))?;
            if kind.is_symlink() {
                self.others.insert(inside, std::fs::read_link(&path).map_err(FileError::of("read", &path))?);
            } else if kind.is_dir() && !LINKED.iter().chain(&DERIVED).any(|other| name == *other) {
                self.others.insert(inside.clone(), PathBuf::new());
                self.add_directory(&inside, protected)?;
            } else if kind.is_file() && Path::new(&name).extension().is_none_or(|extension| extension != "pyc") {
                let metadata = entry.metadata().map_err(FileError::of("read", &path))?;
                self.files.insert(inside, stamp(&metadata));
            }
        }
        Ok(())
    }

    /// Adds a file, or all files of a directory, as far as they can be read.
    fn add_version_control(&mut self, inside: &Path) {
        let path = self.project.join(inside);
        let Ok(metadata) = path.symlink_metadata() else { return };
        if metadata.is_file() {
            self.files.insert(inside.to_owned(), stamp(&metadata));
        } else if metadata.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            entries.for_each(|entry| self.add_version_control(&inside.join(entry.file_name())));
        }
    }

    /// Whether nothing is different but the `expected` files: then a build that ran meanwhile has seen the others as they
    /// are.
    pub(super) fn differ_only_in(&self, other: &Self, expected: &BTreeSet<PathBuf>) -> bool {
        let new = |inputs: &Self| {
            let files = inputs.files.iter().filter(|(path, _)| !expected.contains(*path));
            files.map(|(path, stamp)| (path.clone(), *stamp)).collect::<BTreeMap<_, _>>()
        };
        let links = |inputs: &Self| {
            let others = inputs.others.iter().filter(|(_, leads)| !leads.as_os_str().is_empty());
            others.map(|(path, leads)| (path.clone(), leads.clone())).collect::<BTreeMap<_, _>>()
        };
        new(self) == new(other) && links(self) == links(other)
    }

    /// Equal only if no file was changed; `None` if a change could have gone unnoticed since.
    pub(super) fn stamps(&self) -> Option<String> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let latest = self.files.values().map(|stamp| stamp.changed.0).max().unwrap_or(0);
        let settled = u64::try_from(latest).is_ok_and(|latest| Duration::from_secs(latest) + GRAIN < now);
        settled.then(|| Digest::of(format!("{:?}\n{:?}", self.files, self.others).as_bytes()).to_string())
    }

    /// Equal if all files have the same contents.
    pub(super) fn contents(&self) -> Result<String, BuildError> {
        let mut text = format!("{:?}\n", self.others);
        for (inside, stamp) in &self.files {
            let path = self.project.join(inside);
            let content = match stamp.length > LONGEST {
                true => format!("{stamp:?}"),
                false => {
                    let bytes = base::files::read_at_most(&path, LONGEST).map_err(FileError::of("read", &path))?;
                    Digest::of(&bytes).to_string()
                }
            };
            text += &format!("{} {:o} {content}\n", inside.display(), stamp.mode);
        }
        Ok(Digest::of(text.as_bytes()).to_string())
    }
}

fn stamp(metadata: &std::fs::Metadata) -> FileStamp {
    FileStamp {
        inode: metadata.ino(),
        length: metadata.len(),
        mode: metadata.mode(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    }
}
