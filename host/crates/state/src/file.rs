//! The state file of a run: locked, read with its journal, recorded to, and replaced atomically at the end.

use std::path::{Path, PathBuf};

use super::damage::Damage;
use super::journal::{self, Journal, JournalContent};
use super::lock::StateLock;
use super::{InstalledState, StateChange, StateError, Unreadable, read_state, render};
use base::digest::Digest;
use base::event::{Level, Report};
use base::files;

/// The installed state of a buildout, held by this process until it is dropped.
#[derive(Debug)]
pub struct StateFile {
    installed: InstalledState,
    /// `None`: the buildout saves no state (`installed =`).
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    /// The content of the file when it was last read or written; `None` if it does not exist.
    bytes: Option<Vec<u8>>,
    /// An interrupted run left a journal, of which this many bytes are valid.
    left: Option<u64>,
    journal: Option<Journal>,
    /// Last, so that the lock is released after everything else is closed.
    _lock: StateLock,
}

impl StateFile {
    /// Takes the lock, waiting for another run if necessary, and reads the state: the file at `path`, and what an
    /// interrupted run left in the journal. A missing file is an empty state.
    ///
    /// A damaged file is copied and reported as an error. If it is found again and the copy still exists, the state is
    /// empty: the user has seen the error and decided to continue.
    ///
    /// # Errors
    /// When the directory cannot be written to, the state is damaged, or a newer host wrote it.
    pub fn open(path: &Path, report: &dyn Report) -> Result<Self, StateError> {
        let path = through_link(path);
        let lock = StateLock::acquire(&sibling(&path, ".lock"), report)?;
        for file in [path.clone(), journal_path(&path)] {
            files::check_replaceable(&file)?;
        }
        let bytes = files::read(&path)?;
        let mut installed = match load(&path, bytes.as_deref(), report)? {
            Ok(installed) => installed,
            Err(damage) => return Err(keep_damaged(path, bytes.unwrap_or_default(), damage)),
        };
        let content = read_journal(&path, bytes.as_deref())?;
        let left = recover(&mut installed, &content, &path, report);
        if left.is_none() && content.is_some() {
            files::delete(&journal_path(&path))?;
        }
        files::clear(&path)?;
        Ok(Self { installed, open: Some(Open { path, bytes, left, journal: None, _lock: lock }) })
    }

    /// For a buildout that saves no state: every run starts with nothing installed.
    pub fn unsaved() -> Self {
        Self { installed: InstalledState::default(), open: None }
    }

    /// The installed parts and everything recorded about them.
    pub fn installed(&self) -> &InstalledState {
        &self.installed
    }

    /// Records the outcome of one step, also in the journal, so that it survives the end of this process.
    ///
    /// # Errors
    /// When the journal cannot be written; what was recorded before stays recorded.
    pub fn record(&mut self, change: &StateChange) -> Result<(), StateError> {
        if let Some(open) = &mut self.open {
            open.journal()?.change(change)?;
        }
        self.installed.apply(change);
        Ok(())
    }

    /// Sets the order of the parts. A run that is killed before the end leaves them in the order of installation.
    pub fn order(&mut self, parts: Vec<String>) {
        self.installed.apply(&StateChange::Order(parts));
    }

    /// Writes the installed state to the file, durably and atomically, and removes the journal. Does nothing if the
    /// file is up to date; removes it if nothing is installed. Must be called at the end of every run, even a failed
    /// one.
    ///
    /// A file that another program wrote in the meantime is replaced, and kept under another name.
    ///
    /// # Errors
    /// When the file cannot be written: the old file and the journal are intact, and the next run reads both.
    pub fn commit(&mut self, report: &dyn Report) -> Result<(), StateError> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let bytes = (!self.installed.is_empty()).then(|| render(&self.installed).into_bytes());
        if bytes != open.bytes {
            open.keep_foreign(report)?;
            if open.has_journal() {
                // First: if this run is killed before the journal is removed, the next one recognizes that the state
                // file already contains the changes, and does not consider the journal stale.
                open.journal()?.commit(bytes.as_deref().map(Digest::of))?;
            }
            match &bytes {
                Some(bytes) => files::replace(&open.path, bytes).map(|_| ())?,
                None => files::delete(&open.path)?,
            }
            open.bytes = bytes;
        }
        if open.has_journal() {
            // Not durable: if the journal reappears after a power failure, it is recognized as committed.
            let path = journal_path(&open.path);
            match std::fs::remove_file(&path) {
                // Another program has removed it: that is what was wanted.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                removed => removed.map_err(files::FileError::of("remove", &path))?,
            }
            (open.left, open.journal) = (None, None);
        }
        Ok(())
    }
}

impl Open {
    /// The journal; created or resumed if it is not open yet.
    fn journal(&mut self) -> Result<&mut Journal, StateError> {
        match &mut self.journal {
            Some(journal) => Ok(journal),
            none => {
                let path = journal_path(&self.path);
                let opened = match self.left {
                    Some(length) => Journal::resume(&path, length)?,
                    None => Journal::create(&path, self.bytes.as_deref().map(Digest::of))?,
                };
                Ok(none.insert(opened))
            }
        }
    }

    /// Keeps a copy of the file if another program has written it since this run read it.
    fn keep_foreign(&self, report: &dyn Report) -> Result<(), StateError> {
        let Some(found) = files::read(&self.path)?.filter(|found| Some(found) != self.bytes.as_ref()) else {
            return Ok(());
        };
        let copy = named_by_content(&self.path, "replaced", &found);
        files::replace(&copy, &found)?;
        let message = format!(
            "Another program wrote {} during this run. Its version is kept as {}.",
            self.path.display(),
            copy.display()
        );
        report.log(Level::Warning, &message);
        Ok(())
    }

    fn has_journal(&self) -> bool {
        self.left.is_some() || self.journal.is_some()
    }
}

/// Reads the state as [`StateFile::open`] does, but takes no lock and writes nothing: for showing a plan.
///
/// # Errors
/// As [`StateFile::open`].
pub fn peek(path: &Path, report: &dyn Report) -> Result<InstalledState, StateError> {
    let path = through_link(path);
    let bytes = files::read(&path)?;
    let mut installed = match load(&path, bytes.as_deref(), report)? {
        Ok(installed) => installed,
        Err(damage) => return Err(StateError::Damaged { path, damage, copy: None }),
    };
    recover(&mut installed, &read_journal(&path, bytes.as_deref())?, &path, report);
    Ok(installed)
}

/// The target of a symbolic link, so that the link is kept when the file is replaced.
fn through_link(path: &Path) -> PathBuf {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    path.canonicalize().ok().filter(|_| is_link).unwrap_or_else(|| path.to_owned())
}

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn journal_path(path: &Path) -> PathBuf {
    sibling(path, ".journal")
}

/// The state in the file. Damage is returned if it was not reported yet.
fn load(path: &Path, bytes: Option<&[u8]>, report: &dyn Report) -> Result<Result<InstalledState, Damage>, StateError> {
    let Some(bytes) = bytes else { return Ok(Ok(InstalledState::default())) };
    match read_state(&path.display().to_string(), bytes) {
        Ok(installed) => Ok(Ok(installed)),
        Err(Unreadable::Newer(format)) => Err(StateError::Newer { path: path.to_owned(), format }),
        Err(Unreadable::Damaged(damage)) => {
            let copy = named_by_content(path, "damaged", bytes);
            if files::read(&copy)?.as_deref() != Some(bytes) {
                return Ok(Err(damage));
            }
            let message = format!(
                "The installed state {} is damaged (its copy is {}): continuing as if nothing were installed",
                path.display(),
                copy.display()
            );
            report.log(Level::Warning, &message);
            Ok(Ok(InstalledState::default()))
        }
    }
}

/// The path of a copy, named by its digest, so that the same content is copied only once.
fn named_by_content(path: &Path, what: &str, bytes: &[u8]) -> PathBuf {
    let digest = Digest::of(bytes).to_string();
    sibling(path, &format!(".{what}-{}", &digest[..12]))
}

fn keep_damaged(path: PathBuf, bytes: Vec<u8>, damage: Damage) -> StateError {
    let copy = named_by_content(&path, "damaged", &bytes);
    match files::replace(&copy, &bytes) {
        Ok(_) => StateError::Damaged { path, damage, copy: Some(copy) },
        Err(error) => error.into(),
    }
}

/// The contents of the journal; `None` if it does not exist.
fn read_journal(path: &Path, state: Option<&[u8]>) -> Result<Option<JournalContent>, StateError> {
    let path = journal_path(path);
    let Some(bytes) = files::read(&path)? else { return Ok(None) };
    match journal::parse(&bytes, state.map(Digest::of)) {
        JournalContent::Newer(format) => Err(StateError::Newer { path, format }),
        content => Ok(Some(content)),
    }
}

/// Applies the journal of an interrupted run and returns how much of it is valid; `None` if none is.
fn recover(
    installed: &mut InstalledState,
    content: &Option<JournalContent>,
    path: &Path,
    report: &dyn Report,
) -> Option<u64> {
    match content {
        Some(JournalContent::Applies { changes, length, is_torn }) => {
            changes.iter().for_each(|change| installed.apply(change));
            if *is_torn {
                let message = "The last entry of the journal is incomplete and is ignored: an earlier run was killed";
                report.log(Level::Warning, message);
            }
            Some(*length)
        }
        Some(JournalContent::Stale) => {
            let message =
                format!("{} belongs to another state of this buildout and is ignored", journal_path(path).display());
            report.log(Level::Warning, &message);
            None
        }
        Some(JournalContent::Nothing | JournalContent::Committed | JournalContent::Newer(_)) | None => None,
    }
}
