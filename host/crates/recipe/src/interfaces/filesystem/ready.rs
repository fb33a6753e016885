//! Completes operations of WASI's implementation immediately, because it may block this thread.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The output of a future that is ready, or that is completed here.
pub(super) fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => wasmtime_wasi::runtime::in_tokio(future),
    }
}
