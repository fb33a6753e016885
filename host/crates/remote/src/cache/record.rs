//! Storing a result, in the local store and on the server. The result comes last, so that it never refers to what is not
//! there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use prost::Message as _;

use super::ResultCache;
use crate::action::EncodedAction;
use crate::blob::BlobDigest;
use crate::client::{CacheClient, CallFailure, Content};
use crate::outputs::CapturedOutputs;
use crate::store::{BlobStore, BlobStoreError};

impl ResultCache {
    pub(super) fn record_here(&self, action: &EncodedAction, captured: &CapturedOutputs) -> Result<(), BlobStoreError> {
        for (digest, path) in &captured.files {
            self.store.insert_file(digest, Path::new(path))?;
        }
        let encoded = captured.outputs.encode();
        // The action as well: what differs between two of them is why one misses.
        let messages = encoded.blobs.iter().chain(&action.blobs);
        messages.into_iter().try_for_each(|(digest, bytes)| self.store.insert(digest, bytes))?;
        self.store.insert_result(&action.key, &encoded.message.encode_to_vec())
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
    // Inputs are not sent: the options of a part are of no use to those who have its result.
    for digest in [action.key, action.command] {
        contents.extend(action.blobs.get(&digest).map(|bytes| (digest, Content::Bytes(bytes.clone()))));
    }
    contents
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
