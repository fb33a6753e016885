//! What the user is warned of, once for each server, and once for the local store.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::client::{CacheClient, CallFailure};
use crate::store::BlobStoreError;

/// What the failure of a cache that is read means.
const MADE_HERE: &str = "Parts that it does not have are made here.";

/// Something that the user should know. Each comes once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheWarning {
    /// What happened, in one sentence or two.
    pub message: String,
    /// What that means for the run, in one sentence; may be empty.
    pub consequence: &'static str,
}

impl fmt::Display for CacheWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.consequence.is_empty() { "" } else { " " };
        write!(formatter, "{}{space}{}", self.message, self.consequence)
    }
}

/// The warnings of a run.
#[derive(Default)]
pub(super) struct Notices {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// What there was a warning about.
    subjects: HashSet<String>,
    waiting: Vec<CacheWarning>,
}

impl Notices {
    pub(super) fn take(&self) -> Vec<CacheWarning> {
        std::mem::take(&mut self.known().waiting)
    }

    pub(super) fn of_store(&self, error: &BlobStoreError) {
        self.warn("store", "", || format!("The local cache did not keep a result: {error}"));
    }

    pub(super) fn of_reading(&self, client: &CacheClient, failure: &CallFailure) {
        self.of_server("cache", client, failure, MADE_HERE);
    }

    pub(super) fn of_writing(&self, client: &CacheClient, failure: &CallFailure) {
        self.of_server("cache", client, failure, "Not all results of this run are stored there.");
    }

    pub(super) fn of_running(&self, client: &CacheClient, failure: &CallFailure) {
        self.of_server("executor", client, failure, "Parts that it does not make are made here.");
    }

    fn of_server(&self, role: &str, client: &CacheClient, failure: &CallFailure, consequence: &'static str) {
        match failure {
            CallFailure::Interrupted | CallFailure::Unavailable => {}
            CallFailure::Local(what) => self.warn("store", consequence, || format!("The local cache failed: {what}.")),
            _ => {
                let settings = &client.settings;
                let advice = failure.advice(settings).map(|advice| format!(" {advice}.")).unwrap_or_default();
                let message = || format!("The remote {role} {} failed: {failure}.{advice}", settings.url());
                self.warn(&settings.address.to_string(), consequence, message);
            }
        }
    }

    fn warn(&self, subject: &str, consequence: &'static str, message: impl FnOnce() -> String) {
        let mut known = self.known();
        if known.subjects.insert(subject.to_owned()) {
            known.waiting.push(CacheWarning { message: message(), consequence });
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
