//! Ends calls that take too long, or that are no longer needed: a thread raises the engine's epoch when the next
//! deadline is reached, or when the run is interrupted. The epoch deadline of each call is the next epoch.
//!
//! Knows nothing of recipes. The thread starts with the first call and sleeps until the nearest deadline, so that a
//! call costs a lock and no wake-up.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::{Engine, Store};

use base::interrupt::Interrupt;

/// How long a call may continue after a signal: most calls end by themselves, with nothing left half done.
const GRACE: Duration = Duration::from_secs(1);

/// Watches the deadlines of all calls.
pub(crate) struct Watchdog {
    shared: Arc<SharedDeadlines>,
}

struct SharedDeadlines {
    engine: Engine,
    state: Mutex<DeadlineState>,
    changed: Condvar,
}

#[derive(Default)]
struct DeadlineState {
    /// Deadlines, with a number that distinguishes calls with the same deadline.
    deadlines: BTreeSet<(Instant, u64)>,
    last: u64,
    running: bool,
    /// When all calls must end, because the run ends.
    ends: Option<Instant>,
    /// When the thread wakes by itself.
    wakes: Option<Instant>,
    stopped: bool,
}

/// A deadline that is being watched; dropping this value stops that.
pub(crate) struct DeadlineWatch {
    shared: Arc<SharedDeadlines>,
    key: (Instant, u64),
}

impl Watchdog {
    pub(crate) fn new(engine: &Engine, interrupt: &Interrupt) -> Self {
        let (state, changed) = Default::default();
        let shared = Arc::new(SharedDeadlines { engine: engine.clone(), state, changed });
        let watching = Arc::downgrade(&shared);
        interrupt.on_raise(move || {
            if let Some(shared) = watching.upgrade() {
                shared.lock().ends.get_or_insert_with(|| Instant::now() + GRACE);
                shared.changed.notify_all();
            }
        });
        Self { shared }
    }

    /// Lets the code in `store` run until the next epoch. Raises the epoch once `deadline` is reached, and then each
    /// millisecond until the watch is dropped.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn watch<T>(&self, store: &mut Store<T>, deadline: Instant) -> std::io::Result<DeadlineWatch> {
        store.set_epoch_deadline(1);
        self.watch_until(deadline)
    }

    fn watch_until(&self, deadline: Instant) -> std::io::Result<DeadlineWatch> {
        let mut state = self.shared.lock();
        if !state.running {
            let shared = Arc::clone(&self.shared);
            std::thread::Builder::new().name("deadlines".to_owned()).spawn(move || shared.run())?;
            state.running = true;
        }
        state.last += 1;
        let key = (deadline, state.last);
        state.deadlines.insert(key);
        self.shared.wake_for(&state, deadline);
        Ok(DeadlineWatch { shared: Arc::clone(&self.shared), key })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_all();
    }
}

impl DeadlineWatch {
    /// Moves the deadline.
    pub(crate) fn postpone(&mut self, deadline: Instant) {
        let mut state = self.shared.lock();
        state.deadlines.remove(&self.key);
        self.key.0 = deadline;
        state.deadlines.insert(self.key);
        self.shared.wake_for(&state, deadline);
    }
}

impl Drop for DeadlineWatch {
    fn drop(&mut self) {
        self.shared.lock().deadlines.remove(&self.key);
    }
}

impl SharedDeadlines {
    fn lock(&self) -> MutexGuard<'_, DeadlineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_for(&self, state: &DeadlineState, deadline: Instant) {
        if state.wakes.is_none_or(|wakes| deadline < wakes) {
            self.changed.notify_one();
        }
    }

    fn run(&self) {
        let mut state = self.lock();
        while !state.stopped {
            let now = Instant::now();
            let Some(&(deadline, _)) = state.deadlines.first() else {
                state.wakes = None;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let mut wait = state.ends.map_or(deadline, |ends| ends.min(deadline)).saturating_duration_since(now);
            if wait.is_zero() {
                self.engine.increment_epoch();
                // Again, because the guest may just be returning from a call of the host.
                wait = Duration::from_millis(1);
            }
            state.wakes = Some(now + wait);
            state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
