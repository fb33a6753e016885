//! Results by key: from the local store, else from the server; stored in both.
//!
//! The cache never fails a run. What goes wrong is a miss with a reason; what goes wrong with a server is one warning,
//! after which the server is not used any more.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use base::interrupt::Interrupt;

use crate::action::EncodedAction;
use crate::blob::BlobDigest;
use crate::outputs::{ActionOutputs, CapturedOutputs, PromisedOutputs, UnacceptedResult};
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
}

impl CacheHit {
    /// How many bytes [`ResultCache::fetch`] would transfer.
    pub fn bytes_to_fetch(&self) -> u64 {
        self.absent.iter().map(BlobDigest::size).sum()
    }
}

/// What a look-up found.
#[derive(Clone, Debug)]
pub enum Lookup {
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
    /// The server is not used any more, or not for reading; there is a warning.
    #[error("the remote cache is not available")]
    Unavailable,
    /// The local store did not take the contents; there is a warning.
    #[error("the contents cannot be stored on this machine")]
    Store,
    /// The run was interrupted.
    #[error("the run was interrupted")]
    Interrupted,
}

/// Something that the user should know. Each comes once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheWarning {
    /// One sentence or two: what happened, and what that means for the run.
    pub message: String,
}

impl fmt::Display for CacheWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
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

/// The local store and the server behind it.
pub struct ResultCache {
    store: BlobStore,
    limits: TreeLimits,
    interrupt: Interrupt,
    warnings: Mutex<Vec<CacheWarning>>,
}

impl ResultCache {
    /// With `server` behind `store`. No connection is opened before it is needed.
    pub fn new(store: BlobStore, server: Option<ServerSettings>, interrupt: &Interrupt) -> Self {
        let _ = server;
        Self { store, limits: TreeLimits::default(), interrupt: interrupt.clone(), warnings: Mutex::default() }
    }

    /// The local store, which has all contents of a hit once it was fetched.
    pub fn store(&self) -> &BlobStore {
        &self.store
    }

    /// The warnings since the last call.
    pub fn take_warnings(&self) -> Vec<CacheWarning> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks a result up: here, then on the server.
    pub fn lookup(&self, action: &EncodedAction) -> Lookup {
        match self.lookup_here(action) {
            Some(Ok(hit)) => Lookup::Hit(hit),
            Some(Err(reason)) => Lookup::Miss(reason),
            None => Lookup::Miss(MissReason::Unknown),
        }
    }

    fn lookup_here(&self, action: &EncodedAction) -> Option<Result<CacheHit, MissReason>> {
        let result = self.store.result(&action.key)?;
        let read = |digest| match self.store.read(&digest) {
            Ok(Some(bytes)) => Ok(bytes),
            _ => Err(MissReason::MissingBlob(digest)),
        };
        let promised = PromisedOutputs::decode(&result, &action.outputs).map_err(MissReason::from);
        let outputs = promised.and_then(|promised| promised.resolve(&self.limits, read));
        let hit =
            outputs.and_then(|outputs| match outputs.blobs().into_iter().find(|blob| !self.store.contains(blob)) {
                Some(missing) => Err(MissReason::MissingBlob(missing)),
                None => Ok(CacheHit { key: action.key, outputs, origin: HitOrigin::Local, absent: Vec::new() }),
            });
        if hit.is_err() {
            self.store.drop_result(&action.key);
        }
        Some(hit)
    }

    /// Fetches the contents of a hit into the local store. Returns the number of bytes that were transferred.
    ///
    /// # Errors
    /// Why the hit is a miss after all.
    pub fn fetch(&self, hit: &CacheHit) -> Result<u64, MissReason> {
        match hit.absent.first() {
            Some(missing) => Err(MissReason::MissingBlob(*missing)),
            None => Ok(0),
        }
    }

    /// Forgets a result whose contents turned out to be damaged, so that the next one for the key is stored.
    pub fn forget(&self, key: &BlobDigest) {
        self.store.drop_result(key);
    }

    /// Stores a result that was made here: the contents, then the trees, then the result. The caller vouches that the
    /// command succeeded.
    pub fn record(&self, action: &EncodedAction, captured: &CapturedOutputs) -> Recorded {
        let local = self.record_here(action, captured);
        if let Err(error) = &local {
            self.warn(format!("The result is not kept on this machine. {error}"));
        }
        Recorded { local: local.is_ok(), ..Recorded::default() }
    }

    fn record_here(
        &self,
        action: &EncodedAction,
        captured: &CapturedOutputs,
    ) -> Result<(), crate::store::BlobStoreError> {
        for (digest, path) in &captured.files {
            self.store.insert_file(digest, Path::new(path))?;
        }
        let encoded = captured.outputs.encode();
        encoded.blobs.iter().try_for_each(|(digest, bytes)| self.store.insert(digest, bytes))?;
        self.store.insert_result(&action.key, &prost::Message::encode_to_vec(&encoded.message))
    }

    fn warn(&self, message: String) {
        let _ = &self.interrupt;
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(CacheWarning { message });
    }
}
