//! Interruption of a run, as a value: set once by a signal, checked by anything that waits.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};

/// A signal that asks the run to end. Clones share it.
#[derive(Clone, Debug)]
pub struct Interrupt {
    inner: Arc<Signals>,
}

#[derive(Debug)]
struct Signals {
    /// The signal's number; 0 if none arrived.
    signal: AtomicI32,
    watchers: AtomicUsize,
    /// Readable from the first signal on, permanently.
    event: OwnedFd,
    actions: Actions,
}

/// Actions to take when the signal arrives.
#[derive(Default)]
struct Actions(Mutex<Vec<Box<dyn Fn() + Send>>>);

impl std::fmt::Debug for Actions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Actions")
    }
}

impl Interrupt {
    /// Creates one that is not raised.
    ///
    /// # Errors
    /// When no descriptor is available.
    pub fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let (signal, watchers, actions) = Default::default();
        Ok(Self { inner: Arc::new(Signals { signal, watchers, event, actions }) })
    }

    /// Records a signal. Returns whether the run will react to it. It will not if this is not the first signal or if
    /// nothing watches; then the process should exit at once.
    pub fn raise(&self, signal: i32) -> bool {
        let first = self.inner.signal.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        // Cannot fail: the counter is far from full.
        let _ = rustix::io::write(&self.inner.event, &1_u64.to_ne_bytes());
        self.actions().iter().for_each(|action| action());
        first && self.inner.watchers.load(Ordering::SeqCst) > 0
    }

    /// The signal that arrived, if any.
    pub fn signal(&self) -> Option<i32> {
        Some(self.inner.signal.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// Runs `action`, which must be quick, on every signal; immediately if one has already arrived.
    pub fn on_raise(&self, action: impl Fn() + Send + 'static) {
        let mut actions = self.actions();
        if self.signal().is_some() {
            action();
        }
        actions.push(Box::new(action));
    }

    fn actions(&self) -> MutexGuard<'_, Vec<Box<dyn Fn() + Send>>> {
        self.inner.actions.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Promises to check [`Interrupt::signal`] soon, until the value is dropped.
    #[must_use]
    pub fn watch(&self) -> InterruptWatch {
        self.inner.watchers.fetch_add(1, Ordering::SeqCst);
        InterruptWatch { interrupt: self.clone() }
    }
}

impl AsFd for Interrupt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.event.as_fd()
    }
}

/// See [`Interrupt::watch`].
#[derive(Debug)]
pub struct InterruptWatch {
    interrupt: Interrupt,
}

impl Drop for InterruptWatch {
    fn drop(&mut self) {
        self.interrupt.inner.watchers.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_signal_is_acted_upon_and_only_where_somebody_watches() {
        let interrupt = Interrupt::new().unwrap();
        assert_eq!(interrupt.signal(), None);
        let watch = interrupt.watch();
        assert!(interrupt.clone().raise(2));
        assert!(!interrupt.raise(15));
        assert_eq!(interrupt.signal(), Some(2));
        drop(watch);
        let unwatched = Interrupt::new().unwrap();
        assert!(!unwatched.raise(15));
        assert_eq!(unwatched.signal(), Some(15));
    }

    #[test]
    fn actions_are_done_with_the_signal_also_by_who_comes_late() {
        let interrupt = Interrupt::new().unwrap();
        let done = Arc::new(AtomicUsize::new(0));
        let count = |done: &Arc<AtomicUsize>| {
            let done = Arc::clone(done);
            move || {
                done.fetch_add(1, Ordering::SeqCst);
            }
        };
        interrupt.on_raise(count(&done));
        assert_eq!(done.load(Ordering::SeqCst), 0);
        interrupt.raise(2);
        assert_eq!(done.load(Ordering::SeqCst), 1);
        interrupt.on_raise(count(&done));
        assert_eq!(done.load(Ordering::SeqCst), 2);
    }
}
