//! Looking a result up, in the local store and on the server. A result is a hit only if all that it refers to is there.

use prost::Message as _;

use super::{CacheHit, HitOrigin, MissReason, ResultCache};
use crate::action::EncodedAction;
use crate::blob::BlobDigest;
use crate::client::{CacheClient, CallFailure, ServerSession};
use crate::outputs::{ActionOutputs, PromisedOutputs, UnacceptedResult};
use crate::protocol::v2;

impl ResultCache {
    pub(super) fn lookup_here(&self, action: &EncodedAction) -> Result<CacheHit, MissReason> {
        let result = self.store.result(&action.key).ok_or(MissReason::Unknown)?;
        let outputs = PromisedOutputs::decode(&result, &action.outputs)?;
        let outputs = self.resolve(outputs).inspect_err(|_| self.store.drop_result(&action.key))?;
        match self.absent(&outputs).first() {
            Some(missing) => {
                self.store.drop_result(&action.key);
                Err(MissReason::MissingBlob(*missing))
            }
            None => {
                Ok(CacheHit { key: action.key, outputs, origin: HitOrigin::Local, absent: Vec::new(), result: None })
            }
        }
    }

    /// The outputs, with the trees that the local store has.
    fn resolve(&self, promised: PromisedOutputs) -> Result<ActionOutputs, MissReason> {
        promised.resolve(&self.limits, |digest| match self.store.read(&digest) {
            Ok(Some(bytes)) => Ok(bytes),
            _ => Err(MissReason::MissingBlob(digest)),
        })
    }

    /// The contents that are not here.
    pub(super) fn absent(&self, outputs: &ActionOutputs) -> Vec<BlobDigest> {
        outputs.blobs().into_iter().filter(|digest| !self.store.contains(digest)).collect()
    }

    pub(super) fn lookup_there(&self, action: &EncodedAction) -> Result<CacheHit, MissReason> {
        let client = self.reading().ok_or(MissReason::Unavailable)?;
        let found = self.runtime.run(async {
            let session = client.session().await?;
            session.get_result(&action.key).await
        });
        let result = found.map_err(|failure| self.miss(client, &failure))?.ok_or(MissReason::Unknown)?;
        self.accept(client, action, result)
    }

    /// Makes a hit of a server's result: its trees are fetched and checked, its contents are asked for.
    pub(super) fn accept(
        &self,
        client: &CacheClient,
        action: &EncodedAction,
        mut result: v2::ActionResult,
    ) -> Result<CacheHit, MissReason> {
        let promised = PromisedOutputs::of_message(&result, &action.outputs)?;
        let failed = |failure| self.miss(client, &failure);
        let trees: Vec<_> = promised.trees().filter(|digest| !self.store.contains(digest)).collect();
        if trees.iter().any(|digest| digest.size() > self.limits.message) {
            return Err(UnacceptedResult::Malformed.into());
        }
        if !trees.is_empty() {
            let fetched = self.runtime.run(async { client.session().await?.download(trees, &self.store).await });
            fetched.map_err(failed)?;
        }
        let outputs = self.resolve(promised)?;
        self.keep_directories(&outputs);
        let absent = self.absent(&outputs);
        if !absent.is_empty() {
            let asked = self.runtime.run(async { all_there(&*client.session().await?, &absent).await });
            asked.map_err(failed)?;
        }
        // What a command wrote is in the log of the part, and nothing of a worker belongs into the local store.
        (result.stdout_raw, result.stderr_raw, result.execution_metadata) = Default::default();
        let result = Some(result.encode_to_vec());
        Ok(CacheHit { key: action.key, outputs, origin: HitOrigin::Remote, absent, result })
    }

    /// Keeps the directories of the trees one by one: the input roots of other actions refer to them.
    fn keep_directories(&self, outputs: &ActionOutputs) {
        for (digest, bytes) in outputs.encode().blobs {
            if let Err(error) = self.store.insert(&digest, &bytes) {
                return self.notices.of_store(&error);
            }
        }
    }
}

/// Fails if a content is missing on the server.
async fn all_there(session: &ServerSession, digests: &[BlobDigest]) -> Result<(), CallFailure> {
    let missing = session.find_missing(digests.iter().copied()).await?;
    match digests.iter().find(|digest| missing.contains(digest)) {
        Some(lost) => Err(CallFailure::Lost(*lost)),
        None => Ok(()),
    }
}
