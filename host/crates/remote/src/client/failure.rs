//! Why a call failed, and whether it is worth another attempt.

use std::error::Error as _;
use std::time::Duration;

use base::source::printable_line;
use tonic::{Code, Status};

use crate::blob::BlobDigest;
use crate::protocol::rpc_source;

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallFailure {
    /// The run was interrupted.
    #[error("the run was interrupted")]
    Interrupted,
    /// The server is no longer used, so the call was not made.
    #[error("it is no longer used")]
    Unavailable,
    /// The server does not have it.
    #[error("{call}: not found")]
    NotFound { call: &'static str },
    /// What is needed to connect cannot be read.
    #[error("{0}")]
    Settings(String),
    /// There is no connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// The server is not one that this client can use.
    #[error("{0}")]
    Unsuitable(String),
    /// The server refused the call, or failed at every attempt.
    #[error("{call}: {code} ({message})")]
    Status { call: &'static str, code: Code, message: String },
    /// The server did not answer in time, or too slowly.
    #[error("{call}: no answer in time")]
    TooSlow { call: &'static str },
    /// The server did not answer the first call.
    #[error("no answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// The server sent something other than the content that was requested.
    #[error("it sent content that does not match {0}")]
    Damaged(BlobDigest),
    /// The server does not have a content that it promised.
    #[error("it lost the content {0}")]
    Lost(BlobDigest),
    /// The local store did not take, or does not have, a content.
    #[error("{0}")]
    Local(String),
}

/// What to do about a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatusVerdict {
    /// Another attempt may succeed.
    Again,
    /// Another attempt with new headers may succeed.
    Identify,
    /// It is not worth another attempt.
    Never,
}

pub(super) fn judge(status: &Status) -> StatusVerdict {
    match status.code() {
        Code::Unavailable | Code::Aborted => StatusVerdict::Again,
        Code::Unauthenticated => StatusVerdict::Identify,
        // The connection broke: such a status was made here, and has a cause.
        Code::Unknown | Code::Internal | Code::Cancelled if status.source().is_some() => StatusVerdict::Again,
        _ => StatusVerdict::Never,
    }
}

impl CallFailure {
    /// A status of the server. Its message is shown on a terminal, so it is one short printable line.
    pub(super) fn of_status(call: &'static str, status: &Status) -> Self {
        match status.code() {
            Code::NotFound => Self::NotFound { call },
            Code::DeadlineExceeded => Self::TooSlow { call },
            code => {
                // A status that was made here has a cause, which explains more than the message.
                let text = status.source().map_or_else(|| status.message().to_owned(), rpc_source);
                Self::Status { call, code, message: printable_line(&text.chars().take(200).collect::<String>()) }
            }
        }
    }

    /// Whether the server answered as a working server does: the failure has no meaning for other calls.
    pub(super) fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. }
                | Self::Interrupted
                | Self::Local(_)
                | Self::Lost(_)
                | Self::Damaged(_)
                // A call that the server lacks, such as the one that continues an upload.
                | Self::Status { code: Code::Unimplemented, .. }
        )
    }

    /// Whether the server does not let this user do this.
    pub(crate) fn is_refusal(&self) -> bool {
        let refusals = [Code::PermissionDenied, Code::Unauthenticated, Code::Unimplemented, Code::ResourceExhausted];
        matches!(self, Self::Status { code, .. } if refusals.contains(code))
    }
}
