//! The client of one server: a connection when it is needed, calls with deadlines and attempts, and an end of all calls
//! after repeated failure. Asynchronous; the crate's callers are not.

mod breaker;
mod bytestream;
mod call;
mod compression;
mod contents;
mod execute;
mod failure;
mod headers;
mod helper;
mod advice;
mod pace;
mod plan;
mod preflight;
mod results;
mod session;

use std::sync::Arc;

use tokio::sync::Mutex;

pub(crate) use contents::Content;
pub(crate) use execute::Executed;
pub(crate) use failure::CallFailure;
pub use preflight::{LocalSetting, LocalSettingError};
pub(crate) use session::ServerSession;

use breaker::Breaker;

use crate::settings::ServerSettings;

/// One server.
pub(crate) struct CacheClient {
    pub(crate) settings: ServerSettings,
    breaker: Arc<Breaker>,
    session: Mutex<Option<Arc<ServerSession>>>,
}

impl CacheClient {
    pub(crate) fn new(settings: ServerSettings) -> Self {
        let breaker = Arc::new(Breaker::new(settings.limits.failures));
        Self { settings, breaker, session: Mutex::default() }
    }

    /// Whether calls are still made.
    pub(crate) fn is_usable(&self) -> bool {
        !self.breaker.is_open()
    }

    /// The connection, opened by the first caller while others wait for it.
    pub(crate) async fn session(&self) -> Result<Arc<ServerSession>, CallFailure> {
        let mut session = self.session.lock().await;
        if self.breaker.is_open() {
            return Err(CallFailure::Unavailable);
        }
        if let Some(session) = &*session {
            return Ok(Arc::clone(session));
        }
        // Without a connection, there is nothing that another call could do better.
        let opened = ServerSession::open(&self.settings, &self.breaker).await.inspect_err(|_| self.breaker.open())?;
        Ok(Arc::clone(session.insert(Arc::new(opened))))
    }
}
