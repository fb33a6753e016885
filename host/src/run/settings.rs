//! How a run is carried out: what the command line decides, rather than the configuration.

use std::sync::Arc;

use crate::jobs::Jobs;

use super::schedule::AfterFailure;

/// How parts are made. By default one after the other, to the first failure.
#[derive(Clone)]
pub struct RunSettings {
    /// How many parts are made at once, and the slots that they share with makes.
    pub jobs: Jobs,
    /// What happens after a failure.
    pub after_failure: AfterFailure,
    /// Asked before a part begins: whether somebody wants the run to end. What runs then has to end by itself.
    pub is_interrupted: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Default for RunSettings {
    fn default() -> Self {
        let after_failure = AfterFailure::default();
        Self { jobs: Jobs::one(), after_failure, is_interrupted: Arc::new(|| false) }
    }
}
