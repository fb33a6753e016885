//! What is read from outside: files and URLs of configuration ([`Fetcher`], with `extends-cache`), sources of parts
//! ([`Downloader`], with `download-cache`), and the unpacking of archives ([`unpack`]).
//!
//! Registries are talked with through [`Conversation`].
//!
//! All go through one HTTP client with one policy for redirects, attempts and limits. Knows nothing of what the bytes
//! mean, and nothing of parts. Opens no socket when it is told to be offline. No message shows the credentials of a URL.

mod allowed;
mod cache;
mod checksum;
mod conversation;
mod document_error;
mod download_error;
mod downloader;
mod exchange;
mod fault;
mod fetcher;
mod http;
mod limits;
mod local;
mod partial;
mod redirect;
#[cfg(test)]
mod server;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod transfer;
pub mod unpack;

pub use allowed::Allowed;
pub use checksum::{Algorithm, Checksum, InvalidChecksum};
pub use conversation::{Call, CallError, Conversation, HeaderMap, Method, Response, StatusCode};
pub use document_error::DocumentError;
pub use download_error::DownloadError;
pub use downloader::{Downloaded, Downloader, Request};
pub use fault::TransferFault;
pub use fetcher::{CopySettings, Fetcher};
pub use limits::Limits;
pub use settings::{CacheDirectory, DownloadSettings, Network};
