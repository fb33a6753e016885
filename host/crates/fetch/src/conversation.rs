//! Requests of other kinds than bringing a file, for servers that are talked with (registries): any method, header and
//! body; an answer of any status is given out, within a limit.
//!
//! The rules are those of downloads: redirects, attempts, `Retry-After`, timeouts, proxies, certificates.

use std::sync::Arc;
use std::time::Instant;

use ureq::http::{HeaderName, header};
use url::Url;

use super::exchange::Exchange;
use super::fault::{Ended, TransferFault};
use super::http::{Asked, Client};
use super::limits::Limits;
use super::redirect;
use super::transfer::{Failed, attempts, retry_after, status};
use base::environment::Environment;

pub use ureq::http::{HeaderMap, Method, StatusCode};

/// The most that is read of an answer that is not the one hoped for, in bytes.
const LONGEST_COMPLAINT: u64 = 64 << 10;

/// One request. It has no `Debug`, as it may hold secrets.
#[derive(Clone)]
pub struct Call {
    /// What is to be done.
    pub method: Method,
    /// With what: an `http` or `https` URL without credentials.
    pub url: Url,
    /// Further header lines, without credentials.
    pub headers: Vec<(HeaderName, String)>,
    /// The header line `Authorization`. It is never sent to another host, even if the server redirects there.
    pub authorization: Option<String>,
    /// What is sent.
    pub body: Option<Arc<[u8]>>,
    /// The most that is read of a successful answer, in bytes.
    pub most: u64,
}

impl Call {
    /// Asks for `url`, of whose content at most `most` bytes are read.
    pub fn get(url: Url, most: u64) -> Self {
        Self { method: Method::GET, url, headers: Vec::new(), authorization: None, body: None, most }
    }

    /// Whether sending it twice does no more than sending it once, as far as its method tells.
    fn is_repeatable(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// An answer of whatever status.
#[derive(Clone, Debug)]
pub struct Response {
    /// Where it came from in the end: redirects were followed.
    pub url: Url,
    /// Its status. A redirect only where the request is not one that follows redirects (`POST`, `PUT`).
    pub status: StatusCode,
    /// Its header.
    pub headers: HeaderMap,
    /// Its body; of failures a limited beginning.
    pub body: Vec<u8>,
}

impl Response {
    /// A header line, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Response {
    /// Where the answer to a request for `from` says that one should go on, and whether what one knows of credentials for
    /// `from` may be sent there too.
    ///
    /// # Errors
    /// Where it says nothing, or that may not be followed.
    pub fn location(&self, from: &Url) -> Result<(Url, bool), TransferFault> {
        let target = self.header(header::LOCATION.as_str());
        let target = target.ok_or_else(|| TransferFault::Redirect("to nowhere".to_owned()))?;
        let next = follow(from, target)?;
        let same_place = redirect::same_place(from, &next);
        Ok((next, same_place))
    }
}

/// As [`redirect::follow`], and never to another host without TLS.
fn follow(from: &Url, target: &str) -> Result<Url, TransferFault> {
    let next = redirect::follow(from, target)?;
    if next.scheme() == "http" && next.host() != from.host() {
        return Err(redirect::refused("to another host without TLS"));
    }
    Ok(next)
}

/// What comes instead of an answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is no answer, or none that may be taken.
    #[error(transparent)]
    Fault(#[from] TransferFault),
    /// The caller asked to stop.
    #[error("it was cancelled")]
    Cancelled,
}

/// Talks with servers. Nothing is opened before the first call.
pub struct Conversation {
    client: Client,
    limits: Limits,
}

impl Conversation {
    /// Calls for the process that `environment` describes (its proxy settings count), within `limits`, whose size does
    /// not count.
    pub fn new(environment: &Environment, limits: Limits) -> Self {
        Self { client: Client::new(environment), limits }
    }

    /// Sends a request and reads its answer. `progress` is told how many bytes came, and how many are announced;
    /// `cancelled` is asked several times a second.
    ///
    /// # Errors
    /// Where no answer comes, or one that is longer than allowed, or that leads to where nobody may be sent.
    pub fn call(
        &self,
        call: &Call,
        progress: &mut dyn FnMut(u64, Option<u64>),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Response, CallError> {
        attempts(&self.limits, cancelled, || self.attempt(call, progress, cancelled)).map_err(|ended| match ended {
            Ended::Fault(fault) => CallError::Fault(fault),
            // Nothing is written here.
            Ended::File(error) => CallError::Fault(TransferFault::BrokenOff(error.to_string())),
            Ended::Cancelled => CallError::Cancelled,
        })
    }

    fn attempt(
        &self,
        call: &Call,
        progress: &mut dyn FnMut(u64, Option<u64>),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Response, Failed> {
        let deadline = Instant::now() + self.limits.total;
        let mut url = call.url.clone();
        let mut authorization = call.authorization.as_ref();
        for _ in 0..=redirect::MOST {
            let mut headers = call.headers.clone();
            headers.extend(authorization.map(|value| (header::AUTHORIZATION, value.clone())));
            let asked = Asked { method: call.method.clone(), url: &url, headers: &headers, body: call.body.clone() };
            let left = deadline.saturating_duration_since(Instant::now());
            let exchange = self.client.send(&asked, &self.limits, left, cancelled)?;
            let head = match exchange.head().map_err(Failed::from) {
                // What a server did before the connection ended nobody knows.
                Err(Failed::Passing(fault, _)) if !call.is_repeatable() => return Err(fault.into()),
                other => other?,
            };
            let target = head.headers.get(header::LOCATION).and_then(|target| target.to_str().ok());
            if let (true, true, Some(target)) = (head.status.is_redirection(), call.is_repeatable(), target) {
                let next = follow(&url, target)?;
                if !redirect::same_place(&url, &next) {
                    authorization = None;
                }
                url = next;
                continue;
            }
            if matches!(head.status.as_u16(), 429 | 502 | 503 | 504) {
                return Err(Failed::Passing(status(head.status), retry_after(&head.headers)));
            }
            let body = match (call.method == Method::HEAD, head.status.is_success()) {
                (true, _) => Vec::new(),
                (_, true) => whole(&exchange, head.length, call.most, progress)?,
                (_, false) => beginning(&exchange)?,
            };
            return Ok(Response { url, status: head.status, headers: head.headers, body });
        }
        Err(TransferFault::TooManyRedirects(redirect::MOST).into())
    }
}

/// The body, provided that it is not longer than `most`.
fn whole(
    exchange: &Exchange<'_>,
    length: Option<u64>,
    most: u64,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Vec<u8>, Failed> {
    if length.is_some_and(|length| length > most) {
        return Err(TransferFault::TooLarge(most).into());
    }
    let mut body = Vec::new();
    while let Some(bytes) = exchange.chunk()? {
        // The announced length may be a lie, and a chunked body announces none.
        if body.len() as u64 + bytes.len() as u64 > most {
            return Err(TransferFault::TooLarge(most).into());
        }
        body.extend_from_slice(&bytes);
        progress(body.len() as u64, length);
    }
    Ok(body)
}

/// So much of the body as a complaint may take.
fn beginning(exchange: &Exchange<'_>) -> Result<Vec<u8>, Failed> {
    let mut body = Vec::new();
    while let Some(bytes) = exchange.chunk()? {
        let room = LONGEST_COMPLAINT.saturating_sub(body.len() as u64);
        body.extend(bytes.iter().take(usize::try_from(room).unwrap_or(0)));
        if body.len() as u64 >= LONGEST_COMPLAINT {
            break;
        }
    }
    Ok(body)
}
