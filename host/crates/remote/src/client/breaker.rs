//! Counts failures of a server, and ends its use after several in a row.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// The count. It is shared by all calls to a server.
#[derive(Debug)]
pub(super) struct Breaker {
    limit: u32,
    failures: AtomicU32,
    writing_ended: AtomicBool,
}

impl Breaker {
    pub(super) fn new(limit: u32) -> Self {
        Self { limit: limit.max(1), failures: AtomicU32::new(0), writing_ended: AtomicBool::new(false) }
    }

    pub(super) fn is_open(&self) -> bool {
        self.failures.load(Ordering::Relaxed) >= self.limit
    }

    /// A call succeeded. It does not close what is open: the run has decided.
    pub(super) fn succeeded(&self) {
        let _ = self
            .failures
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |failures| (failures < self.limit).then_some(0));
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn open(&self) {
        self.failures.store(self.limit, Ordering::Relaxed);
    }

    /// The server does not let this user store. Returns whether that is new.
    pub(super) fn end_writing(&self) -> bool {
        !self.writing_ended.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_writing_ended(&self) -> bool {
        self.writing_ended.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_in_a_row_count_and_what_is_open_stays_open() {
        let breaker = Breaker::new(2);
        breaker.failed();
        breaker.succeeded();
        breaker.failed();
        assert!(!breaker.is_open());
        breaker.failed();
        assert!(breaker.is_open());
        breaker.succeeded();
        assert!(breaker.is_open());
    }
}
