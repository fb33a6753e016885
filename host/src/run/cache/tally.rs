//! What a run got from the cache: for the closing line, and to know which parts were fetched.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::collections::{Map, Set};
use base::source::size;

/// Counts parts by where they came from.
#[derive(Debug, Default)]
pub(in crate::run) struct CacheTally {
    /// The parts that were fetched, with their sizes in bytes.
    fetched: Mutex<Map<String, u64>>,
    /// The parts that another machine made for this run.
    made: Mutex<Set<String>>,
    built: AtomicUsize,
    unchanged: AtomicUsize,
}

impl CacheTally {
    pub(in crate::run) fn fetched(&self, part: &str, bytes: u64) {
        self.locked().insert(part.to_owned(), bytes);
    }

    pub(in crate::run) fn built_there(&self, part: &str) {
        self.made().insert(part.to_owned());
    }

    pub(in crate::run) fn built(&self) {
        self.built.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::run) fn unchanged(&self) {
        self.unchanged.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the part came from the cache.
    pub(in crate::run) fn has_fetched(&self, part: &str) -> bool {
        self.locked().contains_key(part)
    }

    /// Whether another machine made the part.
    pub(in crate::run) fn has_built_there(&self, part: &str) -> bool {
        self.made().contains(part)
    }

    /// The closing line: `12 parts: 9 fetched, 2 built, 1 unchanged; 312 MB saved`.
    pub(in crate::run) fn line(&self) -> String {
        let fetched = self.locked();
        let (built, unchanged) = (self.built.load(Ordering::Relaxed), self.unchanged.load(Ordering::Relaxed));
        let made = self.made().len();
        let all = fetched.len() + made + built + unchanged;
        let saved = size(fetched.values().sum());
        let plural = if all == 1 { "" } else { "s" };
        let fetched = fetched.len();
        let there = if made > 0 { format!(" {made} built there,") } else { String::new() };
        format!("{all} part{plural}: {fetched} fetched,{there} {built} built, {unchanged} unchanged; {saved} saved")
    }

    fn made(&self) -> MutexGuard<'_, Set<String>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn locked(&self) -> MutexGuard<'_, Map<String, u64>> {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::CacheTally;

    #[test]
    fn the_closing_line_counts_each_part_once() {
        let tally = CacheTally::default();
        tally.fetched("a", 3 << 20);
        tally.fetched("a", 3 << 20);
        tally.built();
        tally.unchanged();
        assert_eq!(tally.line(), "3 parts: 1 fetched, 1 built, 1 unchanged; 3.1 MB saved");
        assert!(tally.has_fetched("a") && !tally.has_fetched("b"));
    }
}
