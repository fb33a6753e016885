//! HTTP: one client for everything that is read from servers, with one policy for proxies, certificates, redirects,
//! attempts and time.
//!
//! Does not know what the bytes mean.

mod allowed;
mod client;
mod conversation;
mod exchange;
mod fault;
mod forward;
mod limits;
mod proxy;
mod redirect;
mod retry;
mod transfer;

pub use allowed::Allowed;
pub use conversation::{Call, CallError, Conversation, HeaderMap, Method, Response, StatusCode};
pub use fault::{Timeout, TransferFault};
pub use limits::{Limits, Rate};

pub(crate) use client::Client;
pub(crate) use fault::{SinkError, Stop};
pub(crate) use transfer::{Received, Sink, Transfer};
