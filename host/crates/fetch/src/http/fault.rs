//! Why a URL is not available. No message contains credentials: they are sent in a header, not in the URL of a request.

use std::time::Duration;

use super::limits::{Rate, Seconds};

/// Why a URL is not available.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferFault {
    /// The string is not a URL.
    #[error("not a URL: {0}")]
    NotUrl(String),
    /// A URL of another scheme.
    #[error("{0}: URLs cannot be read, only file:, http: and https: ones")]
    Scheme(String),
    /// The server redirects to a place that is not allowed.
    #[error("refused: the server redirects {0}")]
    Redirect(String),
    /// The server redirects again and again.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// The server answers, but not with the file.
    #[error("HTTP {0}")]
    Status(String),
    /// The file is larger than allowed.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// The server, or the way to it, is too slow.
    #[error(transparent)]
    TooSlow(#[from] Timeout),
    /// The connection ended before the whole file had come.
    #[error("the answer is incomplete: {0}")]
    Incomplete(String),
    /// No answer at all.
    #[error("{0}")]
    Unreachable(String),
    /// The server's certificate was not issued by an authority that this system trusts.
    #[error("the certificate of the server is not trusted: {0}")]
    Certificate(String),
    /// There is no certificate to verify a server with.
    #[error("this system has no certificates to trust (install ca-certificates)")]
    NoCertificates,
    /// The environment sets a proxy that cannot be used.
    #[error("the proxy that the environment sets is not a URL of a known scheme")]
    Proxy,
}

/// What took too long, and how long was waited for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Timeout {
    /// The look-up of the server's name.
    #[error("timeout: the name of the server was not resolved within {}", Seconds(*.0))]
    Name(Duration),
    /// The connection.
    #[error("timeout: the server did not accept a connection within {}", Seconds(*.0))]
    Connection(Duration),
    /// The header of the answer.
    #[error("timeout: the server did not send the header of its answer within {}", Seconds(*.0))]
    Header(Duration),
    /// The next bytes, of the answer or of the request.
    #[error("timeout: the server was silent for {}", Seconds(*.0))]
    Silence(Duration),
    /// The answer as a whole comes too slowly.
    #[error("timeout: the server sent fewer than {0}")]
    Rate(Rate),
    /// All attempts together.
    #[error("timeout: it was not complete after {}", Seconds(*.0))]
    Total(Duration),
}

/// Why there will be no further attempt.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The server, or the way to it.
    Fault(TransferFault),
    /// The place that the bytes were written to.
    Sink(SinkError),
    /// The caller's wish.
    Canceled,
}

/// Why bytes cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SinkError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] base::files::FileError),
    /// They would fill the file system.
    #[error(transparent)]
    NoSpace(#[from] crate::space::NoSpace),
}

impl From<TransferFault> for Stop {
    fn from(fault: TransferFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Timeout> for Stop {
    fn from(timeout: Timeout) -> Self {
        Self::Fault(timeout.into())
    }
}

impl From<SinkError> for Stop {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}
