//! What is read from outside: files and URLs of configuration ([`Fetcher`]), with `extends-cache`, over a small HTTP
//! client.
//!
//! Knows nothing of what the bytes mean, and nothing of parts. Opens no socket when it is told to be offline. No message
//! shows the credentials of a URL.

mod cache;
mod fetcher;
mod http;
mod redirect;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
pub mod unpack;

pub use fetcher::Fetcher;
pub use http::Limits;
