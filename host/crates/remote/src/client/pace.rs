//! Whether a transfer goes on: in each period, a lowest number of bytes must move.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::settings::CallLimits;

/// Counts the bytes of a transfer. Clones share the count.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace(Arc<AtomicU64>);

impl Pace {
    pub(super) fn moved(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Ends when the transfer is too slow.
    pub(super) async fn too_slow(&self, limits: &CallLimits) {
        let least =
            u64::try_from(limits.call.as_millis()).unwrap_or(u64::MAX).saturating_mul(limits.lowest_rate) / 1000;
        let mut before = self.0.load(Ordering::Relaxed);
        loop {
            tokio::time::sleep(limits.call).await;
            let now = self.0.load(Ordering::Relaxed);
            if now - before < least {
                return;
            }
            before = now;
        }
    }
}
