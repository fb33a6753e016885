//! Errors of reading URLs. No message contains credentials: they are sent in a header, not in the URL of a request.

use std::time::Duration;

use super::limits::{Rate, Seconds};

/// A URL is not available.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferFault {
    /// The string is not a URL.
    #[error("not a URL: {0}")]
    NotUrl(String),
    /// A URL of another scheme.
    #[error("{0}: URLs are not supported, only file:, http: and https: URLs")]
    Scheme(String),
    /// The server redirects to a URL that is not allowed.
    #[error("refused: the server redirects {0}")]
    Redirect(String),
    /// Too many redirects.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// The server responded with an error status.
    #[error("HTTP {0}")]
    Status(String),
    /// The file is larger than allowed.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// The server or the network is too slow.
    #[error(transparent)]
    TooSlow(#[from] Timeout),
    /// The connection was closed before the file was complete.
    #[error("the response is incomplete: {0}")]
    Incomplete(String),
    /// There was no response.
    #[error("{0}")]
    Unreachable(String),
    /// The server's certificate was not issued by an authority that this system trusts.
    #[error("the certificate of the server is not trusted: {0}")]
    Certificate(String),
    /// The system has no certificates to verify servers.
    #[error("this system has no certificates to trust (install ca-certificates)")]
    NoCertificates,
    /// The proxy in the environment is invalid.
    #[error("the proxy that the environment sets is not a URL of a known scheme")]
    Proxy,
}

/// The operation that took too long, and its time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Timeout {
    /// Resolving the server's name.
    #[error("timeout: the name of the server was not resolved within {}", Seconds(*.0))]
    Name(Duration),
    /// Connecting.
    #[error("timeout: the server did not accept a connection within {}", Seconds(*.0))]
    Connection(Duration),
    /// Receiving the header of the response.
    #[error("timeout: the server did not send the response headers within {}", Seconds(*.0))]
    Header(Duration),
    /// Receiving further bytes of the response, or sending those of the request.
    #[error("timeout: the server was silent for {}", Seconds(*.0))]
    Silence(Duration),
    /// The rate of the response.
    #[error("timeout: the server sent fewer than {0}")]
    Rate(Rate),
    /// All attempts together.
    #[error("timeout: the transfer was not complete after {}", Seconds(*.0))]
    Total(Duration),
}

/// Why no further attempt is made.
#[derive(Debug)]
pub(crate) enum TransferStop {
    /// The server or the network failed.
    Fault(TransferFault),
    /// The destination of the bytes failed.
    Sink(SinkError),
    /// The caller canceled.
    Canceled,
}

/// Why bytes cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SinkError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] base::files::FileError),
    /// They would fill up the file system.
    #[error(transparent)]
    NoSpace(#[from] crate::space::NoSpace),
}

impl From<TransferFault> for TransferStop {
    fn from(fault: TransferFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Timeout> for TransferStop {
    fn from(timeout: Timeout) -> Self {
        Self::Fault(timeout.into())
    }
}

impl From<SinkError> for TransferStop {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}
