//! Requests of any method, header and body, for servers that one talks with (registries, indexes): an answer of any status
//! is returned, within a limit.

use std::sync::Arc;

use ureq::http::{HeaderName, header};
use url::Url;

use super::client::{Answer, Client, Outgoing, Redirects};
use super::exchange::Exchange;
use super::fault::{Stop, TransferFault};
use super::limits::Limits;
use super::redirect;
use super::retry::{AttemptError, Patience, passing_status};
use base::environment::Environment;

pub use ureq::http::{HeaderMap, Method, StatusCode};

/// The most that is read of the body of a failure, in bytes.
const LONGEST_FAILURE: u64 = 64 << 10;

/// One request. It has no `Debug`, as it may contain secrets.
#[derive(Clone)]
pub struct Call {
    /// What is requested.
    pub method: Method,
    /// Of what: an `http` or `https` URL without credentials.
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
    /// Requests `url`, of whose content at most `most` bytes are read.
    pub fn get(url: Url, most: u64) -> Self {
        Self { method: Method::GET, url, headers: Vec::new(), authorization: None, body: None, most }
    }

    fn outgoing(&self) -> Outgoing<'_> {
        let Self { method, url, headers, authorization, body, most: _ } = self;
        let mut outgoing = Outgoing {
            method: method.clone(),
            url: url.clone(),
            headers,
            authorization: authorization.as_deref(),
            body: body.clone(),
            redirects: Redirects::Reported,
        };
        if outgoing.is_repeatable() {
            outgoing.redirects = Redirects::Secure;
        }
        outgoing
    }
}

/// An answer of any status.
#[derive(Clone, Debug)]
pub struct Response {
    /// Where it came from in the end: redirects were followed.
    pub url: Url,
    /// Its status. A redirection only if the request is not one that follows them (`POST`, `PUT`).
    pub status: StatusCode,
    /// Its header.
    pub headers: HeaderMap,
    /// Its body; of a failure only a limited beginning.
    pub body: Vec<u8>,
}

impl Response {
    /// A header line, if it is a string.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Where the answer to a request for `from` points to, and whether the credentials for `from` may be sent there too.
    ///
    /// # Errors
    /// If it points nowhere, or to a place that is not allowed.
    pub fn location(&self, from: &Url) -> Result<(Url, bool), TransferFault> {
        let target = self.header(header::LOCATION.as_str());
        let next = redirect::follow_securely(from, target.ok_or_else(|| redirect::refused("to nowhere"))?)?;
        let same_place = redirect::same_place(from, &next);
        Ok((next, same_place))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// None came, or none that is allowed.
    #[error(transparent)]
    Fault(#[from] TransferFault),
    /// The caller asked to stop.
    #[error("it was canceled")]
    Canceled,
}

/// Talks with servers. Opens nothing before the first call.
pub struct Conversation {
    client: Client,
    limits: Limits,
}

impl Conversation {
    /// Calls for the process that `environment` describes (by its proxies), within `limits`, whose size is ignored.
    pub fn new(environment: &Environment, limits: Limits) -> Self {
        Self { client: Client::new(environment), limits }
    }

    /// Sends a request and reads its answer. `progress` gets how many bytes came, and how many are announced; `canceled` is
    /// asked several times a second.
    ///
    /// # Errors
    /// If no answer comes, or one that is longer than allowed, or that redirects to a place that is not allowed.
    pub fn call(
        &self,
        call: &Call,
        progress: &mut dyn FnMut(u64, Option<u64>),
        canceled: &dyn Fn() -> bool,
    ) -> Result<Response, CallError> {
        let patience = Patience::new(&self.limits, canceled);
        patience.attempts(|| self.attempt(call, progress, patience)).map_err(|stop| match stop {
            Stop::Fault(fault) => CallError::Fault(fault),
            // Nothing is written here.
            Stop::Sink(error) => CallError::Fault(TransferFault::Incomplete(error.to_string())),
            Stop::Canceled => CallError::Canceled,
        })
    }

    fn attempt(
        &self,
        call: &Call,
        progress: &mut dyn FnMut(u64, Option<u64>),
        patience: Patience<'_>,
    ) -> Result<Response, AttemptError> {
        let answer = self.client.answer(call.outgoing(), patience)?;
        let (url, status, headers) = (answer.url.clone(), answer.head.status, answer.head.headers.clone());
        if let Some(error) = passing_status(status, &headers) {
            return Err(error);
        }
        let body = match (call.method == Method::HEAD, status.is_success()) {
            (true, _) => Vec::new(),
            (_, true) => whole(&answer, call.most, progress)?,
            (_, false) => beginning(&answer.exchange)?,
        };
        self.client.reuse(answer);
        Ok(Response { url, status, headers, body })
    }
}

/// The body, unless it is longer than `most`.
fn whole(
    Answer { exchange, head, .. }: &Answer<'_>,
    most: u64,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Vec<u8>, AttemptError> {
    if head.length.is_some_and(|length| length > most) {
        return Err(TransferFault::TooLarge(most).into());
    }
    let mut body = Vec::new();
    while let Some(bytes) = exchange.chunk()? {
        // The announced length may be a lie, and a chunked body announces none.
        if body.len() as u64 + bytes.len() as u64 > most {
            return Err(TransferFault::TooLarge(most).into());
        }
        body.extend_from_slice(&bytes);
        progress(body.len() as u64, head.length);
    }
    Ok(body)
}

/// As much of the body as a failure may have.
fn beginning(exchange: &Exchange<'_>) -> Result<Vec<u8>, AttemptError> {
    let mut body = Vec::new();
    while let Some(bytes) = exchange.chunk()? {
        let room = LONGEST_FAILURE.saturating_sub(body.len() as u64);
        body.extend(bytes.iter().take(usize::try_from(room).unwrap_or(0)));
        if body.len() as u64 >= LONGEST_FAILURE {
            break;
        }
    }
    Ok(body)
}
