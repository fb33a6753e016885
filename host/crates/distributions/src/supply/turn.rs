//! Builds take turns: one at a time uses the machine, and during it those that it requires.

use std::sync::{Condvar, Mutex};
use std::thread::ThreadId;

use crate::index::lock;

/// Whose turn it is.
#[derive(Default)]
pub(super) struct Turn {
    state: Mutex<TurnState>,
    freed: Condvar,
}

#[derive(Default)]
struct TurnState {
    thread: Option<ThreadId>,
    /// The running builds, outermost first.
    building: Vec<String>,
}

/// A running build; it ends when this value is dropped.
pub(super) struct Taken<'a>(&'a Turn);

impl Turn {
    /// Waits until no other thread builds. `None` if this thread is already building `key`: it would require itself.
    pub(super) fn take(&self, key: &str) -> Option<Taken<'_>> {
        let this = std::thread::current().id();
        let mut state = lock(&self.state);
        while state.thread.is_some_and(|thread| thread != this) {
            state = self.freed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        if state.building.iter().any(|other| other == key) {
            return None;
        }
        state.thread = Some(this);
        state.building.push(key.to_owned());
        Some(Taken(self))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.building.pop();
        if state.building.is_empty() {
            state.thread = None;
            self.0.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_thread_at_a_time_and_within_it_what_it_requires() {
        let turn = Turn::default();
        let at_once = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let (turn, at_once) = (&turn, &at_once);
                scope.spawn(move || {
                    let outer = turn.take(name).unwrap();
                    assert_eq!(at_once.fetch_add(1, Ordering::SeqCst), 0);
                    let inner = turn.take("setuptools").unwrap();
                    assert!(turn.take(name).is_none() && turn.take("setuptools").is_none());
                    drop(inner);
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    drop(outer);
                });
            }
        });
    }
}
