//! All access to files and servers: files and URLs of configurations ([`Fetcher`], with `extends-cache`), sources of
//! parts ([`Downloader`], with `download-cache`), registries and indexes ([`Conversation`]), and archives ([`unpack`]).
//!
//! All URLs are read through one HTTP client with one policy for redirects, attempts and limits. Does not know what the
//! bytes mean, or about parts. Opens no socket in offline mode. No message contains the credentials of a URL.

mod documents;
mod downloads;
mod hexadecimal;
mod hints;
mod http;
mod local;
mod space;
pub mod unpack;

pub use documents::{CopySettings, DocumentError, Fetcher};
pub use downloads::{
    Algorithm, CacheDirectory, CachedPaths, Checksum, DownloadError, DownloadRequest, DownloadSettings, Downloaded,
    Downloader, Mirrors, NetworkUse,
};
pub use http::{
    Allowed, CallError, Conversation, HeaderMap, HttpRequest, Method, Rate, Response, StatusCode, Timeout,
    TransferFault, TransferLimits, UrlFilter,
};
