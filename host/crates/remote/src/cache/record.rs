//! Storing a result, in the local store and on the server. The result comes last, so that it never refers to what is not
//! there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use prost::Message as _;

use super::ResultCache;
use crate::action::EncodedAction;
use crate::blob::BlobDigest;
use crate::client::{CacheClient, CallFailure, Content};
use crate::outputs::{ActionOutputs, CapturedOutputs};
use crate::store::{BlobStore, BlobStoreError};

impl ResultCache {
    /// Stores a result here. Returns whether it did: an interrupt ends it.
    pub(super) fn record_here(
        &self,
        action: &EncodedAction,
        captured: &CapturedOutputs,
    ) -> Result<bool, BlobStoreError> {
        self.insert_files(captured)?;
        if self.interrupt.signal().is_some() {
            return Ok(false);
        }
        let encoded = captured.outputs.encode();
        // The action as well: what differs between two of them is why one misses.
        let messages = encoded.blobs.iter().chain(&action.blobs);
        messages.into_iter().try_for_each(|(digest, bytes)| self.store.insert(digest, bytes))?;
        self.store.insert_result(&action.key, &encoded.message.encode_to_vec())?;
        Ok(true)
    }

    /// Copies the files into the store, several at a time, until all are there or the run is interrupted.
    fn insert_files(&self, captured: &CapturedOutputs) -> Result<(), BlobStoreError> {
        let (files, failed) = (Mutex::new(captured.files.iter()), Mutex::new(None));
        let copy = || {
            // The lock is not held while a file is copied.
            let next = || files.lock().unwrap_or_else(PoisonError::into_inner).next();
            while let Some((digest, path)) = next().filter(|_| self.interrupt.signal().is_none()) {
                if let Err(error) = self.store.insert_file(digest, path) {
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    return;
                }
            }
        };
        let workers = thread::available_parallelism().map_or(1, |count| count.get().min(8));
        thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(copy))));
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

/// What is sent for a result, and where it is: in the local store if it was stored there, since files of the buildout
/// may change.
pub(super) fn contents(
    action: &EncodedAction,
    captured: &CapturedOutputs,
    is_stored: bool,
) -> BTreeMap<BlobDigest, Content> {
    let of_file = |path: &Path| if is_stored { Content::Stored } else { Content::File(path.to_owned()) };
    let mut contents: BTreeMap<_, _> = captured.files.iter().map(|(digest, path)| (*digest, of_file(path))).collect();
    contents.extend(captured.outputs.encode().blobs.into_iter().map(|(digest, bytes)| (digest, Content::Bytes(bytes))));
    // Inputs are not sent: a result is used without the options that it was made from.
    for digest in [action.key, action.command] {
        contents.extend(action.blobs.get(&digest).map(|bytes| (digest, Content::Bytes(bytes.clone()))));
    }
    contents
}

/// Sends a result of the local store to the server, unless the server has it and all that it refers to. Returns whether it
/// did.
pub(super) async fn send_if_absent(
    client: &CacheClient,
    action: &EncodedAction,
    outputs: ActionOutputs,
    store: &Arc<BlobStore>,
) -> Result<bool, CallFailure> {
    let files = outputs.blobs().into_iter().map(|digest| (digest, PathBuf::new())).collect();
    let captured = CapturedOutputs { outputs, files };
    let contents = contents(action, &captured, true);
    let session = client.session().await?;
    let known = session.get_result(&action.key).await?;
    if known.is_some() && session.find_missing(contents.keys().copied()).await?.is_empty() {
        return Ok(false);
    }
    Ok(send(client, action, &captured, contents, store).await?.is_some())
}

/// Sends a result to the server. Returns the number of bytes; `None` if this user may not store there.
pub(super) async fn send(
    client: &CacheClient,
    action: &EncodedAction,
    captured: &CapturedOutputs,
    contents: BTreeMap<BlobDigest, Content>,
    store: &Arc<BlobStore>,
) -> Result<Option<u64>, CallFailure> {
    let session = client.session().await?;
    if !session.can_update() {
        return match session.end_writing() {
            true => Err(CallFailure::Unsuitable("it does not let this user store results".to_owned())),
            false => Ok(None),
        };
    }
    let sent = async {
        let uploaded = session.upload(contents, store).await?;
        session.update_result(&action.key, captured.outputs.encode().message).await?;
        Ok(uploaded)
    };
    let sent = sent.await.inspect_err(|failure: &CallFailure| {
        if failure.is_refusal() {
            session.end_writing();
        }
    });
    sent.map(Some)
}
