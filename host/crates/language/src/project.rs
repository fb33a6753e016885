//! The files that belong together: which file is the main one, and what was worked out of it so far.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base::collections::Map;
use base::environment::Environment;
use config::condition::Facts;
use config::{ReadSettings, Reader};

use crate::analysis::Analysis;
use crate::documents::Documents;
use crate::recipes::RecipeCatalog;
use crate::tolerant::{FileMemory, Repaired, TolerantReader};

/// More files than this are not looked through for references.
const MOST_FILES: usize = 5_000;
/// Directories nested deeper are not looked through.
const DEEPEST: usize = 12;
/// The name of a main file.
const MAIN: &str = "buildout.cfg";

/// With what the project is worked out.
pub struct ProjectSettings {
    /// The environment of the process.
    pub environment: Environment,
    /// Reads files.
    pub reader: Arc<dyn Reader>,
    /// The machine, for conditions.
    pub facts: Arc<dyn Facts>,
    /// The recipes.
    pub recipes: Arc<dyn RecipeCatalog>,
    /// The directories that the editor has open.
    pub folders: Vec<PathBuf>,
}

/// The configurations that an editor works with. Shared by threads.
pub struct Project {
    pub(crate) settings: ProjectSettings,
    pub(crate) memory: FileMemory,
    /// The main file of each file, as found last.
    roots: Mutex<Map<PathBuf, PathBuf>>,
}

impl Project {
    /// A project of which nothing was read yet.
    pub fn new(settings: ProjectSettings) -> Self {
        Self { settings, memory: FileMemory::default(), roots: Mutex::default() }
    }

    /// Works out the configuration that the file at `path` belongs to: of the `buildout.cfg` above it, if that extends
    /// it, else of the file itself.
    pub fn analyze(self: &Arc<Self>, documents: &Documents, path: &Path) -> Option<Analysis> {
        let remembered = self.roots.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        let above = self.candidates(path);
        for root in remembered.into_iter().chain(above) {
            let analysis = Analysis::new(self, documents, &root, path)?;
            if root == path || analysis.reads(path) {
                self.roots.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), root);
                return Some(analysis);
            }
        }
        self.roots.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), path.to_owned());
        Analysis::new(self, documents, path, path)
    }

    /// The main files that may extend `path`: in its directory and above it, within the open directories.
    fn candidates(&self, path: &Path) -> Vec<PathBuf> {
        if path.file_name().is_some_and(|name| name == MAIN) {
            return vec![path.to_owned()];
        }
        let is_open = |directory: &&Path| self.settings.folders.iter().any(|folder| directory.starts_with(folder));
        let directories = path.ancestors().skip(1).take_while(is_open);
        directories.map(|directory| directory.join(MAIN)).filter(|file| self.settings.reader.exists(file)).collect()
    }

    /// A file with what is wrong in it; `None` if it cannot be read.
    pub(crate) fn file(&self, documents: &Documents, path: &Path) -> Option<Repaired> {
        let reader = self.reader(documents);
        reader.file(path, &ReadSettings { offline: true, ..ReadSettings::default() }).ok()
    }

    pub(crate) fn reader<'a>(&'a self, documents: &'a Documents) -> TolerantReader<'a> {
        TolerantReader {
            documents,
            below: &*self.settings.reader,
            memory: &self.memory,
            facts: &*self.settings.facts,
            missing: Mutex::default(),
        }
    }

    /// All configuration files of the open directories, sorted.
    pub(crate) fn all_files(&self, documents: &Documents) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = documents.paths().cloned().collect();
        for folder in &self.settings.folders {
            collect(folder, DEEPEST, &mut files);
        }
        files.sort();
        files.dedup();
        files
    }
}

/// Directories that a buildout makes, and others without profiles.
const MADE: [&str; 6] = ["parts", "eggs", "develop-eggs", "node_modules", "target", "__pycache__"];

fn collect(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let Ok(kind) = entry.file_type() else { continue };
        let name = name.to_string_lossy();
        let is_visible = !name.starts_with('.');
        if kind.is_dir() && is_visible && depth > 0 && !MADE.contains(&&*name) {
            collect(&path, depth - 1, files);
        } else if kind.is_file() && name.ends_with(".cfg") && is_visible && files.len() < MOST_FILES {
            files.push(path);
        }
    }
}
