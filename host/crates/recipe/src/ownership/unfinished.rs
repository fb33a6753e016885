//! Paths that parts are about to make, in a file next to the state, while a run lasts.
//!
//! A run that is killed has not recorded what the part at work had made. Without this file, the next run would take it for
//! something that existed before the part. Only paths outside the part's own places are written down. What somebody else
//! puts in the place of such a path after the kill is not the part's: it was born later than the path was announced.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base::files::read_at_most;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::{TICK, birth};
use crate::grants::locations::UNFINISHED;

/// How long after its announcement a path may be created.
const DELAY: Duration = Duration::from_millis(200);
/// The longest file that is read; a longer one is of no run.
const SIZE: u64 = 16 << 20;

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Announcement {
    part: String,
    /// Absolute and normalized. Nothing was there.
    path: PathBuf,
    /// When the run began, in nanoseconds since the Unix epoch. A file that is moved to the path was made since then.
    run: u64,
    /// When the path was announced, in the same unit.
    at: u64,
    /// Whether a recipe has announced it (`paths.created`): its commands may make the path much later.
    later: bool,
}

/// The announcements of this run, and those that a run left that was killed.
#[derive(Debug, Default)]
pub struct Unfinished {
    /// `None` for a buildout without a state.
    path: Option<PathBuf>,
    /// When this run began.
    run: u64,
    /// Of the run that was killed.
    left: Mutex<Vec<Announcement>>,
    /// When the last announcement of that run was written.
    last: u64,
    file: Mutex<Option<File>>,
}

impl Unfinished {
    /// Reads what a killed run left. The state lock is held. Lines that cannot be read count as missing: what they
    /// announced is kept, and owned by no part.
    pub fn open(state: Option<&Path>) -> Self {
        let path = state.map(|state| {
            let mut name = state.as_os_str().to_owned();
            name.push(UNFINISHED);
            PathBuf::from(name)
        });
        let (left, last) = path.as_deref().and_then(left_in).unwrap_or_default();
        let run = nanoseconds(SystemTime::now() - TICK);
        Self { path, run, left: Mutex::new(left), last, file: Mutex::default() }
    }

    /// Writes down that a part is about to make a path, at which there is nothing.
    ///
    /// # Errors
    /// The system's: then the path must not be made.
    pub(crate) fn announce(&self, part: &str, path: &Path) -> io::Result<()> {
        self.write(part, path, false)
    }

    /// Writes down that a part will make a path during this call.
    ///
    /// # Errors
    /// As [`Self::announce`].
    pub(crate) fn announce_for_later(&self, part: &str, path: &Path) -> io::Result<()> {
        self.write(part, path, true)
    }

    fn write(&self, part: &str, path: &Path, later: bool) -> io::Result<()> {
        let Some(file) = &self.path else { return Ok(()) };
        let (part, path, at) = (part.to_owned(), path.to_owned(), nanoseconds(SystemTime::now()));
        let line = Announcement { part, path, run: self.run, at, later };
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            *open = Some(append(file)?);
        }
        open.as_mut().map_or(Ok(()), |open| open.write_all(&line))
    }

    /// Whether a run that was killed made `path`, or a directory that contains it, for the part.
    pub(crate) fn includes(&self, part: &str, path: &Path) -> bool {
        let left = self.left();
        let mut announced = left.iter().filter(|line| line.part == part && path.starts_with(&line.path));
        announced.any(|line| birth(&line.path).is_some_and(|born| line.covers(born, self.last)))
    }

    /// Forgets the announcements of parts that are recorded, or whose paths were removed. Without any left, there is no
    /// file.
    pub fn end(&self, is_ended: impl Fn(&str) -> bool) {
        let Some(path) = &self.path else { return };
        let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = self.left();
        if open.take().is_none() && left.is_empty() {
            return;
        }
        let text = read_at_most(path, SIZE).unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        *left = lines.filter(|line: &Announcement| !is_ended(&line.part)).collect();
        // A file with announcements that still count stays as it is: if it was written again, it would be born later than they
        // were made. A file that cannot be removed does no harm: what it announces is checked against the time of birth.
        if left.is_empty() {
            let _ = std::fs::remove_file(path);
        }
    }

    fn left(&self) -> MutexGuard<'_, Vec<Announcement>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Announcement {
    /// Whether what was born then may be what was announced. What was announced for later came no later than the last
    /// announcement, as far as is known.
    fn covers(&self, born: SystemTime, last: u64) -> bool {
        let last = if self.later { last } else { self.at };
        (self.run..=last.saturating_add(span(DELAY))).contains(&nanoseconds(born))
    }
}

/// The announcements in a file, and when the last one was written. A file can come with a buildout from somebody else, who
/// does not know when it is born here: what was announced before the file was born, or after it was last written, is not read.
fn left_in(path: &Path) -> Option<(Vec<Announcement>, u64)> {
    let text = read_at_most(path, SIZE).ok()?;
    let found = path.symlink_metadata().ok()?;
    let (born, last) = (nanoseconds(found.created().ok()?), nanoseconds(found.modified().ok()?));
    let possible = born.saturating_sub(span(TICK))..=last.saturating_add(span(TICK));
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    Some((lines.filter(|line: &Announcement| possible.contains(&line.at)).collect(), last))
}

fn span(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or_default()
}

fn append(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(path)
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    u64::try_from(since).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_a_kill(state: &Path) -> Unfinished {
        Unfinished::open(Some(state))
    }

    #[test]
    fn what_a_killed_run_announced_and_made_is_the_parts() {
        let space = tempfile::tempdir().unwrap();
        let (state, made) = (space.path().join("state"), space.path().join("data"));
        Unfinished::open(Some(&state)).announce("data", &made).unwrap();
        std::fs::create_dir(&made).unwrap();
        let next = after_a_kill(&state);
        assert!(next.includes("data", &made) && next.includes("data", &made.join("below")));
        assert!(!next.includes("other", &made) && !next.includes("data", &space.path().join("data2")));
    }

    #[test]
    fn what_was_made_later_or_before_the_run_is_not() {
        let path = PathBuf::from("/x");
        let at = |seconds: u64| seconds * 1_000_000_000;
        let line = |later| Announcement { part: "a".to_owned(), path: path.clone(), run: at(10), at: at(20), later };
        let t = |later, born: u64, expected| {
            let covers = line(later).covers(UNIX_EPOCH + Duration::from_secs(born), at(30));
            assert_eq!(covers, expected, "{later} {born}");
        };
        [(9, false), (10, true), (20, true), (21, false), (30, false)]
            .into_iter()
            .for_each(|(born, expected)| t(false, born, expected));
        [(9, false), (20, true), (30, true), (31, false)]
            .into_iter()
            .for_each(|(born, expected)| t(true, born, expected));
    }

    #[test]
    fn a_file_from_elsewhere_announces_nothing() {
        let space = tempfile::tempdir().unwrap();
        let (state, path) = (space.path().join("state"), space.path().join("data"));
        std::fs::create_dir(&path).unwrap();
        let now = nanoseconds(SystemTime::now());
        for (at, later) in [(1, true), (now - span(Duration::from_secs(60)), true), (u64::MAX, false), (u64::MAX, true)]
        {
            let line = Announcement { part: "data".to_owned(), path: path.clone(), run: 1, at, later };
            std::fs::write(space.path().join("state.unfinished"), serde_json::to_vec(&line).unwrap()).unwrap();
            assert!(!after_a_kill(&state).includes("data", &path), "{at} {later}");
        }
    }

    #[test]
    fn what_is_recorded_is_forgotten() {
        let space = tempfile::tempdir().unwrap();
        let (state, file) = (space.path().join("state"), space.path().join("state.unfinished"));
        let run = Unfinished::open(Some(&state));
        run.announce("a", Path::new("/x/a")).unwrap();
        run.announce("b", Path::new("/x/b")).unwrap();
        run.end(|part| part == "a");
        let left = std::fs::read_to_string(&file).unwrap();
        assert!(left.contains("/x/b"), "{left}");
        assert_eq!(run.left().len(), 1);
        after_a_kill(&state).end(|_| true);
        assert!(!file.exists());
    }

    #[test]
    fn a_file_that_is_not_a_list_announces_nothing() {
        let space = tempfile::tempdir().unwrap();
        let state = space.path().join("state");
        for text in [&b"\xff\n{}\n[1]\n"[..], b"{\"part\":1}", b""] {
            std::fs::write(space.path().join("state.unfinished"), text).unwrap();
            assert!(!after_a_kill(&state).includes("a", space.path()));
        }
    }
}
