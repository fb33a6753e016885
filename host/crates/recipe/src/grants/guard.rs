//! What a recipe may not change although it may write the directory that contains it: the files of the host, what other
//! recipes are made of, and version control (`docs/decisions/150-python-recipes.md`).
//!
//! Paths are compared as the system resolves them: whatever links a recipe makes, the answer is about the real place. A
//! check is about an open directory and a name in it, so that nothing can change between the check and the operation.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::checkouts::Checkouts;
use super::path_dependencies::FollowedPath;
use super::reserved_names::ReservedNames;

/// Paths that stay as they are. Empty for a recipe that may not write the directories that hold them.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// Files, and directories with everything below, and what they lead to if they are links. Absolute and normalized.
    kept: Vec<PathBuf>,
    /// Links on the way to them: they are not replaced, but what is written through them can be something else.
    links: Vec<PathBuf>,
    /// Directories in them that are granted for writing.
    granted: Vec<PathBuf>,
    /// Checkouts of version control anywhere.
    checkouts: Checkouts,
    /// Directories that stay where they are, whatever changes in them.
    places: Vec<Arc<Path>>,
    /// Names that may not be made.
    reserved: ReservedNames,
}

/// What is done to an entry of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is written, or created as a file or a directory.
    Write,
    /// It is removed, renamed or replaced, or created as a link.
    Replace,
}

impl Guard {
    /// Keeps these paths. What they lead to is found out now: the links on their way stay as they are. What contains one of the
    /// `open` directories is not kept.
    pub(crate) fn new(mut kept: Vec<PathBuf>, open: &[&Path]) -> Self {
        let real: Vec<PathBuf> = open.iter().filter_map(|open| open.canonicalize().ok()).collect();
        let is_open = |path: &PathBuf| real.iter().any(|open| open.starts_with(path));
        let mut links = Vec::new();
        for way in FollowedPath::all(&kept) {
            kept.extend(way.targets.into_iter().filter(|target| !is_open(target)));
            links.extend(way.links);
        }
        for paths in [&mut kept, &mut links] {
            paths.sort();
            paths.dedup();
        }
        Self { kept, links, ..Self::default() }
    }

    /// The same with these checkouts.
    pub(super) fn with_checkouts(self, checkouts: Checkouts) -> Self {
        Self { checkouts, ..self }
    }

    /// The same with these names.
    pub(super) fn reserving(self, reserved: ReservedNames) -> Self {
        Self { reserved, ..self }
    }

    /// The directories in which everything else may be made.
    pub(super) fn reserving_directories(&self) -> impl Iterator<Item = &Path> {
        self.reserved.directories()
    }

    /// The same where these directories of the buildout stay where they are: the next run would take a link on the way to one
    /// for the user's, and follow it. An empty guard stays empty.
    pub(super) fn with_places(self, places: &[Arc<Path>]) -> Self {
        match self.is_empty() {
            true => self,
            false => Self { places: places.to_vec(), ..self },
        }
    }

    /// These directories.
    pub(super) fn places(&self) -> &[Arc<Path>] {
        &self.places
    }

    /// Whether one of them is `path`, or is below it.
    fn holds_place(&self, path: &Path) -> bool {
        let is_below = |place: &Arc<Path>| {
            place.starts_with(path) || real_entry(place).is_some_and(|place| place.starts_with(path))
        };
        self.places.iter().any(is_below)
    }

    /// The same without these directories and what is below them.
    pub(crate) fn without(self, granted: Vec<PathBuf>) -> Self {
        Self { granted, ..self }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The paths, as they are written, with the checkouts that were found so far.
    fn kept(&self) -> impl Iterator<Item = &PathBuf> {
        self.kept.iter().chain(self.checkouts.found())
    }

    /// Everything that stays where it is: the same with the links on the way.
    pub(crate) fn staying(&self) -> impl Iterator<Item = &PathBuf> {
        self.kept().chain(&self.links)
    }

    /// Looks for checkouts, because a command is about to start: what it can reach is decided by paths that exist.
    ///
    /// # Errors
    /// When there are too many files.
    pub(crate) fn find_checkouts(&self) -> io::Result<()> {
        self.checkouts.find(&|directory| self.keeps(directory, Change::Write) || self.is_granted(directory))
    }

    fn is_granted(&self, path: &Path) -> bool {
        let is_below = |granted: &PathBuf| {
            path.starts_with(granted) || real_entry(granted).is_some_and(|granted| path.starts_with(granted))
        };
        self.granted.iter().any(is_below)
    }

    /// Whether an entry of an open directory stays as it is.
    ///
    /// # Errors
    /// When the place of the directory cannot be found out, or there are too many files to look for checkouts.
    pub(crate) fn keeps_entry(&self, directory: &impl AsFd, name: &OsStr, change: Change) -> io::Result<bool> {
        if self.is_empty() {
            return Ok(false);
        }
        let path = real(directory)?.join(name);
        let is_directory = || path.symlink_metadata().is_ok_and(|found| found.is_dir());
        // A directory that is moved to the part's own place would take its checkouts there, out of protection.
        if change == Change::Replace && !self.checkouts.is_own(&path) && is_directory() {
            self.find_checkouts()?;
        }
        Ok(self.keeps(&path, change))
    }

    /// Whether an open file is one that stays as it is, by whatever name it was opened.
    ///
    /// # Errors
    /// When its place cannot be found out.
    pub(crate) fn keeps_file(&self, file: &File) -> io::Result<bool> {
        if self.is_empty() {
            return Ok(false);
        }
        let found = file.metadata()?;
        Ok(self.keeps(&real(file)?, Change::Write) || self.is_linked(found.dev(), found.ino(), found.nlink()))
    }

    /// Whether a file is the same as a kept one: a hard link has no target that could be compared.
    pub(crate) fn is_linked(&self, device: u64, number: u64, links: u64) -> bool {
        let is_same = |kept: &PathBuf| {
            kept.metadata().is_ok_and(|kept| kept.is_file() && (kept.dev(), kept.ino()) == (device, number))
        };
        links > 1 && self.kept.iter().any(is_same)
    }

    /// Whether `path`, without links on its way, stays as it is.
    pub(crate) fn keeps(&self, path: &Path, change: Change) -> bool {
        if change == Change::Replace && self.holds_place(path) {
            return true;
        }
        if self.is_granted(path) {
            return false;
        }
        let is_kept = |kept: &Path| path.starts_with(kept) || change == Change::Replace && kept.starts_with(path);
        let is_listed = |kept: &PathBuf| is_kept(kept) || real_entry(kept).is_some_and(|kept| is_kept(&kept));
        let is_way = || change == Change::Replace && self.links.iter().any(|link| link.starts_with(path));
        self.kept().any(is_listed) || is_way() || self.checkouts.hold(path) || self.reserved.hold(path, change)
    }
}

/// The path of something that is open.
fn real(opened: &impl AsFd) -> io::Result<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", opened.as_fd().as_raw_fd()))
}

/// `path` without links on the way to it. It need not exist.
pub(super) fn real_entry(path: &Path) -> Option<PathBuf> {
    let mut missing = Vec::new();
    let mut existing = path.parent()?;
    missing.push(path.file_name()?);
    loop {
        match existing.canonicalize() {
            Ok(real) => return Some(missing.iter().rev().fold(real, |path, name| path.join(name))),
            Err(_) => {
                missing.push(existing.file_name()?);
                existing = existing.parent()?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_same_answer() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let at = |path: &str| root.join(path);
        std::fs::create_dir_all(at("b/bin")).unwrap();
        std::fs::write(at("b/bin/buildout"), "").unwrap();
        std::os::unix::fs::symlink(at("b"), at("alias")).unwrap();
        std::os::unix::fs::symlink("bin", at("b/link")).unwrap();
        // The user may have written the path with a link.
        for written in ["b", "alias"] {
            let guard = Guard::new(vec![at(&format!("{written}/bin/buildout")), at(&format!("{written}/.git"))], &[]);
            let t = |directory: &str, name: &str, change| {
                guard.keeps_entry(&File::open(at(directory)).unwrap(), OsStr::new(name), change).unwrap()
            };
            for directory in ["b/bin", "b/link", "alias/bin"] {
                assert!(t(directory, "buildout", Change::Write), "{directory}");
                assert!(!t(directory, "other", Change::Replace), "{directory}");
            }
            assert!(t("b", "bin", Change::Replace) && !t("b", "bin", Change::Write));
            assert!(t("b", ".git", Change::Write) && !t("b", ".github", Change::Write));
        }
        std::fs::create_dir_all(at("shared/deep")).unwrap();
        std::os::unix::fs::symlink(at("shared"), at("way")).unwrap();
        std::os::unix::fs::symlink(at("way/real.cfg"), at("buildout.cfg")).unwrap();
        std::fs::write(at("shared/real.cfg"), "").unwrap();
        let guard = Guard::new(vec![at("buildout.cfg")], &[]);
        for (path, change) in [
            ("buildout.cfg", Change::Write),
            ("shared/real.cfg", Change::Write),
            ("shared", Change::Replace),
            ("way", Change::Replace),
        ] {
            assert!(guard.keeps(&at(path), change), "{path}");
        }
        assert!(!guard.keeps(&at("shared/other"), Change::Replace) && !guard.keeps(&at("way/other"), Change::Write));
        std::fs::create_dir_all(at("b/.git/hooks")).unwrap();
        let guard = Guard::new(vec![at("b/bin/buildout"), at("b/.git")], &[]).without(vec![at("b/.git/info")]);
        assert!(!guard.keeps(&at("b/.git/info/exclude"), Change::Replace));
        let hooks = File::open(at("b/.git/hooks")).unwrap();
        assert!(guard.keeps_entry(&hooks, OsStr::new("pre-commit"), Change::Write).unwrap());
        std::fs::hard_link(at("b/bin/buildout"), at("b/hard")).unwrap();
        assert!(guard.keeps_file(&File::open(at("b/hard")).unwrap()).unwrap());
        assert!(guard.keeps_file(&File::open(at("b/link/buildout")).unwrap()).unwrap());
    }
}
