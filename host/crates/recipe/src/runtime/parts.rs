//! The parts that were initialized, by name.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base::collections::Map;
use config::options::Buildout;
use wasmtime::component::ResourceAny;

use super::instances::SharedInstance;
use crate::error::{RecipeError, RecipeProblem, Subject};
use crate::grants::locations::SUFFIXES;
use crate::grants::rights::Rights;
use crate::ownership::PathIndex;

/// A part that was initialized.
pub(super) struct Part {
    pub(super) instance: SharedInstance,
    pub(super) handle: ResourceAny,
    pub(super) rights: Arc<Rights>,
    pub(super) subject: Subject,
    pub(super) buildout: Buildout,
    pub(super) has_update: bool,
    pub(super) starts_commands: bool,
    /// Whether its recipe describes the inputs of parts.
    pub(super) is_cacheable: bool,
    /// If set, its commands see nothing else of the buildout.
    pub(super) isolated: Arc<OnceLock<Vec<PathBuf>>>,
    /// Whether a path that it returns and does not own is left out, rather than an error: built-in recipes, and those in
    /// Python, which were written for a tool that takes any path.
    pub(super) is_lenient: bool,
}

/// All parts.
#[derive(Default)]
pub(super) struct PartInstances {
    parts: Mutex<Map<String, Arc<Part>>>,
    locations: Mutex<PathIndex>,
    /// The directories that recipes of uninstalled parts could write.
    uninstalled: Mutex<Vec<Arc<Rights>>>,
}

impl PartInstances {
    pub(super) fn get(&self, name: &str) -> Option<Arc<Part>> {
        locked(&self.parts).get(name).cloned()
    }

    pub(super) fn add(&self, name: &str, part: Part) {
        locked(&self.locations).insert(&part.rights.location, name);
        locked(&self.parts).insert(name.to_owned(), Arc::new(part));
    }

    pub(super) fn add_uninstalled(&self, rights: &Arc<Rights>) {
        locked(&self.uninstalled).push(Arc::clone(rights));
    }

    /// The rights of every part of the plan.
    pub(super) fn rights(&self) -> Vec<Arc<Rights>> {
        let mut all: Vec<_> = locked(&self.parts).values().map(|part| Arc::clone(&part.rights)).collect();
        all.extend(locked(&self.uninstalled).iter().cloned());
        all
    }

    /// Another part whose location is `path`, or below it.
    pub(super) fn other_within(&self, part: &str, path: &Path) -> Option<String> {
        locked(&self.locations).other_within(part, path).map(str::to_owned)
    }

    /// Refuses a part whose location is where another one builds or keeps its log, or the other way round.
    pub(super) fn refuse_overlap(&self, rights: &Rights, subject: &Subject) -> Result<(), RecipeError> {
        let parts = locked(&self.parts);
        let overlap = |part: &str, other: String| {
            let problem = RecipeProblem::Overlap { part: part.to_owned(), other };
            Err(RecipeError::new(problem, subject.clone()))
        };
        for suffix in SUFFIXES {
            let sibling = (!rights.run.is_empty()).then(|| format!("{}{suffix}", rights.part));
            if let Some(sibling) = sibling.filter(|sibling| parts.contains_key(sibling)) {
                return overlap(&rights.part, sibling);
            }
            let base = rights.part.strip_suffix(suffix).and_then(|name| parts.get_key_value(name));
            if let Some((part, _)) = base.filter(|(_, part)| !part.rights.run.is_empty()) {
                return overlap(part, rights.part.clone());
            }
        }
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
