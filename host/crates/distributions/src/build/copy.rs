//! A private copy of a project, in which it is built: the build cannot write to the project itself, which may be the
//! directory of the whole buildout.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base::collections::Map;
use base::files::FileError;
use cap_std::fs::Dir;
use rustix::fs::{Timespec, Timestamps, futimens};

use super::BuildError;
use crate::handles::{self, CopyBudget, DEEPEST};
use crate::scripts::real_path;

/// Files that are longer, in bytes, are linked to instead of copied.
pub(super) const LONGEST: u64 = 8 << 20;

/// The most files and directories of a project.
pub(super) const MOST_ENTRIES: usize = 200_000;

/// The most bytes that are copied.
pub(super) const MOST_BYTES: u64 = 4 << 30;

/// Directories that are linked to as a whole: builds only read them.
pub(super) const LINKED: [&str; 5] = [".git", ".hg", ".svn", ".bzr", "node_modules"];

/// Directories of builds and caches at the top of the project: neither copied nor copied back.
const MADE: [&str; 4] = ["build", "dist", ".eggs", ".tox"];

/// When a file was changed, and its length.
pub(super) type ModificationStamp = (i64, i64, u64);

/// A private copy of a project.
pub(super) struct PrivateCopy {
    pub(super) project: PathBuf,
    /// The project's directory.
    pub(super) opened: Dir,
    pub(super) copy: PathBuf,
    /// Paths outside that links in the copy point to, which the build may read.
    pub(super) linked: Vec<PathBuf>,
    pub(super) stamps: Map<PathBuf, ModificationStamp>,
    protected: Vec<PathBuf>,
}

impl PrivateCopy {
    /// Copies `project`, whose path has no symbolic link, to `copy`, which does not exist, without the `protected`
    /// paths.
    pub(super) fn new(
        project: &Path,
        copy: &Path,
        protected: &[PathBuf],
        canceled: &dyn Fn() -> bool,
    ) -> Result<Self, BuildError> {
        let opened = handles::open_real(project).map_err(FileError::of("open", project))?;
        let mut private = Self {
            project: project.to_owned(),
            opened: opened.try_clone().map_err(FileError::of("open", project))?,
            copy: copy.to_owned(),
            linked: Vec::new(),
            stamps: Map::default(),
            protected: protected.iter().flat_map(|path| places(path)).collect(),
        };
        std::fs::create_dir(copy).map_err(FileError::of("create the directory", copy))?;
        let target = Dir::open_ambient_dir(copy, cap_std::ambient_authority()).map_err(FileError::of("open", copy))?;
        let mut budget = CopyBudget { entries: MOST_ENTRIES as u64, bytes: MOST_BYTES, canceled };
        private.copy_directory(&opened, &target, Path::new(""), &mut budget)?;
        Ok(private)
    }

    fn copy_directory(
        &mut self,
        from: &Dir,
        to: &Dir,
        inside: &Path,
        budget: &mut CopyBudget<'_>,
    ) -> Result<(), BuildError> {
        let directory = self.project.join(inside);
        for (name, kind) in handles::entries(from).map_err(FileError::of("read", &directory))? {
            let (path, inside) = (directory.join(&name), inside.join(&name));
            self.count(budget, 0, &path)?;
            if self.is_protected(&path) || is_made(&inside) {
                continue;
            }
            if kind.is_symlink() {
                let copied = from.read_link_contents(&name).and_then(|leads| to.symlink_contents(leads, &name));
                copied.map_err(FileError::of("copy", &path))?;
            } else if kind.is_dir() && LINKED.iter().any(|linked| name == *linked) {
                self.link_out(path, to, &name)?;
            } else if kind.is_dir() {
                if inside.components().count() > DEEPEST {
                    return Err(self.too_large(&path));
                }
                let below = to.create_dir(&name).and_then(|()| handles::open_directory(to, &name));
                let below = below.map_err(FileError::of("copy", &path))?;
                let source = handles::open_directory(from, &name);
                self.copy_directory(&source.map_err(FileError::of("open", &path))?, &below, &inside, budget)?;
            } else if kind.is_file() {
                let source = handles::open_file(from, &name).map_err(FileError::of("copy", &path))?;
                self.copy_file(&source, to, path, inside, budget)?;
            }
        }
        Ok(())
    }

    fn count(&self, budget: &mut CopyBudget<'_>, bytes: u64, path: &Path) -> Result<(), BuildError> {
        match budget.take(bytes) {
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => Err(self.too_large(path)),
            other => Ok(other.map_err(FileError::of("copy", path))?),
        }
    }

    fn too_large(&self, path: &Path) -> BuildError {
        let cause = format!("the project is too large to be copied (at {})", path.display());
        BuildError::Project { path: self.project.clone(), cause, place: None }
    }

    fn link_out(&mut self, path: PathBuf, to: &Dir, name: &OsStr) -> Result<(), BuildError> {
        to.symlink_contents(&path, name).map_err(FileError::of("create a link to", &path))?;
        self.linked.push(path);
        Ok(())
    }

    fn copy_file(
        &mut self,
        source: &File,
        to: &Dir,
        path: PathBuf,
        inside: PathBuf,
        budget: &mut CopyBudget<'_>,
    ) -> Result<(), BuildError> {
        let metadata = source.metadata().map_err(FileError::of("read", &path))?;
        let name = path.file_name().unwrap_or_default().to_owned();
        if metadata.len() > LONGEST {
            return self.link_out(path, to, &name);
        }
        self.count(budget, metadata.len(), &path)?;
        let copied = copy(source, &metadata, to, &name, budget.canceled).map_err(FileError::of("copy", &path))?;
        self.stamps.insert(inside, stamp(&copied));
        Ok(())
    }

    pub(super) fn is_protected(&self, path: &Path) -> bool {
        self.protected.iter().any(|protected| path.starts_with(protected))
    }
}

/// A path, and where it is if links on the way to it are followed.
fn places(path: &Path) -> Vec<PathBuf> {
    let parent = path.parent().map(real_path).zip(path.file_name()).map(|(parent, name)| parent.join(name));
    [Some(path.to_owned()), Some(real_path(path)), parent].into_iter().flatten().collect()
}

pub(super) fn is_made(inside: &Path) -> bool {
    MADE.iter().any(|made| inside == Path::new(made))
}

pub(super) fn stamp(metadata: &Metadata) -> ModificationStamp {
    (metadata.mtime(), metadata.mtime_nsec(), metadata.len())
}

/// Copies a file with its permissions and time, but without its privileges (setuid, setgid), and not writable by others.
pub(super) fn copy(
    source: &File,
    metadata: &Metadata,
    to: &Dir,
    name: &OsStr,
    canceled: &dyn Fn() -> bool,
) -> std::io::Result<Metadata> {
    let file = handles::create(to, name, metadata.permissions().mode() & 0o777 | 0o600)?;
    handles::copy_content(source, &file, canceled)?;
    let time = Timespec { tv_sec: metadata.mtime(), tv_nsec: metadata.mtime_nsec() };
    futimens(&file, &Timestamps { last_access: time, last_modification: time })?;
    file.metadata()
}
