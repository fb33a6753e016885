//! One call: headers, a deadline, attempts with growing waits.

use std::time::Duration;

use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use super::failure::{CallFailure, StatusVerdict, judge};
use super::session::ServerSession;

impl ServerSession {
    /// Makes a call until it succeeds or is not worth another attempt; `deadline` is that of each attempt.
    pub(super) async fn call<M, T, F>(
        &self,
        call: &'static str,
        deadline: Duration,
        message: M,
        send: impl Fn(Channel, Request<M>) -> F,
    ) -> Result<T, CallFailure>
    where
        M: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let attempt = async || {
            let mut request = self.request(message.clone()).await?;
            // For the server. The end of the time that counts here is never tried again, so it must come first.
            request.set_timeout(deadline + Duration::from_secs(1));
            match tokio::time::timeout(deadline, send(self.channel.clone(), request)).await {
                Ok(answer) => Ok(answer.map(Response::into_inner)),
                Err(_) => Err(CallFailure::TooSlow { call }),
            }
        };
        self.attempts(call, attempt).await
    }

    /// Makes attempts until one succeeds or no other is worth it, and counts the outcome.
    pub(super) async fn attempts<T>(
        &self,
        call: &'static str,
        attempt: impl AsyncFn() -> Result<Result<T, Status>, CallFailure>,
    ) -> Result<T, CallFailure> {
        self.count(self.attempts_uncounted(call, attempt).await)
    }

    /// Counts the outcome of all attempts at a call.
    pub(super) fn count<T>(&self, outcome: Result<T, CallFailure>) -> Result<T, CallFailure> {
        match &outcome {
            Ok(_) => self.breaker.succeeded(),
            Err(failure) if failure.is_answer() => {}
            Err(_) => self.breaker.failed(),
        }
        outcome
    }

    async fn attempts_uncounted<T>(
        &self,
        call: &'static str,
        attempt: impl AsyncFn() -> Result<Result<T, Status>, CallFailure>,
    ) -> Result<T, CallFailure> {
        let mut has_identified = false;
        for number in 1.. {
            let status = match attempt().await? {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            match judge(&status) {
                StatusVerdict::Again if number < self.limits.attempts => self.wait(number).await,
                StatusVerdict::Identify if !has_identified => {
                    has_identified = true;
                    self.headers.forget().await;
                }
                _ => return Err(CallFailure::of_status(call, &status)),
            }
            if self.breaker.is_open() {
                return Err(CallFailure::Unavailable);
            }
        }
        Err(CallFailure::Unavailable)
    }

    /// The wait after this attempt. Clients that failed at the same time do not come back at the same time.
    pub(super) async fn wait(&self, attempt: u32) {
        let longest = self.limits.back_off.saturating_mul(1 << (attempt - 1).min(10));
        let mut random = [0; 1];
        // Without randomness, the wait is the longest.
        let part = getrandom::fill(&mut random).map_or(1.0, |()| f64::from(random[0]) / 255.0);
        tokio::time::sleep(longest.mul_f64(0.5 + 0.5 * part)).await;
    }

    /// How long a call may take that moves so many bytes.
    pub(super) fn deadline(&self, bytes: u64) -> Duration {
        self.limits.call + Duration::from_secs(bytes / self.limits.lowest_rate.max(1))
    }

    /// A request with the headers that identify the user and this program.
    pub(super) async fn request<M>(&self, message: M) -> Result<Request<M>, CallFailure> {
        let mut request = Request::new(message);
        self.headers.add_to(request.metadata_mut()).await?;
        request.metadata_mut().insert_bin(REQUEST_METADATA, self.request_metadata.clone());
        Ok(request)
    }
}

/// Where the protocol wants to know which program calls.
const REQUEST_METADATA: &str = "build.bazel.remote.execution.v2.requestmetadata-bin";
