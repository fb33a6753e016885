//! What was refused to parts that were made all the same: many recipes go on when a command has failed, and what the
//! command should have done is then missing. It is reported again at the end of the run, where it is seen.

use std::sync::{Mutex, PoisonError};

use crate::error::{Subject, in_a_sentence};

/// What was refused in a run to parts that were made all the same.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Vec<String>>);

/// What was refused in a call.
#[derive(Debug, Default)]
pub(crate) struct RefusedRequests {
    /// The grants, as written in `recipes.toml`, that the requests would need.
    pub(crate) grants: Vec<String>,
    /// Whether something was refused that no grant allows.
    pub(crate) protected: bool,
}

impl Refusals {
    /// Keeps what was refused to a part that was made.
    pub(crate) fn add(&self, subject: &Subject, refused: &RefusedRequests) {
        let mut grants: Vec<String> = Vec::new();
        for grant in &refused.grants {
            if !grants.contains(grant) {
                grants.push(grant.clone());
            }
        }
        let what_to_do = match (grants.is_empty(), refused.protected) {
            (true, false) => return,
            (true, true) => "buildout-host protects its own files and those of the configuration.".to_owned(),
            (false, _) => format!("If the part needs it: {}", in_a_sentence(subject.how_to_grant(&grants))),
        };
        let message = format!(
            "Part {} was made, but something that its recipe tried was refused, so the part may be incomplete. {what_to_do}",
            subject.part
        );
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }

    /// The messages, one for each part and call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
