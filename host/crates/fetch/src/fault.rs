//! Why a URL cannot be had. Messages hold no credentials: these travel in a header, not in the URL of a request.

use base::files::FileError;

/// Why a URL cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferFault {
    /// The text is no URL.
    #[error("not a URL: {0}")]
    NotUrl(String),
    /// A URL of another scheme.
    #[error("{0}: URLs cannot be read, only file:, http: and https: ones")]
    Scheme(String),
    /// The server redirects to where nobody may be sent.
    #[error("refused: the server redirects {0}")]
    Redirect(String),
    /// The server redirects again and again.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// The server answers, but not with the file.
    #[error("HTTP {0}")]
    Status(String),
    /// The file is longer than is allowed.
    #[error("the file is larger than {0} bytes")]
    TooLarge(u64),
    /// The connection ended, or the server fell silent, before the whole file had come.
    #[error("the answer broke off: {0}")]
    BrokenOff(String),
    /// No answer at all.
    #[error("{0}")]
    Unreachable(String),
    /// There is nothing to verify a server by.
    #[error("this system has no certificates to trust (install ca-certificates)")]
    NoCertificates,
    /// The environment names a proxy that cannot be used.
    #[error("the environment names a proxy that is no URL")]
    Proxy,
}

/// What ends a transfer for good.
#[derive(Debug)]
pub(super) enum Ended {
    Fault(TransferFault),
    /// What came could not be written.
    File(FileError),
    Cancelled,
}

impl From<TransferFault> for Ended {
    fn from(fault: TransferFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<FileError> for Ended {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}
