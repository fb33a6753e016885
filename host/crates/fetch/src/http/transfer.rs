//! Downloads one URL into a sink, and resumes an interrupted response.

use ureq::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use url::Url;

use super::allowed::Allowed;
use super::client::{Client, Outgoing, Redirects, UnreadResponse};
use super::exchange::ResponseHead;
use super::fault::{SinkError, TransferFault, TransferStop};
use super::limits::TransferLimits;
use super::retry::{AttemptError, Patience, passing_status, status_fault};

/// A download.
pub(crate) struct Transfer<'a> {
    /// An `http` or `https` URL.
    pub(crate) url: &'a str,
    /// Allowed redirects.
    pub(crate) allowed: &'a Allowed,
    pub(crate) limits: &'a TransferLimits,
    /// Headers of the request, in addition to the client's own.
    pub(crate) headers: &'a [(HeaderName, String)],
    /// Called frequently.
    pub(crate) canceled: &'a dyn Fn() -> bool,
}

/// What a server sent with the bytes.
pub(crate) struct ReceivedHead {
    /// The URL after all redirects.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
}

/// The destination of the bytes.
pub(crate) trait Sink {
    /// Removes all written bytes.
    fn restart(&mut self) -> Result<(), SinkError>;
    /// Appends bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError>;
    /// Number of bytes since the start.
    fn length(&self) -> u64;
    /// Called with the length of the file, if it is known.
    fn announce(&mut self, _total: Option<u64>) -> Result<(), SinkError> {
        Ok(())
    }
}

impl Sink for Vec<u8> {
    fn restart(&mut self) -> Result<(), SinkError> {
        self.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn length(&self) -> u64 {
        self.len() as u64
    }
}

/// A download that may take several attempts.
struct Download<'a> {
    url: Url,
    transfer: &'a Transfer<'a>,
    sink: &'a mut dyn Sink,
    /// Identifies the file that was partly written to the sink.
    validator: Option<String>,
}

impl Client {
    /// Downloads the content of a URL into `sink`.
    pub(crate) fn get(&self, transfer: &Transfer<'_>, sink: &mut dyn Sink) -> Result<ReceivedHead, TransferStop> {
        let url = Url::parse(transfer.url).map_err(|error| TransferFault::NotUrl(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(TransferFault::Scheme(url.scheme().to_owned()).into());
        }
        let patience = Patience::new(transfer.limits, transfer.canceled);
        let mut download = Download { url, transfer, sink, validator: None };
        patience.attempts(|| download.attempt(self, patience))
    }
}

impl Download<'_> {
    /// One attempt: follows all redirects and reads the body to its end.
    fn attempt(&mut self, client: &Client, patience: Patience<'_>) -> Result<ReceivedHead, AttemptError> {
        let mut headers = self.range();
        headers.extend(self.transfer.headers.iter().cloned());
        let answer = client.answer(
            Outgoing {
                method: Method::GET,
                url: self.url.clone(),
                headers: &headers,
                authorization: None,
                body: None,
                redirects: Redirects::To(self.transfer.allowed),
            },
            patience,
        )?;
        self.receive(&answer)?;
        let received = ReceivedHead { url: answer.url.clone(), headers: answer.head.headers.clone() };
        client.reuse(answer);
        Ok(received)
    }

    /// Requests the missing part, if the file is unchanged (RFC 9110, section 13.1.5).
    fn range(&self) -> Vec<(HeaderName, String)> {
        let length = self.sink.length();
        match &self.validator {
            Some(validator) if length > 0 => {
                vec![(header::RANGE, format!("bytes={length}-")), (header::IF_RANGE, validator.clone())]
            }
            _ => Vec::new(),
        }
    }

    fn receive(&mut self, UnreadResponse { exchange, head, .. }: &UnreadResponse<'_>) -> Result<(), AttemptError> {
        if !self.is_continued_by(head) {
            self.validator = None;
            self.sink.restart()?;
            match head.status {
                StatusCode::OK => {}
                // The server cannot resume: the next attempt starts from the beginning.
                StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                    return Err(AttemptError::Passing(status_fault(head.status), None));
                }
                status => {
                    let passing = passing_status(status, &head.headers);
                    return Err(passing.unwrap_or_else(|| status_fault(status).into()));
                }
            }
        }
        let total = head.length.map(|length| length.saturating_add(self.sink.length()));
        self.check_size(total.unwrap_or(0))?;
        self.sink.announce(total)?;
        self.validator = validator_of(&head.headers).or(self.validator.take());
        while let Some(bytes) = exchange.chunk()? {
            // The announced length may be wrong, and a chunked body announces none.
            self.check_size(self.sink.length().saturating_add(bytes.len() as u64))?;
            self.sink.write(&bytes)?;
        }
        Ok(())
    }

    fn check_size(&self, size: u64) -> Result<(), TransferFault> {
        let most = self.transfer.limits.size;
        if size > most { Err(TransferFault::TooLarge(most)) } else { Ok(()) }
    }

    /// Whether a response continues the bytes in the sink.
    fn is_continued_by(&self, head: &ResponseHead) -> bool {
        head.status == StatusCode::PARTIAL_CONTENT
            && self.validator.as_ref().is_some_and(|validator| !contradicts(&head.headers, validator))
            && range_start(&head.headers) == Some(self.sink.length())
    }
}

/// The start of the body of a response: `Content-Range: bytes 10-99/100`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.trim().strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}

/// An identifier of exactly the bytes of this response. A weak tag is not one.
fn validator_of(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let tag = text(header::ETAG).filter(|tag| tag.starts_with('"'));
    tag.or_else(|| text(header::LAST_MODIFIED))
}

/// Whether a response is for a file other than the one that `validator` identifies.
fn contradicts(headers: &HeaderMap, validator: &str) -> bool {
    let name = if validator.starts_with('"') { header::ETAG } else { header::LAST_MODIFIED };
    headers.get(name).is_some_and(|value| value != validator)
}
