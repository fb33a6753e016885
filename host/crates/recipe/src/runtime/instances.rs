//! The instances of components, and which part may use which.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use base::collections::Map;
use base::digest::Digest;

use super::prepared::PreparedComponent;
use crate::call::deadline::Watchdog;
use crate::error::RecipeError;
use crate::grants::rights::Process;
use crate::instance::Instance;
use crate::instance::request::CallRequest;
use crate::native::shared::Native;

/// An instance that several parts use, one call at a time.
pub(super) type SharedInstance = Arc<Mutex<Instance>>;

/// A component, and what it has loaded: programs with other modules or other grants get other instances.
pub(super) type Of = (Digest, Option<String>);

/// All instances, by the settings that must be equal for parts that share one.
#[derive(Default)]
pub(super) struct Instances {
    by_key: Mutex<Map<(Of, Process), Vec<SharedInstance>>>,
}

impl Instances {
    /// An instance that is not in a call: an existing or a new one.
    pub(super) fn free(
        &self,
        of: Of,
        prepared: &PreparedComponent,
        native: &Arc<Native>,
        watchdog: &Watchdog,
        request: &CallRequest<'_>,
    ) -> Result<SharedInstance, RecipeError> {
        let key = (of, request.rights.process.clone());
        let most = prepared.parts_per_instance;
        let instances = self.locked();
        if let Some(free) = instances.get(&key).and_then(|known| known.iter().find(|one| is_free(one, most))) {
            return Ok(Arc::clone(free));
        }
        // No lock is held while a recipe runs.
        drop(instances);
        let instance = Instance::start(&prepared.pre, &key.1, native, watchdog, request)?;
        let shared = Arc::new(Mutex::new(instance));
        let mut instances = self.locked();
        let known = instances.entry(key).or_default();
        known.retain(|one| !is_spent(one));
        known.push(Arc::clone(&shared));
        Ok(shared)
    }

    fn locked(&self) -> MutexGuard<'_, Map<(Of, Process), Vec<SharedInstance>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until no one else calls the instance.
pub(super) fn lock(shared: &SharedInstance) -> MutexGuard<'_, Instance> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether another part may use an instance now, if at most `most` parts share one. An instance in a call is not
/// available: a recipe's `init` may initialize another part with the same recipe.
fn is_free(shared: &SharedInstance, most: usize) -> bool {
    match shared.try_lock() {
        Ok(instance) => instance.sharable && instance.parts < most,
        Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => false,
    }
}

/// Whether no other part will ever use an instance.
fn is_spent(shared: &SharedInstance) -> bool {
    shared.try_lock().is_ok_and(|instance| !instance.sharable)
}
