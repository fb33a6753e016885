//! A private copy of a project, in which it is built: the build cannot write to the project itself, which may be the
//! directory of the whole buildout.
//!
//! Afterwards, the files that the build has made or changed are copied back, except to protected places.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base::collections::Map;
use base::files::FileError;
use rustix::fs::{Timespec, Timestamps, futimens, ioctl_ficlone};

use super::BuildError;

/// Files that are longer, in bytes, are linked to instead of copied.
pub(super) const LONGEST: u64 = 8 << 20;

/// The most files and directories of a project.
pub(super) const MOST_ENTRIES: usize = 200_000;

/// The most bytes that are copied.
const MOST_BYTES: u64 = 4 << 30;

/// Directories that are linked to as a whole: builds only read them.
pub(super) const LINKED: [&str; 5] = [".git", ".hg", ".svn", ".bzr", "node_modules"];

/// Directories of builds and caches at the top of the project: neither copied nor copied back.
const MADE: [&str; 4] = ["build", "dist", ".eggs", ".tox"];

/// When a file was changed, and its length.
type Stamp = (i64, i64, u64);

/// A private copy of a project.
pub(super) struct PrivateCopy {
    project: PathBuf,
    pub(super) copy: PathBuf,
    /// Paths outside that links in the copy point to, which the build may read.
    pub(super) linked: Vec<PathBuf>,
    stamps: Map<PathBuf, Stamp>,
    protected: Vec<PathBuf>,
    entries: usize,
    bytes: u64,
}

impl PrivateCopy {
    /// Copies `project` to `copy`, which does not exist, without the `protected` paths.
    pub(super) fn new(project: &Path, copy: &Path, protected: &[PathBuf]) -> Result<Self, BuildError> {
        let mut private = Self {
            project: project.to_owned(),
            copy: copy.to_owned(),
            linked: Vec::new(),
            stamps: Map::default(),
            protected: protected.to_vec(),
            entries: 0,
            bytes: 0,
        };
        private.copy_directory(Path::new(""))?;
        Ok(private)
    }

    fn copy_directory(&mut self, relative: &Path) -> Result<(), BuildError> {
        let (from, to) = (self.project.join(relative), self.copy.join(relative));
        std::fs::create_dir(&to).map_err(FileError::of("make the directory", &to))?;
        for entry in std::fs::read_dir(&from).map_err(FileError::of("read", &from))? {
            let entry = entry.map_err(FileError::of("read", &from))?;
            let (path, name) = (entry.path(), entry.file_name());
            let inside = relative.join(&name);
            self.count(&path)?;
            if self.is_protected(&path) || is_made(&inside) {
                continue;
            }
            let kind = entry.file_type().map_err(FileError::of("read", &path))?;
            let target = to.join(&name);
            if kind.is_symlink() {
                let leads = std::fs::read_link(&path).map_err(FileError::of("read", &path))?;
                link(&leads, &target)?;
            } else if kind.is_dir() && LINKED.iter().any(|linked| name == *linked) {
                self.link_out(path, &target)?;
            } else if kind.is_dir() {
                self.copy_directory(&inside)?;
            } else if kind.is_file() {
                self.copy_file(path, &target, inside)?;
            }
        }
        Ok(())
    }

    fn count(&mut self, path: &Path) -> Result<(), BuildError> {
        self.entries += 1;
        if self.entries <= MOST_ENTRIES && self.bytes <= MOST_BYTES {
            return Ok(());
        }
        let cause = format!("the project is too large to be copied (at {})", path.display());
        Err(BuildError::Project { path: self.project.clone(), cause })
    }

    fn link_out(&mut self, path: PathBuf, target: &Path) -> Result<(), BuildError> {
        link(&path, target)?;
        self.linked.push(path);
        Ok(())
    }

    fn copy_file(&mut self, path: PathBuf, target: &Path, inside: PathBuf) -> Result<(), BuildError> {
        let source = File::open(&path).map_err(FileError::of("open", &path))?;
        let metadata = source.metadata().map_err(FileError::of("read", &path))?;
        if metadata.len() > LONGEST {
            return self.link_out(path, target);
        }
        self.bytes += metadata.len();
        copy(&source, &metadata, target).map_err(FileError::of("copy to", target))?;
        let copied = target.metadata().map_err(FileError::of("read", target))?;
        self.stamps.insert(inside, stamp(&copied));
        Ok(())
    }

    fn is_protected(&self, path: &Path) -> bool {
        self.protected.iter().any(|protected| path.starts_with(protected))
    }

    /// Copies back the files that the build has made or changed. Returns their paths in the project.
    pub(super) fn bring_back(&self) -> Result<BTreeSet<PathBuf>, BuildError> {
        let mut brought = BTreeSet::new();
        self.bring_back_directory(Path::new(""), &mut brought)?;
        Ok(brought)
    }

    fn bring_back_directory(&self, relative: &Path, brought: &mut BTreeSet<PathBuf>) -> Result<(), BuildError> {
        let from = self.copy.join(relative);
        for entry in std::fs::read_dir(&from).map_err(FileError::of("read", &from))? {
            let entry = entry.map_err(FileError::of("read", &from))?;
            let inside = relative.join(entry.file_name());
            let target = self.project.join(&inside);
            let is_left = is_made(&inside)
                || LINKED.iter().any(|linked| entry.file_name() == *linked)
                || entry.file_name() == "__pycache__";
            if is_left || self.is_protected(&target) {
                continue;
            }
            let kind = entry.file_type().map_err(FileError::of("read", &entry.path()))?;
            if kind.is_dir() {
                // Through a link, the build would write elsewhere.
                if target.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) {
                    continue;
                }
                self.bring_back_directory(&inside, brought)?;
            } else if kind.is_file() {
                if self.bring_back_file(&entry.path(), &inside, &target)? {
                    brought.insert(inside);
                }
            }
        }
        Ok(())
    }

    /// Returns whether the file is new or changed.
    fn bring_back_file(&self, path: &Path, inside: &Path, target: &Path) -> Result<bool, BuildError> {
        let source = File::open(path).map_err(FileError::of("open", path))?;
        let metadata = source.metadata().map_err(FileError::of("read", path))?;
        if self.stamps.get(inside) == Some(&stamp(&metadata)) {
            return Ok(false);
        }
        if target.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Ok(false);
        }
        let parent = target.parent().unwrap_or(&self.project);
        std::fs::create_dir_all(parent).map_err(FileError::of("make the directory", parent))?;
        let mut name = std::ffi::OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(".new");
        let aside = parent.join(name);
        let _ = std::fs::remove_file(&aside);
        copy(&source, &metadata, &aside).map_err(FileError::of("copy to", &aside))?;
        std::fs::rename(&aside, target).map_err(FileError::of("replace", target))?;
        Ok(true)
    }
}

pub(super) fn is_made(inside: &Path) -> bool {
    MADE.iter().any(|made| inside == Path::new(made))
}

fn link(leads: &Path, target: &Path) -> Result<(), FileError> {
    std::os::unix::fs::symlink(leads, target).map_err(FileError::of("make the link", target))
}

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.mtime(), metadata.mtime_nsec(), metadata.len())
}

/// Copies a file with its permissions and time, but without its privileges (setuid, setgid).
fn copy(source: &File, metadata: &Metadata, target: &Path) -> std::io::Result<()> {
    let mode = metadata.permissions().mode() & 0o777 | 0o600;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(target)?;
    if ioctl_ficlone(&file, source).is_err() {
        std::io::copy(&mut { source }, &mut { &file })?;
    }
    let time = Timespec { tv_sec: metadata.mtime(), tv_nsec: metadata.mtime_nsec() };
    Ok(futimens(&file, &Timestamps { last_access: time, last_modification: time })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_makes_comes_back_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let project = directory.path().join("project");
        let write = |path: &str, text: &str| {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for path in ["setup.py", "src/a/__init__.py", "src/a/version.py", "bin/tool", ".git/HEAD", "build/old"] {
            write(&format!("project/{path}"), "old");
        }
        write("outside/kept", "kept");
        std::os::unix::fs::symlink(directory.path().join("outside"), project.join("link")).unwrap();
        let protected = [project.join("bin"), project.join("buildout.cfg")];
        let copy = directory.path().join("copy");
        let private = PrivateCopy::new(&project, &copy, &protected).unwrap();
        assert!(!copy.join("bin").exists() && !copy.join("build").exists());
        assert_eq!(std::fs::read_link(copy.join(".git")).unwrap(), project.join(".git"));
        assert_eq!(private.linked, [project.join(".git")]);
        for path in
            ["src/a/version.py", "src/a.egg-info/PKG-INFO", "bin/evil", "buildout.cfg", "build/new", "src/a/_x.so"]
        {
            write(&format!("copy/{path}"), "new");
        }
        std::fs::remove_file(copy.join("link")).unwrap();
        write("copy/link/kept", "evil");
        std::fs::remove_file(copy.join(".git")).unwrap();
        write("copy/.git/hooks/post-checkout", "evil");
        let brought = private.bring_back().unwrap();
        let shown: Vec<_> = brought.iter().map(|path| path.to_string_lossy()).collect();
        assert_eq!(shown, ["src/a/_x.so", "src/a/version.py", "src/a.egg-info/PKG-INFO"]);
        let read = |path: &str| std::fs::read_to_string(project.join(path)).ok();
        for (path, text) in [
            ("setup.py", Some("old")),
            ("src/a/version.py", Some("new")),
            ("src/a.egg-info/PKG-INFO", Some("new")),
            ("src/a/_x.so", Some("new")),
            ("bin/evil", None),
            ("buildout.cfg", None),
            ("build/new", None),
            ("link/kept", Some("kept")),
            (".git/hooks/post-checkout", None),
        ] {
            assert_eq!(read(path).as_deref(), text, "{path}");
        }
    }
}
