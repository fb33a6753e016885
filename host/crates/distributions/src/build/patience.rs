//! Work that may take long, and reports that it still lasts.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Works, and calls `report` with the time since the start: first after `patience`, then whenever that time has doubled.
pub(super) fn with_reports<R>(patience: Duration, report: &(dyn Fn(Duration) + Sync), work: impl FnOnce() -> R) -> R {
    thread::scope(|scope| {
        let (ended, waiting) = channel::<()>();
        let watch = move || {
            let (start, mut after) = (Instant::now(), patience);
            while let Err(RecvTimeoutError::Timeout) = waiting.recv_timeout(after.saturating_sub(start.elapsed())) {
                report(start.elapsed());
                after = after.saturating_mul(2);
            }
        };
        // Without the thread nothing is reported; the work matters more.
        let _ = thread::Builder::new().spawn_scoped(scope, watch);
        let result = work();
        drop(ended);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_work_is_reported_again_and_again_until_it_ends() {
        let (reported, reports) = channel();
        let report = |_| reported.send(()).unwrap();
        let seen = with_reports(Duration::from_millis(1), &report, || reports.iter().take(3).count());
        assert_eq!(seen, 3);
        with_reports(Duration::from_secs(3600), &|_| panic!("it is over"), || ());
    }
}
