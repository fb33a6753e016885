//! What the user is warned of, once for each server, and once for the local store.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::client::{CacheClient, CallFailure};
use crate::store::BlobStoreError;

/// Something that the user should know. Each comes once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheWarning {
    /// One sentence or two: what happened, and what that means for the run.
    pub message: String,
}

impl fmt::Display for CacheWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
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
        self.warn("store", || format!("The local cache did not keep a result: {error}"));
    }

    pub(super) fn of_reading(&self, client: &CacheClient, failure: &CallFailure) {
        self.of_server("cache", client, failure, "Parts that it does not have are made here.");
    }

    pub(super) fn of_writing(&self, client: &CacheClient, failure: &CallFailure) {
        self.of_server("cache", client, failure, "Not all results of this run are stored there.");
    }

    pub(super) fn of_running(&self, client: &CacheClient, failure: &CallFailure) {
        self.of_server("executor", client, failure, "Parts that it does not make are made here.");
    }

    fn of_server(&self, role: &str, client: &CacheClient, failure: &CallFailure, consequence: &str) {
        match failure {
            CallFailure::Interrupted | CallFailure::Unavailable => {}
            CallFailure::Local(what) => self.warn("store", || format!("The local cache failed: {what}. {consequence}")),
            _ => {
                let address = client.settings.address.to_string();
                self.warn(&address, || format!("The remote {role} {address} failed: {failure}. {consequence}"));
            }
        }
    }

    fn warn(&self, subject: &str, message: impl FnOnce() -> String) {
        let mut known = self.known();
        if known.subjects.insert(subject.to_owned()) {
            known.waiting.push(CacheWarning { message: message() });
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
