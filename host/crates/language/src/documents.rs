//! The texts that an editor has open, in place of their files. A value: a copy is a snapshot.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::collections::Map;

/// Open texts, by path. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    open: Arc<Map<PathBuf, Arc<str>>>,
}

impl Documents {
    /// Opens a text, or replaces it. Line ends become `\n`, as in files that are read.
    pub fn set(&mut self, path: impl Into<PathBuf>, text: &str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let text = if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() };
        Arc::make_mut(&mut self.open).insert(path.into(), text.into());
    }

    /// Closes a text: its file counts again.
    pub fn close(&mut self, path: &Path) {
        Arc::make_mut(&mut self.open).remove(path);
    }

    /// The text at `path`, if it is open.
    pub fn get(&self, path: &Path) -> Option<&Arc<str>> {
        self.open.get(path)
    }

    /// The paths of all open texts.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.open.keys()
    }
}
