//! The lock of a buildout: one run at a time.
//!
//! An advisory lock (`flock`) on a file next to the state file. The kernel releases it when its holder exits for any
//! reason. The file's text describes the holder, for people only. The holder removes the file while it still holds the
//! lock; a process that waited for the removed file notices that the path no longer points to it, and starts over.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::OFlags;

use base::event::{Level, Report};
use base::files::FileError;

/// A held lock. Dropping it removes the file and frees the lock.
#[derive(Debug)]
pub(super) struct StateLock {
    path: PathBuf,
    /// Open while the lock is held: closing it releases the lock.
    _file: File,
}

impl StateLock {
    /// Takes the lock; waits for another holder, and reports who that is.
    ///
    /// # Errors
    /// When the file cannot be created or locked (missing directory, no permission, read-only file system).
    pub(super) fn acquire(path: &Path, report: &dyn Report) -> Result<Self, FileError> {
        let mut reported = false;
        loop {
            let file = open(path).map_err(FileError::of("open the lock", path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    if !reported {
                        report
                            .log(Level::Info, &format!("Waiting for another run of this buildout: {}", holder(&file)));
                        reported = true;
                    }
                    file.lock().map_err(FileError::of("lock", path))?;
                }
                Err(TryLockError::Error(error)) => return Err(FileError::of("lock", path)(error)),
            }
            if is_at(&file, path) {
                // Only informs a process that waits; on a full disk, the lock works without it.
                let _ = introduce(&file);
                return Ok(Self { path: path.to_owned(), _file: file });
            }
        }
    }
}

impl Drop for StateLock {
    fn drop(&mut self) {
        // If the file remains, the next run uses it.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn open(path: &Path) -> io::Result<File> {
    let no_follow = OFlags::NOFOLLOW.bits().cast_signed();
    OpenOptions::new().read(true).write(true).create(true).truncate(false).custom_flags(no_follow).open(path)
}

/// Whether `path` still points to the locked file.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let (Ok(opened), Ok(named)) = (file.metadata(), path.symlink_metadata()) else { return false };
    identity(opened) == identity(named)
}

/// Writes who holds the lock.
fn introduce(mut file: &File) -> io::Result<()> {
    file.set_len(0)?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    file.write_all(format!("process {}, started {}\n", std::process::id(), utc(since)).as_bytes())
}

/// The holder's description of itself.
fn holder(file: &File) -> String {
    let mut text = String::new();
    let read = file.take(200).read_to_string(&mut text);
    let line = text.lines().next().unwrap_or_default();
    let is_ours = read.is_ok() && line.starts_with("process ") && !line.contains(char::is_control);
    if is_ours { line.to_owned() } else { "a process that has not identified itself".to_owned() }
}

/// Formats seconds since 1970 as `2026-11-21 01:30:05 UTC`.
fn utc(seconds: u64) -> String {
    let (mut days, time) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    format!("{year}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02} UTC", days + 1)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use super::*;
    use base::event::{Event, Silent};

    struct MessageSender(Mutex<Sender<String>>);

    impl Report for MessageSender {
        fn report(&self, event: Event<'_>) {
            if let Event::Log { message, .. } = event {
                self.0.lock().unwrap().send(message.to_owned()).unwrap();
            }
        }
    }

    #[test]
    fn the_second_waits_and_says_for_whom() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let first = StateLock::acquire(&path, &Silent).unwrap();
        let (reported, messages) = channel();
        let (done, finished) = channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let second = StateLock::acquire(&path, &MessageSender(Mutex::new(reported))).unwrap();
                done.send(()).unwrap();
                drop(second);
            });
            let message = messages.recv_timeout(Duration::from_secs(20)).unwrap();
            assert!(message.contains(&format!("process {}, started 20", std::process::id())), "{message}");
            assert!(finished.recv_timeout(Duration::from_millis(50)).is_err());
            drop(first);
            finished.recv_timeout(Duration::from_secs(20)).unwrap();
        });
        assert!(!path.exists());
    }

    #[test]
    fn never_two_at_once_and_no_file_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let lock = StateLock::acquire(&path, &Silent).unwrap();
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(!path.exists());
    }

    #[test]
    fn the_file_of_a_dead_holder_is_free() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        std::fs::write(&path, "process 1, started 1970-01-01 00:00:00 UTC\nmore").unwrap();
        let lock = StateLock::acquire(&path, &Silent).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().starts_with(&format!("process {},", std::process::id())));
        drop(lock);
        assert!(!path.exists());
    }

    #[test]
    fn a_link_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, victim) = (directory.path().join("lock"), directory.path().join("victim"));
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(StateLock::acquire(&path, &Silent).unwrap_err().to_string().contains("lock"));
        assert!(!victim.exists());
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_399), "2000-02-28 23:59:59 UTC");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_798_761_599), "2026-12-31 23:59:59 UTC");
    }
}
