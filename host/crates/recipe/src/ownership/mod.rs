//! Which paths a part owns: those that it created (`docs/decisions/140-ownership.md`).
//!
//! What a part owns is removed with it. So nothing that existed before the part is its own, and nothing of another part,
//! whatever its recipe returns from `install`. This is the only place of that rule: [`Made`] collects what is created
//! during a call, [`Records`] has what the state records, and [`claim`] decides about one path.

mod index;
mod unfinished;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use base::collections::{Map, Set};
use base::files::checkout_in;

use crate::grants::mounts::{holds, normalize};
use crate::grants::rights::Rights;
use crate::grants::system::is_of_system;
use crate::limits;

pub(crate) use index::PathIndex;
pub use unfinished::Unfinished;

/// File systems take the time of a file's birth from a clock that is late by at most one tick of the kernel.
const TICK: Duration = Duration::from_millis(10);

/// What a part created during one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    paths: Set<PathBuf>,
    /// When the first command of the call started.
    commands_since: Option<SystemTime>,
    /// Whether that one could make paths of which the host knows only afterwards.
    is_unconfined: bool,
}

impl Made {
    /// Notes a path, absolute and normalized, that did not exist a moment ago.
    pub(crate) fn add(&mut self, path: PathBuf) {
        if self.paths.len() < limits::PATHS && !self.includes(&path) {
            self.paths.insert(path);
        }
    }

    /// The paths.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.paths.iter()
    }

    /// Notes that a command starts. The host does not see what it makes in directories that are granted for writing; without
    /// confinement, not even what it is known to make.
    pub(crate) fn command_starts(&mut self, is_unconfined: bool) {
        self.is_unconfined |= is_unconfined;
        self.commands_since.get_or_insert_with(|| SystemTime::now() - TICK);
    }

    /// Whether `path` was created, or a directory that contains it.
    pub(crate) fn includes(&self, path: &Path) -> bool {
        !self.paths.is_empty() && path.ancestors().any(|path| self.paths.contains(path))
    }

    /// Whether a command may have made `path`: it was born since the first one started. What is born in the future existed
    /// before: the clock was set back. `is_known` is a path that the host gives the command a place to make.
    fn by_a_command(&self, path: &Path, is_known: bool) -> bool {
        if is_known && !self.is_unconfined {
            return false;
        }
        let (Some(since), Some(born)) = (self.commands_since, birth(path)) else { return false };
        (since..=SystemTime::now() + TICK).contains(&born)
    }
}

/// What the state records of all parts.
#[derive(Debug, Default)]
pub(crate) struct Records {
    recorded: Mutex<RecordedPaths>,
}

#[derive(Debug, Default)]
struct RecordedPaths {
    by_part: Map<String, Vec<PathBuf>>,
    by_path: PathIndex,
    /// Directories of parts that were uninstalled in this run. They stayed because other parts have something there.
    left: Map<String, Vec<PathBuf>>,
}

impl Records {
    /// Replaces what is recorded of a part; `None` for one that is not installed.
    pub(crate) fn set(&self, part: &str, paths: Option<Vec<PathBuf>>) {
        let mut recorded = self.locked();
        let RecordedPaths { by_part, by_path, left } = &mut *recorded;
        paths.iter().flatten().for_each(|path| by_path.insert(path, part));
        let before = match paths {
            Some(paths) => by_part.insert(part.to_owned(), paths),
            None => by_part.remove(part),
        };
        let kept = by_part.get(part);
        left.remove(part);
        if kept.is_none() {
            let stays = |path: &&PathBuf| by_path.other_within(part, path).is_some();
            left.insert(part.to_owned(), before.iter().flatten().filter(stays).cloned().collect());
        }
        let gone = before.iter().flatten().filter(|path| kept.is_none_or(|kept| !kept.contains(path)));
        gone.for_each(|path| by_path.remove(path, part));
    }

    pub(crate) fn is_recorded(&self, part: &str) -> bool {
        self.locked().by_part.contains_key(part)
    }

    /// What is recorded of a part.
    pub(crate) fn of(&self, part: &str) -> Option<Vec<PathBuf>> {
        self.locked().by_part.get(part).cloned()
    }

    /// Whether `path` is recorded of the part, or below a path that is; or was until the part was uninstalled in this run.
    pub(crate) fn is_of(&self, part: &str, path: &Path) -> bool {
        let recorded = self.locked();
        let is_left = || recorded.left.get(part).is_some_and(|left| left.iter().any(|left| left == path));
        let paths = recorded.by_part.get(part);
        paths.is_some_and(|paths| paths.iter().any(|recorded| holds(recorded, path))) || is_left()
    }

    /// `path` and what is below it, as far as it is recorded of parts other than `part`, each with its owner.
    pub(crate) fn others_within(&self, part: &str, path: &Path) -> Vec<(PathBuf, String)> {
        let recorded = self.locked();
        let within = recorded.by_path.others_within(part, path);
        within.map(|(path, owner)| (path.to_owned(), owner.to_owned())).collect()
    }

    /// The part of which the innermost directory around `path` is recorded, if that is another one.
    fn other_around(&self, part: &str, path: &Path) -> Option<String> {
        self.locked().by_path.other_around(part, path).map(str::to_owned)
    }

    /// Another part of which `path`, or something below it, is recorded.
    fn other_within(&self, part: &str, path: &Path) -> Option<String> {
        self.locked().by_path.other_within(part, path).map(str::to_owned)
    }

    fn locked(&self) -> MutexGuard<'_, RecordedPaths> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known about the paths of one part during a call.
pub(crate) struct KnownPaths<'a> {
    pub(crate) part: &'a str,
    pub(crate) rights: &'a Rights,
    pub(crate) made: &'a Made,
    pub(crate) records: &'a Records,
    pub(crate) unfinished: &'a Unfinished,
}

impl KnownPaths<'_> {
    /// Whether something is at a path that the part did not make: neither in this call nor in an earlier one.
    pub(crate) fn is_foreign(&self, path: &Path) -> bool {
        let is_made = self.rights.is_own_place(path)
            || self.made.includes(path)
            || self.records.is_of(self.part, path)
            || self.unfinished.includes(self.part, path);
        !is_made && path.symlink_metadata().is_ok()
    }

    /// Announces a path that the part is about to create. Nothing is announced for a path that exists, that is
    /// known to be the part's by its place, or that is in a directory that the part made.
    ///
    /// # Errors
    /// The system's, if it cannot be written down: then the path must not be made.
    pub(crate) fn will_make(&self, path: &Path) -> std::io::Result<()> {
        let is_known = self.rights.owns_its_places() && self.rights.is_own_place(path);
        if is_known || self.made.includes(path) || path.symlink_metadata().is_ok() {
            return Ok(());
        }
        self.unfinished.announce(self.part, path)
    }
}

/// When the file was born. Not every file system has the time.
fn birth(path: &Path) -> Option<SystemTime> {
    path.symlink_metadata().and_then(|metadata| metadata.created()).ok()
}

/// Whether something is there that would be lost with it: anything but an empty directory.
pub(crate) fn is_filled(path: &Path) -> bool {
    let Ok(found) = path.symlink_metadata() else { return false };
    !found.is_dir() || std::fs::read_dir(path).map_or(true, |mut entries| entries.next().is_some())
}

/// What is to be said about a path that a recipe returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The part owns it.
    Own,
    /// It does not exist: nothing is owned.
    Missing,
    /// It existed before the part.
    Existed,
    /// It is, or contains, something of another part; or it is in a directory of another part, which may have made it.
    OfPart(String),
    /// It is version control, and not at one of the part's own places. If the part owns the checkout, it is removed with that.
    VersionControl {
        /// Whether the part owns the checkout.
        is_covered: bool,
    },
    /// No part can own it.
    Refused(&'static str),
}

/// Decides whether a part owns `path`.
pub(crate) fn claim(path: &str, rights: &Rights, made: &Made, records: &Records, unfinished: &Unfinished) -> Claim {
    if let Err(why) = rights.check_path(path) {
        return Claim::Refused(why);
    }
    let path = normalize(&rights.directory().join(path));
    if is_of_system(&path) {
        return Claim::Refused("a directory of the system, or a mount point, belongs to no part");
    }
    if !rights.is_own_place(&path)
        && path.symlink_metadata().is_ok()
        && let Some(checkout) = version_control(rights.directory(), &path)
    {
        let around =
            checkout.parent().and_then(Path::to_str).map(|around| claim(around, rights, made, records, unfinished));
        return Claim::VersionControl { is_covered: around == Some(Claim::Own) };
    }
    let part = rights.part.as_str();
    let is_recorded = records.is_of(part, &path);
    if let Some(other) = records.other_within(part, &path).filter(|_| !is_recorded) {
        return Claim::OfPart(other);
    }
    if rights.is_own_place(&path) || is_recorded {
        return Claim::Own;
    }
    if path.symlink_metadata().is_err() {
        return Claim::Missing;
    }
    if made.includes(&path) {
        return Claim::Own;
    }
    // The host does not see what commands make, nor what a run made that was killed.
    let unseen = || made.by_a_command(&path, rights.is_staged(&path)) || unfinished.includes(part, &path);
    if !rights.mounts.writable(&path) || !unseen() {
        return Claim::Existed;
    }
    // Neither does it see who made what is in the directory of another part; the user names what a part makes there.
    let other = records.other_around(part, &path).filter(|_| !rights.makes.contains(&path));
    other.map_or(Claim::Own, Claim::OfPart)
}

/// The directory of version control that `path` is, or is in. Where the buildout is does not matter.
fn version_control(directory: &Path, path: &Path) -> Option<PathBuf> {
    let root = if path.starts_with(directory) { directory } else { Path::new("/") };
    Some(root.join(checkout_in(path.strip_prefix(root).ok()?)?))
}
