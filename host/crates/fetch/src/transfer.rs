//! Brings one URL: attempts with pauses between them, redirects, and the rest of a body that broke off.

use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, HeaderName, StatusCode, header};
use url::Url;

use super::allowed::Allowed;
use super::exchange::{Broken, Exchange, Failure, Head, PATIENCE};
use super::fault::{Ended, TransferFault};
use super::http::Client;
use super::limits::Limits;
use super::redirect;
use base::files::FileError;

/// What is to be brought.
pub(super) struct Transfer<'a> {
    /// An `http` or `https` URL.
    pub(super) url: &'a str,
    /// Where it, and redirects, may lead.
    pub(super) allowed: &'a Allowed,
    pub(super) limits: &'a Limits,
    /// Asked often.
    pub(super) cancelled: &'a dyn Fn() -> bool,
}

/// Where the bytes go.
pub(super) trait Sink {
    /// Forgets all that was written.
    fn restart(&mut self) -> Result<(), FileError>;
    /// Takes the next bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<(), FileError>;
    /// How many bytes were written since the start.
    fn length(&self) -> u64;
    /// Is told how long the file will be, if it is known.
    fn announce(&mut self, _total: Option<u64>) {}
}

impl Sink for Vec<u8> {
    fn restart(&mut self) -> Result<(), FileError> {
        self.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn length(&self) -> u64 {
        self.len() as u64
    }
}

/// Why one attempt failed.
pub(super) enum Failed {
    /// No further attempt makes sense.
    Ended(Ended),
    /// Another attempt may do better, after so long if the server said.
    Passing(TransferFault, Option<Duration>),
}

impl<T: Into<Ended>> From<T> for Failed {
    fn from(ended: T) -> Self {
        Self::Ended(ended.into())
    }
}

impl From<Broken> for Failed {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Ended(ended) => Self::Ended(ended),
            Broken::Failed(Failure { fault, passing: true }) => Self::Passing(fault, None),
            Broken::Failed(Failure { fault, passing: false }) => Self::Ended(fault.into()),
        }
    }
}

impl Client {
    /// Brings the content of a URL into `sink`.
    pub(super) fn get(&self, transfer: &Transfer<'_>, sink: &mut dyn Sink) -> Result<(), Ended> {
        let url = Url::parse(transfer.url).map_err(|error| TransferFault::NotUrl(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(TransferFault::Scheme(url.scheme().to_owned()).into());
        }
        let mut validator = None;
        attempts(transfer.limits, transfer.cancelled, || self.attempt(transfer, url.clone(), &mut validator, sink))
    }

    /// One attempt: from `url` over all redirects to the end of the body. `validator` identifies what `sink` holds the
    /// beginning of.
    fn attempt(
        &self,
        transfer: &Transfer<'_>,
        mut url: Url,
        validator: &mut Option<String>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failed> {
        let deadline = Instant::now() + transfer.limits.total;
        let headers = resume(validator.as_ref(), sink.length());
        for _ in 0..=redirect::MOST {
            let left = deadline.saturating_duration_since(Instant::now());
            let exchange = self.ask(&url, &headers, transfer.limits, left, transfer.cancelled)?;
            let head = exchange.head()?;
            let target = head.headers.get(header::LOCATION).and_then(|target| target.to_str().ok());
            match (head.status.is_redirection(), target) {
                (true, Some(target)) => {
                    url = redirect::follow(&url, target)?;
                    if !transfer.allowed.allows(&url) {
                        return Err(redirect::refused("to where it is not allowed to lead").into());
                    }
                }
                _ => return receive(&exchange, &head, transfer.limits, validator, sink),
            }
        }
        Err(TransferFault::TooManyRedirects(redirect::MOST).into())
    }
}

/// Tries until it succeeds, fails for good, or has failed too often.
pub(super) fn attempts<T>(
    limits: &Limits,
    cancelled: &dyn Fn() -> bool,
    mut attempt: impl FnMut() -> Result<T, Failed>,
) -> Result<T, Ended> {
    let mut pause = limits.pause;
    let mut count = 1;
    loop {
        let (fault, asked) = match attempt() {
            Ok(outcome) => return Ok(outcome),
            Err(Failed::Ended(ended)) => return Err(ended),
            Err(Failed::Passing(fault, asked)) => (fault, asked),
        };
        let wait = asked.unwrap_or(pause.min(limits.longest_pause));
        if count >= limits.attempts || wait > limits.longest_pause {
            return Err(fault.into());
        }
        sleep(wait, cancelled)?;
        pause = pause.saturating_mul(2);
        count += 1;
    }
}

/// Asks for what is missing, provided that the file is still the same one (RFC 9110, section 13.1.5).
fn resume(validator: Option<&String>, length: u64) -> Vec<(HeaderName, String)> {
    match validator {
        Some(validator) if length > 0 => {
            vec![(header::RANGE, format!("bytes={length}-")), (header::IF_RANGE, validator.clone())]
        }
        _ => Vec::new(),
    }
}

fn receive(
    exchange: &Exchange<'_>,
    head: &Head,
    limits: &Limits,
    validator: &mut Option<String>,
    sink: &mut dyn Sink,
) -> Result<(), Failed> {
    let goes_on = head.status == StatusCode::PARTIAL_CONTENT
        && validator.as_ref().is_some_and(|validator| !contradicts(&head.headers, validator))
        && range_start(&head.headers) == Some(sink.length());
    if !goes_on {
        *validator = None;
        sink.restart()?;
        match head.status {
            StatusCode::OK => {}
            // The server cannot go on from where it broke off: from the beginning, then.
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                return Err(Failed::Passing(status(head.status), None));
            }
            _ => return Err(failure_of_status(head)),
        }
    }
    let total = head.length.map(|length| length.saturating_add(sink.length()));
    if total.is_some_and(|total| total > limits.size) {
        return Err(TransferFault::TooLarge(limits.size).into());
    }
    sink.announce(total);
    *validator = validator_of(&head.headers).or(validator.take());
    while let Some(bytes) = exchange.chunk()? {
        // The announced length may be a lie, and a chunked body announces none.
        if sink.length().saturating_add(bytes.len() as u64) > limits.size {
            return Err(TransferFault::TooLarge(limits.size).into());
        }
        sink.write(&bytes)?;
    }
    Ok(())
}

/// Where the body of an answer starts: `Content-Range: bytes 10-99/100`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.trim().strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}

/// What identifies the very bytes of this answer. A weak tag does not.
fn validator_of(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let tag = text(header::ETAG).filter(|tag| tag.starts_with('"'));
    tag.or_else(|| text(header::LAST_MODIFIED))
}

/// Whether an answer says that it is of another file than `validator` identifies.
fn contradicts(headers: &HeaderMap, validator: &str) -> bool {
    let name = if validator.starts_with('"') { header::ETAG } else { header::LAST_MODIFIED };
    headers.get(name).is_some_and(|value| value != validator)
}

pub(super) fn status(status: StatusCode) -> TransferFault {
    TransferFault::Status(status.to_string())
}

/// How long a server asks to wait. `Retry-After` counts only in seconds: a date would make the wait depend on two clocks.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds.map(Duration::from_secs)
}

fn failure_of_status(head: &Head) -> Failed {
    match head.status.as_u16() {
        429 | 503 => Failed::Passing(status(head.status), retry_after(&head.headers)),
        502 | 504 => Failed::Passing(status(head.status), None),
        _ => status(head.status).into(),
    }
}

fn sleep(wait: Duration, cancelled: &dyn Fn() -> bool) -> Result<(), Ended> {
    let end = Instant::now() + wait;
    loop {
        if cancelled() {
            return Err(Ended::Cancelled);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(PATIENCE));
    }
}
