//! Single requests to registries and token servers, and which parts of the responses may be shown.
//!
//! Does not know about artifacts or where credentials come from.

use std::sync::Arc;

use serde::Deserialize;

use super::error::RegistryError;
use super::reference::Reference;
use super::secrets::Secrets;
use base::environment::Environment;
use base::source::{printable, redact};
use fetch::{CallError, Conversation, HttpRequest, NetworkUse, Response, TransferLimits};

/// How many characters of a registry's message are shown.
const LONGEST_MESSAGE: usize = 200;

/// The kind of access to a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum RepositoryAccess {
    Read,
    Write,
}

impl RepositoryAccess {
    /// For messages.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// For the scope of a token.
    pub(super) fn actions(self) -> &'static str {
        match self {
            Self::Read => "pull",
            Self::Write => "pull,push",
        }
    }
}

/// Called with the number of bytes received so far, and the total if it is announced.
pub(super) type ProgressCallback<'a> = &'a mut dyn FnMut(u64, Option<u64>);

/// The connection settings for requests.
pub(super) struct Wire {
    conversation: Conversation,
    network: NetworkUse,
    pub(super) canceled: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Secrets that no message may repeat.
    pub(super) secrets: Secrets,
}

impl Wire {
    pub(super) fn new(environment: &Environment, limits: TransferLimits, network: NetworkUse) -> Self {
        let conversation = Conversation::new(environment, limits);
        Self { conversation, network, canceled: Arc::new(|| false), secrets: Secrets::default() }
    }

    /// Sends one request unchanged.
    pub(super) fn send(
        &self,
        access: RepositoryAccess,
        reference: &Reference,
        call: &HttpRequest,
        progress: ProgressCallback<'_>,
    ) -> Result<Response, RegistryError> {
        if self.network != NetworkUse::Allowed {
            return Err(RegistryError::Offline { reference: reference.to_string() });
        }
        if let Some(header) = &call.authorization {
            self.secrets.add_authorization(header);
        }
        self.conversation.call(call, progress, &*self.canceled).map_err(|error| match error {
            CallError::Fault(fault) => {
                RegistryError::Call { operation: access.operation(), reference: reference.to_string(), fault }
            }
            CallError::Canceled => RegistryError::Canceled { reference: reference.to_string() },
        })
    }

    /// The error for a response with an unexpected status.
    pub(super) fn refused(
        &self,
        access: RepositoryAccess,
        reference: &Reference,
        response: &Response,
    ) -> RegistryError {
        RegistryError::Refused {
            operation: access.operation(),
            reference: reference.to_string(),
            status: response.status.to_string(),
            message: self.message(&response.body),
        }
    }

    /// The message in an error response (distribution specification, error codes), without secrets.
    fn message(&self, body: &[u8]) -> String {
        #[derive(Deserialize)]
        struct Failures {
            errors: Vec<ReportedError>,
        }
        #[derive(Deserialize)]
        struct ReportedError {
            #[serde(default)]
            code: String,
            #[serde(default)]
            message: String,
        }
        let Ok(failures) = serde_json::from_slice::<Failures>(body) else { return String::new() };
        let texts = failures.errors.iter().map(|failure| format!("{}: {}", failure.code, failure.message));
        let text: String = texts.collect::<Vec<_>>().join("; ").chars().take(LONGEST_MESSAGE).collect();
        self.shown(text)
    }

    /// A string from outside, without credentials and control characters.
    pub(super) fn shown(&self, text: String) -> String {
        printable(&redact(&self.secrets.withhold(text)))
    }
}
