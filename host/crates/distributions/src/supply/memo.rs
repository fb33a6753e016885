//! Results that are computed once, whichever threads need them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::index::{SearchLocation, lock};

/// The results for files, by their locations.
pub(super) type Memo<T> = Mutex<BTreeMap<SearchLocation, Arc<Mutex<Option<Arc<T>>>>>>;

/// Computes each value once, whichever thread requests it.
pub(super) fn once<T, E>(
    memo: &Memo<T>,
    key: &SearchLocation,
    find: impl FnOnce() -> Result<T, E>,
) -> Result<Arc<T>, E> {
    let slot = Arc::clone(lock(memo).entry(key.clone()).or_default());
    let mut slot = lock(&slot);
    if let Some(known) = &*slot {
        return Ok(Arc::clone(known));
    }
    let found = Arc::new(find()?);
    *slot = Some(Arc::clone(&found));
    Ok(found)
}
