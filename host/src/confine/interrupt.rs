//! The wish to end, as a value: set once by a signal, seen by whoever waits.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use rustix::event::{EventfdFlags, eventfd};

/// A signal that asks the run to end. Clones share it.
#[derive(Clone, Debug)]
pub struct Interrupt {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The signal's number; 0: none came.
    signal: AtomicI32,
    watchers: AtomicUsize,
    /// Readable from the first signal on, for good.
    event: OwnedFd,
}

impl Interrupt {
    /// One that was not raised.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Self { inner: Arc::new(Inner { signal: AtomicI32::new(0), watchers: AtomicUsize::new(0), event }) })
    }

    /// Notes that a signal came. Tells whether somebody will act on it: not if this is not the first, nor if nobody
    /// watches; then the process had better end at once.
    pub fn raise(&self, signal: i32) -> bool {
        let first = self.inner.signal.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        // Cannot fail: the counter is far from full.
        let _ = rustix::io::write(&self.inner.event, &1_u64.to_ne_bytes());
        first && self.inner.watchers.load(Ordering::SeqCst) > 0
    }

    /// The signal that came.
    pub fn signal(&self) -> Option<i32> {
        Some(self.inner.signal.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// Promises, until the value is dropped, to look at [`Interrupt::signal`] before long.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.inner.watchers.fetch_add(1, Ordering::SeqCst);
        Watch { interrupt: self.clone() }
    }
}

impl AsFd for Interrupt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.event.as_fd()
    }
}

/// See [`Interrupt::watch`].
#[derive(Debug)]
pub struct Watch {
    interrupt: Interrupt,
}

impl Drop for Watch {
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
}
