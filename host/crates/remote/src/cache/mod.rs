//! Results by key: from the local store, else from the server; stored in both.
//!
//! The cache never fails a run. What goes wrong is a miss with a reason; what goes wrong with a server is one warning,
//! after which the server is no longer used.

mod execute;
mod look_up;
mod notices;
mod record;

use std::sync::Arc;

use base::interrupt::Interrupt;

pub(crate) use notices::CacheWarning;

use notices::Notices;

use crate::action::EncodedAction;
use crate::blob::BlobDigest;
use crate::call_runtime::CallRuntime;
use crate::client::{CacheClient, CallFailure};
use crate::outputs::{ActionOutputs, CapturedOutputs, UnacceptedResult};
use crate::settings::ServerSettings;
use crate::store::BlobStore;
use crate::tree::TreeLimits;

/// Where a result was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HitOrigin {
    /// On this machine; all contents are here.
    Local,
    /// On the server.
    Remote,
}

/// A result that was found.
#[derive(Clone, Debug)]
pub struct CacheHit {
    /// The key of the action.
    pub key: BlobDigest,
    /// What the action made.
    pub outputs: ActionOutputs,
    /// Where it was found.
    pub origin: HitOrigin,
    /// The contents that are not on this machine.
    pub(crate) absent: Vec<BlobDigest>,
    /// The message that says so, for the local store.
    pub(crate) result: Option<Vec<u8>>,
}

impl CacheHit {
    /// How many bytes [`ResultCache::fetch`] would transfer.
    pub fn bytes_to_fetch(&self) -> u64 {
        self.absent.iter().map(BlobDigest::size).sum()
    }
}

/// What a lookup found.
#[derive(Clone, Debug)]
pub enum CacheLookup {
    /// A result.
    Hit(CacheHit),
    /// None that can be used.
    Miss(MissReason),
}

/// Why a result cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissReason {
    /// There is none for this key.
    #[error("nothing was stored for this key")]
    Unknown,
    /// A content that it refers to is gone, or is not what its digest says.
    #[error("the content {0} is missing or damaged")]
    MissingBlob(BlobDigest),
    /// It does not count.
    #[error("the result is not accepted: {0}")]
    Unaccepted(#[from] UnacceptedResult),
    /// The server is no longer used, or not for reading; there is a warning.
    #[error("the remote cache is not available")]
    Unavailable,
    /// The local store may not become as large.
    #[error("it is larger than the local cache may be")]
    TooLarge,
    /// The local store did not take the contents; there is a warning.
    #[error("the contents cannot be stored on this machine")]
    Store,
    /// The run was interrupted.
    #[error("the run was interrupted")]
    Interrupted,
}

/// What [`ResultCache::record`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Whether the result is in the local store.
    pub local: bool,
    /// Whether the result is on the server.
    pub remote: bool,
    /// The bytes that were sent; contents that the server had were not.
    pub uploaded: u64,
}

/// The local store and the servers behind it.
pub struct ResultCache {
    store: Arc<BlobStore>,
    limits: TreeLimits,
    interrupt: Interrupt,
    runtime: CallRuntime,
    cache: Option<CacheClient>,
    executor: Option<CacheClient>,
    notices: Notices,
}

impl ResultCache {
    /// With servers behind `store`: one that has results and contents, one that runs actions. If there is only the
    /// latter, it is both. No connection is opened before it is needed.
    pub fn new(
        store: BlobStore,
        cache: Option<ServerSettings>,
        executor: Option<ServerSettings>,
        interrupt: &Interrupt,
    ) -> Self {
        Self {
            store: Arc::new(store),
            limits: TreeLimits::default(),
            interrupt: interrupt.clone(),
            runtime: CallRuntime::new(interrupt),
            cache: cache.or_else(|| executor.clone()).map(CacheClient::new),
            executor: executor.map(CacheClient::new),
            notices: Notices::default(),
        }
    }

    /// The local store, which has all contents of a hit once it was fetched.
    pub fn store(&self) -> &BlobStore {
        &self.store
    }

    /// The warnings since the last call.
    pub fn take_warnings(&self) -> Vec<CacheWarning> {
        self.notices.take()
    }

    /// Looks a result up: here, then on the server.
    pub fn lookup(&self, action: &EncodedAction) -> CacheLookup {
        match self.lookup_here(action) {
            Ok(hit) => return CacheLookup::Hit(hit),
            Err(reason) if !self.cache.as_ref().is_some_and(|client| client.settings.read) => {
                return CacheLookup::Miss(reason);
            }
            Err(_) => {}
        }
        match self.lookup_there(action) {
            Ok(hit) => CacheLookup::Hit(hit),
            Err(reason) => CacheLookup::Miss(reason),
        }
    }

    /// Fetches the contents of a hit into the local store. Returns the number of bytes that were transferred.
    ///
    /// # Errors
    /// Why the hit is a miss after all.
    pub fn fetch(&self, hit: &CacheHit) -> Result<u64, MissReason> {
        let absent: Vec<_> = hit.absent.iter().copied().filter(|digest| !self.store.contains(digest)).collect();
        if !absent.is_empty() {
            // The first contents would be removed when the last ones come.
            if hit.outputs.blobs().iter().map(BlobDigest::size).sum::<u64>() > self.store.capacity() {
                return Err(MissReason::TooLarge);
            }
            let client = self.reading().ok_or(MissReason::Unavailable)?;
            let fetched =
                self.runtime.run(async { client.session().await?.download(absent.clone(), &self.store).await });
            fetched.map_err(|failure| self.miss(client, &failure))?;
        }
        if let Some(result) = &hit.result
            && let Err(error) = self.store.insert_result(&hit.key, result)
        {
            self.notices.of_store(&error);
        }
        Ok(absent.iter().map(BlobDigest::size).sum())
    }

    /// Forgets a result whose contents turned out to be damaged, so that the next one for the key is stored.
    pub fn forget(&self, key: &BlobDigest) {
        self.store.drop_result(key);
    }

    /// Stores a result that was made here: the contents, then the trees, then the result. The command must have
    /// succeeded.
    pub fn record(&self, action: &EncodedAction, captured: &CapturedOutputs) -> Recorded {
        if !captured.outputs.paths.keys().eq(&action.outputs) {
            // No lookup would accept it.
            return Recorded::default();
        }
        let recorded = self.record_here(action, captured).inspect_err(|error| self.notices.of_store(error));
        let local = recorded.unwrap_or(false);
        let mut recorded = Recorded { local, ..Recorded::default() };
        let Some(client) = self.writing() else { return recorded };
        let contents = record::contents(action, captured, local);
        match self.runtime.run(record::send(client, action, captured, contents, &self.store)) {
            Ok(Some(uploaded)) => (recorded.remote, recorded.uploaded) = (true, uploaded),
            Ok(None) => {}
            Err(failure) => self.notices.of_writing(client, &failure),
        }
        recorded
    }

    /// Stores a result that the local store has on the server, if the server lacks it: it may be older than the
    /// permission to store. Returns whether it was sent.
    pub fn offer(&self, action: &EncodedAction) -> bool {
        let Some(client) = self.writing() else { return false };
        let Ok(hit) = self.lookup_here(action) else { return false };
        match self.runtime.run(record::send_if_absent(client, action, hit.outputs, &self.store)) {
            Ok(sent) => sent,
            Err(failure) => {
                self.notices.of_writing(client, &failure);
                false
            }
        }
    }

    /// The server, if results are stored there.
    fn writing(&self) -> Option<&CacheClient> {
        self.cache.as_ref().filter(|client| client.settings.write && client.is_usable())
    }

    /// The server, if results are looked up there.
    fn reading(&self) -> Option<&CacheClient> {
        self.cache.as_ref().filter(|client| client.settings.read && client.is_usable())
    }

    /// What a failure means for a lookup; the user is warned, once.
    fn miss(&self, client: &CacheClient, failure: &CallFailure) -> MissReason {
        self.notices.of_reading(client, failure);
        match failure {
            CallFailure::Interrupted => MissReason::Interrupted,
            CallFailure::Lost(digest) | CallFailure::Damaged(digest) => MissReason::MissingBlob(*digest),
            CallFailure::Local(_) => MissReason::Store,
            _ => MissReason::Unavailable,
        }
    }
}
