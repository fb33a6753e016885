//! What a run got from the cache: for the closing line, and to know which parts were fetched.

use std::collections::BTreeSet;
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
    /// The parts that are now stored on the server, and were not.
    stored: Mutex<Set<String>>,
    /// The parts that were built because they cannot be cached, or must not be, although their recipe allows it.
    uncached: Mutex<BTreeSet<String>>,
    built: AtomicUsize,
    unchanged: AtomicUsize,
}

impl CacheTally {
    pub(in crate::run) fn fetched(&self, part: &str, bytes: u64) {
        locked(&self.fetched).insert(part.to_owned(), bytes);
    }

    pub(in crate::run) fn built_there(&self, part: &str) {
        locked(&self.made).insert(part.to_owned());
    }

    pub(in crate::run) fn stored(&self, part: &str) {
        locked(&self.stored).insert(part.to_owned());
    }

    pub(in crate::run) fn built_uncached(&self, part: &str) {
        locked(&self.uncached).insert(part.to_owned());
        self.built();
    }

    /// What was built here in spite of `--require-cached`.
    pub(in crate::run) fn uncached(&self) -> Option<String> {
        let uncached = locked(&self.uncached);
        let names: Vec<&str> = uncached.iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| format!("Built here, because they are not cached: {}", names.join(", ")))
    }

    pub(in crate::run) fn built(&self) {
        self.built.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::run) fn unchanged(&self) {
        self.unchanged.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the part came from the cache.
    pub(in crate::run) fn has_fetched(&self, part: &str) -> bool {
        locked(&self.fetched).contains_key(part)
    }

    /// Whether another machine made the part.
    pub(in crate::run) fn has_built_there(&self, part: &str) -> bool {
        locked(&self.made).contains(part)
    }

    /// The closing line: `12 parts: 9 fetched, 2 built, 1 unchanged; 312 MB saved`.
    pub(in crate::run) fn line(&self) -> String {
        let fetched = locked(&self.fetched);
        let (built, unchanged) = (self.built.load(Ordering::Relaxed), self.unchanged.load(Ordering::Relaxed));
        let made = locked(&self.made).len();
        let all = fetched.len() + made + built + unchanged;
        let saved = size(fetched.values().sum());
        let plural = if all == 1 { "" } else { "s" };
        let fetched = fetched.len();
        let there = if made > 0 { format!(" {made} built there,") } else { String::new() };
        let stored = match locked(&self.stored).len() {
            0 => String::new(),
            stored => format!("; {stored} stored in the remote cache"),
        };
        let counted = format!("{fetched} fetched,{there} {built} built, {unchanged} unchanged");
        format!("{all} part{plural}: {counted}; {saved} saved{stored}")
    }
}

fn locked<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
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
        tally.stored("b");
        tally.stored("b");
        assert!(tally.line().ends_with(" saved; 1 stored in the remote cache"), "{}", tally.line());
        assert_eq!(tally.uncached(), None);
        tally.built_uncached("d");
        tally.built_uncached("c");
        assert_eq!(tally.uncached().unwrap(), "Built here, because they are not cached: c, d");
        assert!(tally.has_fetched("a") && !tally.has_fetched("b"));
    }
}
