//! Reading of configurations that are being written: a file that is missing or half written does not hide all others.
//!
//! What cannot be parsed is blanked out with spaces, so that all offsets stay; what cannot be read is empty. Both are
//! recorded.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use base::collections::Map;
use base::source::Source;
use config::condition::{self, Facts};
use config::{ConfigError, Location, ReadError, ReadSettings, Reader, Trouble, parse};

use crate::documents::Documents;

/// How often a text is repaired before it counts as empty.
const MOST_REPAIRS: usize = 50;

/// A text that can be parsed, and what was wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Repaired {
    /// The text as written.
    pub(crate) source: Arc<Source>,
    /// The text that can be parsed; the same if nothing was wrong.
    text: Arc<str>,
    /// What was wrong.
    pub(crate) troubles: Arc<Vec<Trouble>>,
}

/// Files that were read before, by path: repaired again only if they have changed.
#[derive(Debug, Default)]
pub(crate) struct FileMemory {
    known: Mutex<Map<PathBuf, (TextStamp, Repaired)>>,
}

/// What shows that a file is unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TextStamp {
    Open(Arc<str>),
    Disk { modified: Option<SystemTime>, length: u64 },
}

/// Reads files for one analysis.
pub(crate) struct TolerantReader<'a> {
    pub(crate) documents: &'a Documents,
    pub(crate) below: &'a dyn Reader,
    pub(crate) memory: &'a FileMemory,
    pub(crate) facts: &'a dyn Facts,
    /// What could not be read, by location.
    pub(crate) missing: Mutex<Vec<(Location, ReadError)>>,
}

impl TolerantReader<'_> {
    /// The file at `path`, if it can be read.
    pub(crate) fn file(&self, path: &Path, settings: &ReadSettings) -> Result<Repaired, ReadError> {
        let open = self.documents.get(path);
        let stamp = match open {
            Some(text) => TextStamp::Open(Arc::clone(text)),
            None => TextStamp::of(path),
        };
        let known = || self.memory.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, repaired)) = known().get(path).filter(|(known, _)| *known == stamp) {
            return Ok(repaired.clone());
        }
        let location = Location::Path(path.to_owned());
        let bytes = match open {
            Some(text) => text.as_bytes().to_vec(),
            None => self.below.read(&location, settings)?,
        };
        let repaired = repair(&location, bytes, self.facts);
        known().insert(path.to_owned(), (stamp, repaired.clone()));
        Ok(repaired)
    }
}

impl TextStamp {
    fn of(path: &Path) -> Self {
        let metadata = std::fs::metadata(path).ok();
        let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
        Self::Disk { modified, length: metadata.map_or(0, |metadata| metadata.len()) }
    }
}

impl Reader for TolerantReader<'_> {
    fn read(&self, location: &Location, settings: &ReadSettings) -> Result<Vec<u8>, ReadError> {
        let read = match location {
            Location::Path(path) => self.file(path, settings).map(|repaired| repaired.text.as_bytes().to_vec()),
            Location::Url(_) => {
                let bytes = self.below.read(location, settings);
                bytes.map(|bytes| repair(location, bytes, self.facts).text.as_bytes().to_vec())
            }
        };
        read.or_else(|error| {
            self.missing.lock().unwrap_or_else(PoisonError::into_inner).push((location.clone(), error));
            Ok(Vec::new())
        })
    }

    fn exists(&self, path: &Path) -> bool {
        self.documents.get(path).is_some() || self.below.exists(path)
    }

    fn canonical(&self, directory: &Path) -> Option<PathBuf> {
        self.below.canonical(directory)
    }
}

fn repair(location: &Location, bytes: Vec<u8>, facts: &dyn Facts) -> Repaired {
    let lossy = String::from_utf8_lossy(&bytes).replace('\0', " ");
    let (source, mut troubles) = match parse::decode(location, bytes) {
        Ok(source) => (source, Vec::new()),
        Err(error) => (Source::new(location.to_string(), lossy), error.troubles),
    };
    let mut text = source.text.clone();
    for _ in 0..MOST_REPAIRS {
        let tried = Source::new(source.name.clone(), text.clone());
        let parsed = parse::parse(&tried, &mut |expression| condition::evaluate(expression, facts));
        let Err(error) = parsed else {
            let text = if text == source.text { source.text.as_str().into() } else { text.into() };
            return Repaired { source, text, troubles: Arc::new(troubles) };
        };
        if !blank(&mut text, &error) {
            break;
        }
        troubles.extend(error.troubles);
    }
    Repaired { source, text: "".into(), troubles: Arc::new(troubles) }
}

/// Replaces the lines of these errors by empty ones of the same length; false if there are none.
fn blank(text: &mut String, error: &ConfigError) -> bool {
    let before = text.clone();
    for place in error.troubles.iter().filter_map(|trouble| trouble.place.as_ref()) {
        let start = text[..text.floor_char_boundary(place.start as usize)].rfind('\n').map_or(0, |at| at + 1);
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        // A comment: an empty line would belong to the value before it.
        let blanked = if end > start { format!("#{}", " ".repeat(end - start - 1)) } else { String::new() };
        text.replace_range(start..end, &blanked);
    }
    *text != before
}
