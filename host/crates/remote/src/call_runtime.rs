//! The runtime that waits for servers, made when the first call is; and the end of all waiting when the run is interrupted.

use std::sync::OnceLock;
use std::time::Duration;

use base::interrupt::Interrupt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::client::CallFailure;

/// Threads that move bytes; those that hash and write come in addition.
const THREADS: usize = 2;

/// The runtime.
pub(crate) struct CallRuntime {
    runtime: OnceLock<Option<Runtime>>,
    interrupted: watch::Receiver<bool>,
    /// While it exists, so does the sender.
    _interrupt: Interrupt,
}

impl CallRuntime {
    pub(crate) fn new(interrupt: &Interrupt) -> Self {
        let (sender, interrupted) = watch::channel(false);
        // The value is changed even if no call waits.
        interrupt.on_raise(move || _ = sender.send_replace(true));
        Self { runtime: OnceLock::new(), interrupted, _interrupt: interrupt.clone() }
    }

    /// Waits for calls, until the run is interrupted.
    pub(crate) fn run<T>(&self, calls: impl Future<Output = Result<T, CallFailure>>) -> Result<T, CallFailure> {
        let failed = || CallFailure::Local("no thread can be started".to_owned());
        let runtime = self.runtime.get_or_init(start).as_ref().ok_or_else(failed)?;
        let mut interrupted = self.interrupted.clone();
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = interrupted.wait_for(|interrupted| *interrupted) => Err(CallFailure::Interrupted),
                outcome = calls => outcome,
            }
        })
    }

    /// Waits for a last call, also when the run is interrupted: at most a second or two.
    pub(crate) fn finish(&self, call: impl Future<Output = ()>) {
        if let Some(Some(runtime)) = self.runtime.get() {
            let _ = runtime.block_on(async { tokio::time::timeout(Duration::from_millis(1500), call).await });
        }
    }
}

fn start() -> Option<Runtime> {
    Builder::new_multi_thread().worker_threads(THREADS).thread_name("remote").enable_all().build().ok()
}

impl Drop for CallRuntime {
    fn drop(&mut self) {
        if let Some(Some(runtime)) = self.runtime.take() {
            // Contents that no call needs any more may still be written: that is not waited for.
            runtime.shutdown_background();
        }
    }
}
