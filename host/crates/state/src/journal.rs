//! The journal next to the state file: the outcome of each part, appended as soon as it is known.
//!
//! One line per entry: the first 16 hexadecimal digits of the SHA-256 of the JSON, its length in bytes, the JSON. Each
//! entry is one write(2), so a killed process leaves complete entries; a last entry that is cut by a power failure or a
//! full disk fails its checksum and is dropped. The first entry contains the digest of the state file that the changes
//! apply to, so that a journal is never applied to another one. `docs/state.md` specifies the format and when what is
//! durable.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::model::StateChange;
use base::digest::Digest;
use base::files::FileError;

/// The only format so far.
const FORMAT: u64 = 1;

/// Digits of the checksum.
const CHECKSUM: usize = 16;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum JournalEntry {
    /// The first entry.
    Begin {
        format: u64,
        /// Digest of the state file; `None` if it does not exist.
        state: Option<String>,
    },
    Change(StateChange),
    /// The state file is about to become the one with this digest (`None`: removed).
    Commit {
        state: Option<String>,
    },
}

/// The contents of a journal file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum JournalContent {
    /// No complete first entry: nothing was recorded.
    Nothing,
    /// The changes apply to the state file.
    Applies {
        changes: Vec<StateChange>,
        /// Length of the complete entries in bytes; the rest is cut off.
        length: u64,
        is_torn: bool,
    },
    /// The state file already contains the changes: a run was killed between replacing it and removing the journal.
    Committed,
    /// The journal belongs to another state file, e.g. because zc.buildout wrote it meanwhile.
    Stale,
    /// A newer host wrote the journal.
    Newer(String),
}

/// Parses a journal whose state file has this digest.
pub(super) fn parse(bytes: &[u8], state: Option<Digest>) -> JournalContent {
    let (payloads, length) = whole_entries(bytes);
    let Some((first, rest)) = payloads.split_first() else { return JournalContent::Nothing };
    let newer = |payload: &[u8]| JournalContent::Newer(newer_format(payload));
    let state = state.map(|digest| digest.to_string());
    let base = match serde_json::from_slice(first) {
        Ok(JournalEntry::Begin { format: FORMAT, state }) => state,
        _ => return newer(first),
    };
    let mut changes = Vec::with_capacity(rest.len());
    for payload in rest {
        match serde_json::from_slice(payload) {
            Ok(JournalEntry::Change(change)) => changes.push(change),
            Ok(JournalEntry::Commit { state: committed }) if committed == state => return JournalContent::Committed,
            Ok(JournalEntry::Commit { .. }) => {}
            _ => return newer(first),
        }
    }
    if base != state {
        return JournalContent::Stale;
    }
    JournalContent::Applies { changes, length: length as u64, is_torn: length < bytes.len() }
}

/// The JSON of the entries up to the first incomplete one, and their length in bytes.
fn whole_entries(bytes: &[u8]) -> (Vec<&[u8]>, usize) {
    let (mut payloads, mut length) = (Vec::new(), 0);
    while let Some(end) = bytes[length..].iter().position(|byte| *byte == b'\n') {
        let Some(payload) = payload(&bytes[length..length + end]) else { break };
        payloads.push(payload);
        length += end + 1;
    }
    (payloads, length)
}

/// The JSON of one line, if checksum and length match.
fn payload(line: &[u8]) -> Option<&[u8]> {
    let mut fields = line.splitn(3, |byte| *byte == b' ');
    let (checksum, length, payload) = (fields.next()?, fields.next()?, fields.next()?);
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    (payload.len() == length && checksum == self::checksum(payload).as_bytes()).then_some(payload)
}

fn checksum(payload: &[u8]) -> String {
    let mut digits = Digest::of(payload).to_string();
    digits.truncate(CHECKSUM);
    digits
}

/// The format in a first entry, as far as it can be determined.
fn newer_format(first: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(first).unwrap_or_default();
    let format = &value["begin"]["format"];
    if format.is_null() || *format == FORMAT { "unknown".to_owned() } else { format.to_string() }
}

/// A journal that is being written.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Length of the complete entries in bytes.
    length: u64,
}

impl Journal {
    /// Starts a journal of changes to the state file with digest `state`. It must not exist.
    ///
    /// # Errors
    /// Names the path.
    pub(super) fn create(path: &Path, state: Option<Digest>) -> Result<Self, FileError> {
        let file = open(OpenOptions::new().append(true).create_new(true), path)?;
        let mut journal = Self { path: path.to_owned(), file, length: 0 };
        journal.append(&JournalEntry::Begin { format: FORMAT, state: state.map(|digest| digest.to_string()) })?;
        Ok(journal)
    }

    /// Resumes a journal whose first `length` bytes are complete entries.
    ///
    /// # Errors
    /// Names the path.
    pub(super) fn resume(path: &Path, length: u64) -> Result<Self, FileError> {
        let file = open(OpenOptions::new().append(true), path)?;
        file.set_len(length).map_err(FileError::of("shorten", path))?;
        Ok(Self { path: path.to_owned(), file, length })
    }

    /// Appends one change. It survives the end of this process at once, and a power failure once the kernel has written
    /// it.
    ///
    /// # Errors
    /// Names the path; the journal is unchanged.
    pub(super) fn change(&mut self, change: &StateChange) -> Result<(), FileError> {
        self.append(&JournalEntry::Change(change.clone()))
    }

    /// Records that the state file is about to be replaced.
    ///
    /// # Errors
    /// As [`Journal::change`].
    pub(super) fn commit(&mut self, state: Option<Digest>) -> Result<(), FileError> {
        self.append(&JournalEntry::Commit { state: state.map(|digest| digest.to_string()) })
    }

    fn append(&mut self, entry: &JournalEntry) -> Result<(), FileError> {
        let line = line(entry).map_err(FileError::of("write", &self.path))?;
        if let Err(error) = write_at_once(&mut self.file, &line) {
            // Without this, the next entry would follow half of this one, and be lost with it.
            let _ = self.file.set_len(self.length);
            return Err(FileError::of("write", &self.path)(error));
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

fn open(options: &mut OpenOptions, path: &Path) -> Result<File, FileError> {
    let no_follow = OFlags::NOFOLLOW.bits().cast_signed();
    options.custom_flags(no_follow).open(path).map_err(FileError::of("open", path))
}

fn line(entry: &JournalEntry) -> io::Result<Vec<u8>> {
    let payload = serde_json::to_vec(entry)?;
    let mut line = format!("{} {} ", checksum(&payload), payload.len()).into_bytes();
    line.extend(payload);
    line.push(b'\n');
    Ok(line)
}

/// One write(2): writes all bytes or fails.
fn write_at_once(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    loop {
        match file.write(bytes) {
            Ok(written) if written == bytes.len() => return Ok(()),
            Ok(_) => return Err(ErrorKind::StorageFull.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InstalledPart;

    fn changes() -> Vec<StateChange> {
        let record = InstalledPart { installed: vec!["/a\nb".into()], signature: None, ..InstalledPart::default() };
        vec![
            StateChange::Installed { part: "ü".into(), record },
            StateChange::Removed { part: "x".into() },
            StateChange::DevelopEggs(vec!["/d".into()]),
            StateChange::Order(vec!["ü".into()]),
        ]
    }

    fn written(state: Option<Digest>) -> Vec<u8> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let mut journal = Journal::create(&path, state).unwrap();
        changes().iter().for_each(|change| journal.change(change).unwrap());
        std::fs::read(path).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let state = Some(Digest::of(b"state"));
        let bytes = written(state);
        let length = bytes.len() as u64;
        assert_eq!(parse(&bytes, state), JournalContent::Applies { changes: changes(), length, is_torn: false });
        assert_eq!(parse(&bytes, None), JournalContent::Stale);
        assert_eq!(parse(b"", state), JournalContent::Nothing);
    }

    #[test]
    fn torn_at_any_byte_it_holds_the_whole_entries_before() {
        let state = Some(Digest::of(b"state"));
        let bytes = written(state);
        let mut seen = std::collections::BTreeSet::new();
        for cut in 0..bytes.len() {
            let whole = bytes[..cut].iter().filter(|byte| **byte == b'\n').count();
            seen.insert(whole);
            match parse(&bytes[..cut], state) {
                JournalContent::Nothing => assert_eq!(whole, 0),
                JournalContent::Applies { changes: found, length, is_torn } => {
                    assert_eq!(found, changes()[..whole - 1]);
                    assert_eq!(is_torn, length != cut as u64);
                }
                other => panic!("cut at {cut}: {other:?}"),
            }
        }
        assert_eq!(seen.len(), changes().len() + 1);
    }

    #[test]
    fn a_changed_byte_is_noticed_wherever_it_is() {
        let bytes = written(None);
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1;
            match parse(&damaged, None) {
                JournalContent::Nothing => {}
                JournalContent::Applies { changes: found, .. } => {
                    assert!(found.len() < changes().len() && changes().starts_with(&found), "{position}");
                }
                other => panic!("{position}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_journal_continues_after_its_torn_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let bytes = written(None);
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let JournalContent::Applies { length, is_torn: true, .. } = parse(&std::fs::read(&path).unwrap(), None) else {
            panic!()
        };
        Journal::resume(&path, length).unwrap().change(&changes()[3]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn a_newer_journal_is_recognised() {
        for payload in [r#"{"begin":{"format":2,"base":[]}}"#, r#"{"start":{}}"#, "[]"] {
            let line = format!("{} {} {payload}\n", checksum(payload.as_bytes()), payload.len());
            assert!(matches!(parse(line.as_bytes(), None), JournalContent::Newer(_)), "{payload}");
        }
    }

    #[test]
    fn a_committed_journal_is_not_applied_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let new = Some(Digest::of(b"new"));
        let mut journal = Journal::create(&path, None).unwrap();
        journal.change(&changes()[0]).unwrap();
        journal.commit(new).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(parse(&bytes, new), JournalContent::Committed);
        assert!(matches!(parse(&bytes, None), JournalContent::Applies { .. }));
        assert_eq!(parse(&bytes, Some(Digest::of(b"other"))), JournalContent::Stale);
    }
}
