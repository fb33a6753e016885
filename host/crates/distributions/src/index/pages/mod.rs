//! Pages from the network: the trait that requests them, and its implementation with `fetch`, with a cache that is
//! revalidated.

mod credentials;
mod page;
mod stored;

use std::path::PathBuf;

use base::environment::Environment;
use base::event::{Event, Report};
use base::source::redact;
use fetch::{CallError, Conversation, HttpRequest, StatusCode, TransferLimits};

pub use credentials::IndexCredentials;
use page::LONGEST_PAGE;
pub use page::Page;
use stored::Stored;

/// The accepted content types for an index, best first (PEP 691).
const KINDS_OF_INDEX: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// The accepted content types for any other page.
const KINDS_OF_PAGE: &str = "text/html, application/vnd.pypi.simple.v1+html;q=0.9, */*;q=0.1";

/// Why a page is not available.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// The cause.
    #[error("{0}")]
    Failed(String),
    /// The run was interrupted.
    #[error("it was canceled")]
    Canceled,
}

/// Requests pages.
pub trait Web: Sync {
    /// The page at `url`; `None` if it does not exist. `is_index` requests a listing of an index.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not answer.
    fn page(&self, url: &str, is_index: bool, report: &dyn Report) -> Result<Option<Page>, WebError>;

    /// The bytes of the small file at `url`.
    ///
    /// # Errors
    /// As [`Self::page`].
    fn bytes(&self, url: &str, report: &dyn Report) -> Result<Option<Vec<u8>>, WebError>;

    /// The page at `url` was of no use: it is requested again next time.
    fn forget(&self, url: &str);
}

/// Requests pages from the network.
pub struct PageDownloads {
    conversation: Conversation,
    credentials: IndexCredentials,
    cache: Option<PathBuf>,
    canceled: Box<dyn Fn() -> bool + Sync + Send>,
}

impl PageDownloads {
    /// Pages are kept in `cache`, and downloaded again only if they have changed on the server.
    pub fn new(
        environment: &Environment,
        limits: TransferLimits,
        credentials: IndexCredentials,
        cache: Option<PathBuf>,
        canceled: Box<dyn Fn() -> bool + Sync + Send>,
    ) -> Self {
        Self { conversation: Conversation::new(environment, limits), credentials, cache, canceled }
    }

    fn call(&self, url: &str, kinds: Option<&str>, known: Option<&Stored>) -> Result<fetch::Response, WebError> {
        let (url, authorization) = self.credentials.of(url).map_err(WebError::Failed)?;
        let mut call = HttpRequest::get(url, LONGEST_PAGE);
        call.authorization = authorization;
        let mut header = |name: &'static str, value: &str| {
            if let Ok(name) = name.parse() {
                call.headers.push((name, value.to_owned()));
            }
        };
        kinds.into_iter().for_each(|kinds| header("accept", kinds));
        known.and_then(|known| known.etag.as_deref()).into_iter().for_each(|etag| header("if-none-match", etag));
        self.conversation.call(&call, &mut |_, _| {}, &*self.canceled).map_err(|error| match error {
            CallError::Canceled => WebError::Canceled,
            CallError::Fault(fault) => WebError::Failed(fault.to_string()),
        })
    }
}

impl Web for PageDownloads {
    fn page(&self, url: &str, is_index: bool, report: &dyn Report) -> Result<Option<Page>, WebError> {
        let place = self.cache.as_ref().map(|cache| stored::place(cache, url));
        let known = place.as_ref().and_then(|place| Stored::read(place));
        if let Some(known) = known.as_ref().filter(|known| known.is_fresh()) {
            return Ok(known.clone().into_page());
        }
        report.report(Event::Progress { activity: &format!("Reading {}", redact(url)) });
        let kinds = if is_index { KINDS_OF_INDEX } else { KINDS_OF_PAGE };
        let answer = self.call(url, Some(kinds), known.as_ref());
        report.report(Event::ProgressEnd);
        let answer = answer?;
        if answer.status == StatusCode::NOT_MODIFIED
            && let Some(known) = known
        {
            let known = known.confirmed(&answer);
            if let Some(place) = place {
                known.write(&place);
            }
            return Ok(known.into_page());
        }
        if matches!(answer.status.as_u16(), 404 | 410) {
            return Ok(None);
        }
        if !answer.status.is_success() {
            return Err(WebError::Failed(complaint(answer.status)));
        }
        let stored = Stored::of(answer).map_err(WebError::Failed)?;
        if let Some(place) = place {
            stored.write(&place);
        }
        Ok(stored.into_page())
    }

    fn forget(&self, url: &str) {
        if let Some(cache) = &self.cache {
            // If it stays, it is used until it is no longer valid.
            let _ = std::fs::remove_file(stored::place(cache, url));
        }
    }

    fn bytes(&self, url: &str, report: &dyn Report) -> Result<Option<Vec<u8>>, WebError> {
        report.report(Event::Progress { activity: &format!("Reading {}", redact(url)) });
        let answer = self.call(url, None, None);
        report.report(Event::ProgressEnd);
        let answer = answer?;
        match answer.status.as_u16() {
            404 | 410 => Ok(None),
            _ if answer.status.is_success() => Ok(Some(answer.body)),
            _ => Err(WebError::Failed(complaint(answer.status))),
        }
    }
}

fn complaint(status: StatusCode) -> String {
    match status.as_u16() {
        401 | 403 => format!("the server answered {status}: it requires credentials, in the URL or in ~/.netrc"),
        _ => format!("the server answered {status}"),
    }
}

/// Requests nothing: for runs without network.
pub struct NoWeb;

impl Web for NoWeb {
    fn page(&self, _: &str, _: bool, _: &dyn Report) -> Result<Option<Page>, WebError> {
        Ok(None)
    }

    fn bytes(&self, _: &str, _: &dyn Report) -> Result<Option<Vec<u8>>, WebError> {
        Ok(None)
    }

    fn forget(&self, _: &str) {}
}
