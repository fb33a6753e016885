//! Retries: how often an operation is tried, and the pauses in between.

use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, StatusCode, header};

use super::fault::{Timeout, TransferFault, TransferStop};
use super::limits::TransferLimits;

/// How often a waiting caller checks whether it was canceled.
pub(super) const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Why one attempt failed.
pub(super) enum AttemptError {
    /// Another attempt is pointless.
    Final(TransferStop),
    /// Another attempt may succeed, after this pause if the server demands one.
    Passing(TransferFault, Option<Duration>),
}

impl<T: Into<TransferStop>> From<T> for AttemptError {
    fn from(stop: T) -> Self {
        Self::Final(stop.into())
    }
}

/// How long a caller waits, and until when.
#[derive(Clone, Copy)]
pub(super) struct Patience<'a> {
    pub(super) limits: &'a TransferLimits,
    /// The deadline of all attempts.
    pub(super) deadline: Instant,
    /// Called frequently.
    pub(super) canceled: &'a dyn Fn() -> bool,
}

impl<'a> Patience<'a> {
    /// For attempts that start now.
    pub(super) fn new(limits: &'a TransferLimits, canceled: &'a dyn Fn() -> bool) -> Self {
        Self { limits, deadline: Instant::now() + limits.total, canceled }
    }

    /// The time until the deadline.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Fails if the caller has canceled, or the deadline has passed.
    pub(super) fn check(&self) -> Result<(), TransferStop> {
        if (self.canceled)() {
            return Err(TransferStop::Canceled);
        }
        if self.left().is_zero() {
            return Err(Timeout::Total(self.limits.total).into());
        }
        Ok(())
    }

    /// Repeats `attempt` until it succeeds, fails permanently, or has failed too often.
    pub(super) fn attempts<T>(&self, mut attempt: impl FnMut() -> Result<T, AttemptError>) -> Result<T, TransferStop> {
        let mut pause = self.limits.pause;
        let mut count = 1;
        loop {
            let (fault, demanded) = match attempt() {
                Ok(outcome) => return Ok(outcome),
                Err(AttemptError::Final(stop)) => return Err(stop),
                Err(AttemptError::Passing(fault, demanded)) => (fault, demanded),
            };
            let wait = demanded.unwrap_or(pause.min(self.limits.longest_pause));
            if count >= self.limits.attempts || wait > self.limits.longest_pause || wait >= self.left() {
                return Err(fault.into());
            }
            self.sleep(wait)?;
            pause = pause.saturating_mul(2);
            count += 1;
        }
    }

    fn sleep(&self, wait: Duration) -> Result<(), TransferStop> {
        let end = Instant::now() + wait;
        loop {
            self.check()?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(CHECK_INTERVAL));
        }
    }
}

/// Whether the server is busy, or a proxy did not reach it: then a later attempt may succeed.
pub(super) fn passing_status(status: StatusCode, headers: &HeaderMap) -> Option<AttemptError> {
    let demanded = match status.as_u16() {
        429 | 503 => retry_after(headers),
        502 | 504 => None,
        _ => return None,
    };
    Some(AttemptError::Passing(status_fault(status), demanded))
}

pub(super) fn status_fault(status: StatusCode) -> TransferFault {
    TransferFault::Status(status.to_string())
}

/// The pause that a server demands. Only seconds are supported in `Retry-After`: a date would depend on two clocks.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds.map(Duration::from_secs)
}
