//! Single requests to registries and token servers, and what may be shown of their answers.
//!
//! Knows nothing of artifacts, nor of where credentials come from.

use std::sync::Arc;

use serde::Deserialize;

use super::error::RegistryError;
use super::reference::Reference;
use super::secrets::Secrets;
use base::environment::Environment;
use base::source::{neutralise, redact};
use fetch::{Call, CallError, Conversation, Limits, Network, Response};

/// How many characters of a registry's message are shown.
const LONGEST_MESSAGE: usize = 200;

/// What is done with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Access {
    Read,
    Write,
}

impl Access {
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

/// How many bytes of an answer came, and how many are announced.
pub(super) type Progress<'a> = &'a mut dyn FnMut(u64, Option<u64>);

/// What requests are sent over.
pub(super) struct Wire {
    conversation: Conversation,
    network: Network,
    pub(super) canceled: Arc<dyn Fn() -> bool + Send + Sync>,
    /// What no message may repeat.
    pub(super) secrets: Secrets,
}

impl Wire {
    pub(super) fn new(environment: &Environment, limits: Limits, network: Network) -> Self {
        let conversation = Conversation::new(environment, limits);
        Self { conversation, network, canceled: Arc::new(|| false), secrets: Secrets::default() }
    }

    /// Sends one request as it is.
    pub(super) fn send(
        &self,
        access: Access,
        reference: &Reference,
        call: &Call,
        progress: Progress<'_>,
    ) -> Result<Response, RegistryError> {
        if self.network != Network::Allowed {
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

    /// For an answer with another status than expected.
    pub(super) fn refused(&self, access: Access, reference: &Reference, response: &Response) -> RegistryError {
        RegistryError::Refused {
            operation: access.operation(),
            reference: reference.to_string(),
            status: response.status.to_string(),
            message: self.message(&response.body),
        }
    }

    /// The message of a failure (distribution specification, error codes), without what must not be shown.
    fn message(&self, body: &[u8]) -> String {
        #[derive(Deserialize)]
        struct Failures {
            errors: Vec<Failure>,
        }
        #[derive(Deserialize)]
        struct Failure {
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

    /// A text from outside, without credentials, and without what would control a terminal.
    pub(super) fn shown(&self, text: String) -> String {
        neutralise(&redact(&self.secrets.withhold(text)))
    }
}
