//! Configuration files in memory, and a machine without facts: for tests and tools.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::condition::{Facts, PathKind, PythonFacts, System};
use crate::{
    Assignment, ConfigError, ConfigFile, Configuration, LoadRequest, Location, ReadError, ReadSettings, Reader, load,
};
use base::environment::Environment;
#[cfg(test)]
use base::source::Explain as _;

/// Files by absolute path or URL.
#[derive(Default)]
pub struct MemoryFiles {
    texts: BTreeMap<String, Vec<u8>>,
    /// The locations read so far, in order.
    pub(crate) read: Mutex<Vec<(String, ReadSettings)>>,
}

impl MemoryFiles {
    /// Files in the directory `/b`, and others with absolute paths or URLs.
    pub fn new<T: AsRef<[u8]>>(files: &[(&str, T)]) -> Self {
        let name = |name: &str| {
            if name.starts_with('/') || name.contains("://") { name.to_owned() } else { format!("/b/{name}") }
        };
        let texts = files.iter().map(|(file, text)| (name(file), text.as_ref().to_vec())).collect();
        Self { texts, read: Mutex::default() }
    }

    /// Loads `/b/buildout.cfg`.
    pub fn load(&self, assignments: &[&str]) -> Result<Configuration, ConfigError> {
        self.load_file("buildout.cfg", assignments)
    }

    /// Loads a file, with a home directory `/home`.
    pub(crate) fn load_file(&self, file: &str, assignments: &[&str]) -> Result<Configuration, ConfigError> {
        let assignments: Vec<Assignment> =
            assignments.iter().filter_map(|argument| Assignment::parse(argument).unwrap()).collect();
        let environment = Environment { directory: "/b".into(), home: Some("/home".into()), ..Environment::default() };
        load(&LoadRequest {
            file: Some(ConfigFile::parse(file)),
            environment: &environment,
            use_user_defaults: true,
            assignments: &assignments,
            executable: "/usr/bin/python3",
            reader: self,
            facts: &NoMachine,
        })
    }

    /// The error of loading `/b/buildout.cfg`: place, message, hints.
    #[cfg(test)]
    pub(crate) fn error(&self) -> (String, String, String) {
        let error = self.load(&[]).expect_err("this configuration is wrong");
        let place = error.place().map(|place| place.to_string()).unwrap_or_default();
        (place, error.to_string(), error.hints().join(" "))
    }
}

impl Reader for MemoryFiles {
    fn read(&self, location: &Location, settings: &ReadSettings) -> Result<Vec<u8>, ReadError> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).push((location.as_written(), settings.clone()));
        self.texts.get(&location.as_written()).cloned().ok_or_else(|| ReadError::missing(location))
    }

    fn exists(&self, path: &Path) -> bool {
        self.texts.contains_key(&*path.to_string_lossy())
    }

    fn canonical(&self, directory: &Path) -> Option<PathBuf> {
        Some(base::paths::normalize(directory))
    }
}

/// A machine without facts: conditions that need one fail.
pub(crate) struct NoMachine;

thread_local! {
    /// How often the Python was requested.
    pub(crate) static ASKED: Cell<usize> = const { Cell::new(0) };
}

impl Facts for NoMachine {
    fn python(&self) -> Result<Arc<PythonFacts>, String> {
        ASKED.set(ASKED.get() + 1);
        Err("there is no Python".into())
    }

    fn system(&self) -> System {
        let text = |text: &str| text.to_owned();
        System {
            platform: text("linux"),
            os_name: text("posix"),
            pointer_bits: 64,
            little_endian: true,
            system: text("Linux"),
            release: text(""),
            version: text(""),
            machine: text("x86_64"),
            node: text(""),
        }
    }

    fn os_release(&self) -> Result<Vec<(String, String)>, String> {
        Err("there is none".into())
    }

    fn look(&self, _path: &Path) -> Option<PathKind> {
        None
    }
}
