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
mod names;
mod proxy;
mod redirect;
mod retry;
mod transfer;

pub use allowed::{Allowed, UrlFilter};
pub use conversation::{CallError, Conversation, HeaderMap, HttpRequest, Method, Response, StatusCode};
pub use fault::{Timeout, TransferFault};
pub use limits::{Rate, TransferLimits};

pub(crate) use client::Client;
pub(crate) use fault::{SinkError, TransferStop};
pub(crate) use transfer::{ReceivedHead, Sink, Transfer};
