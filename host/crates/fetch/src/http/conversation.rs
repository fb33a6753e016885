//! Requests with any method, headers and body, for servers with an API (registries, indexes): a response of any status
//! is returned, up to a size limit.

use std::sync::Arc;

use ureq::http::{HeaderName, header};
use url::Url;

use super::client::{Client, Outgoing, Redirects, UnreadResponse};
use super::exchange::Exchange;
use super::fault::{TransferFault, TransferStop};
use super::limits::TransferLimits;
use super::redirect;
use super::retry::{AttemptError, Patience, passing_status};
use base::environment::Environment;

pub use ureq::http::{HeaderMap, Method, StatusCode};

/// Maximum number of bytes read from the body of an error response.
const LONGEST_FAILURE: u64 = 64 << 10;

/// One request. Not `Debug`, as it may contain secrets.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// An `http` or `https` URL without credentials.
    pub url: Url,
    /// Further headers, without credentials.
    pub headers: Vec<(HeaderName, String)>,
    /// The value of the header `Authorization`. It is never sent to another host, even if the server redirects there.
    pub authorization: Option<String>,
    /// The body.
    pub body: Option<Arc<[u8]>>,
    /// Maximum size of a successful response, in bytes.
    pub most: u64,
}

impl HttpRequest {
    /// A request for `url`, of whose content at most `most` bytes are read.
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

/// A response of any status.
#[derive(Clone, Debug)]
pub struct Response {
    /// The final URL, after redirects.
    pub url: Url,
    /// Its status. A redirect only for methods that do not follow them (`POST`, `PUT`).
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; for an error, only a limited prefix.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header, if it is a string.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The `Location` of a response to a request for `from`, and whether the credentials for `from` may be sent there,
    /// too.
    ///
    /// # Errors
    /// If it is missing, or is not allowed.
    pub fn location(&self, from: &Url) -> Result<(Url, bool), TransferFault> {
        let target = self.header(header::LOCATION.as_str());
        let next = redirect::follow_securely(from, target.ok_or_else(|| redirect::refused("without a target"))?)?;
        let same_place = redirect::same_place(from, &next);
        Ok((next, same_place))
    }
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server did not respond, or the response is not allowed.
    #[error(transparent)]
    Fault(#[from] TransferFault),
    /// The caller canceled the request.
    #[error("it was canceled")]
    Canceled,
}

/// Sends requests to servers. Opens nothing before the first call.
pub struct Conversation {
    client: Client,
    limits: TransferLimits,
}

impl Conversation {
    /// For the process with this `environment` (uses its proxies), within `limits`, except their size.
    pub fn new(environment: &Environment, limits: TransferLimits) -> Self {
        Self { client: Client::new(environment), limits }
    }

    /// Sends a request and reads its response. `progress` is called with the number of received bytes, and the total if
    /// announced; `canceled` is called several times per second.
    ///
    /// # Errors
    /// If there is no response, or it is too large, or redirects to a place that is not allowed.
    pub fn call(
        &self,
        call: &HttpRequest,
        progress: &mut dyn FnMut(u64, Option<u64>),
        canceled: &dyn Fn() -> bool,
    ) -> Result<Response, CallError> {
        let patience = Patience::new(&self.limits, canceled);
        patience.attempts(|| self.attempt(call, progress, patience)).map_err(|stop| match stop {
            TransferStop::Fault(fault) => CallError::Fault(fault),
            // There is no sink here.
            TransferStop::Sink(error) => CallError::Fault(TransferFault::Incomplete(error.to_string())),
            TransferStop::Canceled => CallError::Canceled,
        })
    }

    fn attempt(
        &self,
        call: &HttpRequest,
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
    UnreadResponse { exchange, head, .. }: &UnreadResponse<'_>,
    most: u64,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Vec<u8>, AttemptError> {
    if head.length.is_some_and(|length| length > most) {
        return Err(TransferFault::TooLarge(most).into());
    }
    let mut body = Vec::new();
    while let Some(bytes) = exchange.chunk()? {
        // The announced length may be wrong, and a chunked body announces none.
        if body.len() as u64 + bytes.len() as u64 > most {
            return Err(TransferFault::TooLarge(most).into());
        }
        body.extend_from_slice(&bytes);
        progress(body.len() as u64, head.length);
    }
    Ok(body)
}

/// The first part of the body of an error response.
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
