//! Waiting for what must come. No test waits for a time: it waits for an event, and fails when the event does not come.

use std::time::{Duration, Instant};

/// How long an event may take on a machine that is busy with other things.
pub const LONGEST: Duration = Duration::from_secs(60);

/// Waits until `condition` holds; `what` says what is awaited.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(what, || condition().then_some(()));
}

/// Waits until `find` gives a value; `what` says what is awaited.
#[track_caller]
pub fn wait_for<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = find() {
            return value;
        }
        assert!(start.elapsed() < LONGEST, "waited {} seconds in vain: {what}", LONGEST.as_secs());
        std::thread::sleep(Duration::from_millis(5));
    }
}
