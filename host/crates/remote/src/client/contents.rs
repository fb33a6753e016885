//! Contents to and from a server: which are missing, batches of small ones, several transfers at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tonic::Code;

use super::failure::CallFailure;
use super::plan::TransferPlan;
use super::session::{LARGEST_ANSWER, ServerSession};
use crate::blob::BlobDigest;
use crate::protocol::v2;
use crate::protocol::v2::content_addressable_storage_client::ContentAddressableStorageClient;
use crate::store::{BlobStore, BlobStoreError};

/// How many transfers run at a time.
const AT_ONCE: usize = 6;
/// How many digests are asked about in one call.
const MOST_DIGESTS: usize = 20_000;

/// Where a content is that can be sent.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Bytes(Bytes),
    File(PathBuf),
    /// In the local store.
    Stored,
}

impl Content {
    /// Reads all of it, if it is what the digest says.
    pub(super) fn load(&self, digest: &BlobDigest, store: &BlobStore) -> Result<Vec<u8>, CallFailure> {
        let local = |what: String| CallFailure::Local(what);
        let bytes = match self {
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::File(path) => base::files::read_at_most(path, digest.size())
                .map_err(|error| local(format!("Cannot read {}: {error}", path.display())))?,
            Self::Stored => store.read(digest).ok().flatten().unwrap_or_default(),
        };
        match BlobDigest::of(&bytes) == *digest {
            true => Ok(bytes),
            false => Err(local(format!("the content {digest} changed, or is gone"))),
        }
    }
}

impl ServerSession {
    pub(super) fn present(&self) -> MutexGuard<'_, std::collections::HashSet<BlobDigest>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which of the contents the server does not have.
    pub(crate) async fn find_missing(
        &self,
        digests: impl IntoIterator<Item = BlobDigest>,
    ) -> Result<BTreeSet<BlobDigest>, CallFailure> {
        let asked: Vec<_> = {
            let present = self.present();
            digests.into_iter().filter(|digest| !present.contains(digest)).collect()
        };
        let mut missing = BTreeSet::new();
        for chunk in asked.chunks(MOST_DIGESTS) {
            let request = v2::FindMissingBlobsRequest {
                instance_name: self.instance.clone(),
                blob_digests: chunk.iter().map(|digest| digest.to_message()).collect(),
                ..v2::FindMissingBlobsRequest::default()
            };
            let bytes = 100 * chunk.len() as u64;
            let answer = self.call("FindMissingBlobs", self.deadline(bytes), request, |channel, request| async move {
                let client = ContentAddressableStorageClient::new(channel);
                client.max_decoding_message_size(LARGEST_ANSWER).find_missing_blobs(request).await
            });
            let invalid = |_| CallFailure::Unsuitable("FindMissingBlobs: it sent an invalid digest".to_owned());
            for digest in answer.await?.missing_blob_digests {
                missing.insert(BlobDigest::from_message(&digest).map_err(invalid)?);
            }
        }
        self.present().extend(asked.into_iter().filter(|digest| !missing.contains(digest)));
        Ok(missing)
    }

    /// Sends those contents that the server does not have. Returns the number of bytes.
    pub(crate) async fn upload(
        &self,
        contents: BTreeMap<BlobDigest, Content>,
        store: &Arc<BlobStore>,
    ) -> Result<u64, CallFailure> {
        let missing = self.find_missing(contents.keys().copied()).await?;
        let missing: Vec<_> = missing.into_iter().filter(|digest| contents.contains_key(digest)).collect();
        let plan = TransferPlan::new(missing.iter().copied(), self.capabilities.batch);
        let mut transfers = Transfers::default();
        for batch in plan.batches {
            let batch = batch.into_iter().map(|digest| (digest, contents[&digest].clone())).collect();
            transfers.add(self.update_batch(batch, store)).await?;
        }
        for digest in plan.streams {
            transfers.add(self.write_stream(digest, contents[&digest].clone(), store)).await?;
        }
        transfers.finish().await?;
        self.present().extend(missing.iter().copied());
        Ok(missing.iter().map(BlobDigest::size).sum())
    }

    async fn update_batch(&self, batch: Vec<(BlobDigest, Content)>, store: &Arc<BlobStore>) -> Result<(), CallFailure> {
        let digests: Vec<_> = batch.iter().map(|(digest, _)| *digest).collect();
        let store = Arc::clone(store);
        let load = move |(digest, content): (BlobDigest, Content)| {
            Ok(v2::batch_update_blobs_request::Request {
                digest: Some(digest.to_message()),
                data: content.load(&digest, &store)?,
                compressor: v2::compressor::Value::Identity as i32,
            })
        };
        let requests = blocking(move || batch.into_iter().map(load).collect::<Result<Vec<_>, CallFailure>>()).await??;
        let request = v2::BatchUpdateBlobsRequest {
            instance_name: self.instance.clone(),
            requests,
            ..v2::BatchUpdateBlobsRequest::default()
        };
        let bytes = digests.iter().map(BlobDigest::size).sum();
        let answer = self.call("BatchUpdateBlobs", self.deadline(bytes), request, |channel, request| async move {
            ContentAddressableStorageClient::new(channel).batch_update_blobs(request).await
        });
        let answers = answer.await?.responses;
        let mut answered: HashMap<_, _> =
            answers.into_iter().filter_map(|one| Some((one.digest?.hash, one.status))).collect();
        for digest in digests {
            let status = answered.remove(&digest.hash().to_string());
            let status = status.ok_or_else(|| unanswered("BatchUpdateBlobs", &digest))?;
            check("BatchUpdateBlobs", &status)?;
        }
        Ok(())
    }

    /// Fetches contents into the local store.
    pub(crate) async fn download(
        &self,
        digests: impl IntoIterator<Item = BlobDigest>,
        store: &Arc<BlobStore>,
    ) -> Result<(), CallFailure> {
        let plan = TransferPlan::new(digests, self.capabilities.batch);
        let mut transfers = Transfers::default();
        for batch in plan.batches {
            transfers.add(self.read_batch(batch, store)).await?;
        }
        for digest in plan.streams {
            transfers.add(self.read_stream(digest, store)).await?;
        }
        transfers.finish().await
    }

    async fn read_batch(&self, digests: Vec<BlobDigest>, store: &Arc<BlobStore>) -> Result<(), CallFailure> {
        let request = v2::BatchReadBlobsRequest {
            instance_name: self.instance.clone(),
            digests: digests.iter().map(|digest| digest.to_message()).collect(),
            ..v2::BatchReadBlobsRequest::default()
        };
        let bytes = digests.iter().map(BlobDigest::size).sum();
        let answer = self.call("BatchReadBlobs", self.deadline(bytes), request, |channel, request| async move {
            let client = ContentAddressableStorageClient::new(channel);
            client.max_decoding_message_size(LARGEST_ANSWER).batch_read_blobs(request).await
        });
        let (answers, store) = (answer.await?.responses, Arc::clone(store));
        blocking(move || keep(digests, answers, &store)).await?
    }
}

/// Stores what was asked for, and nothing else that a server may have sent.
fn keep(
    digests: Vec<BlobDigest>,
    answers: Vec<v2::batch_read_blobs_response::Response>,
    store: &BlobStore,
) -> Result<(), CallFailure> {
    let answers = answers.into_iter().filter_map(|answer| Some((answer.digest.clone()?.hash, answer)));
    let mut answers: HashMap<_, _> = answers.collect();
    for digest in digests {
        let answer = answers.remove(&digest.hash().to_string()).ok_or(CallFailure::Lost(digest))?;
        match check("BatchReadBlobs", &answer.status) {
            Err(CallFailure::NotFound { .. }) => return Err(CallFailure::Lost(digest)),
            other => other?,
        }
        if answer.compressor != v2::compressor::Value::Identity as i32 {
            return Err(CallFailure::Damaged(digest));
        }
        store.insert(&digest, &answer.data).map_err(of_store)?;
    }
    Ok(())
}

pub(super) fn of_store(error: BlobStoreError) -> CallFailure {
    match error {
        BlobStoreError::Mismatch(digest) => CallFailure::Damaged(digest),
        other => CallFailure::Local(other.to_string()),
    }
}

fn check(call: &'static str, status: &Option<bazel_remote_apis::google::rpc::Status>) -> Result<(), CallFailure> {
    match status {
        Some(status) if status.code != Code::Ok as i32 => {
            let code = Code::from_i32(status.code);
            Err(CallFailure::of_status(call, &tonic::Status::new(code, status.message.clone())))
        }
        _ => Ok(()),
    }
}

fn unanswered(call: &str, digest: &BlobDigest) -> CallFailure {
    CallFailure::Unsuitable(format!("{call}: it did not report a result for {digest}"))
}

/// Work that waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CallFailure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| CallFailure::Local(error.to_string()))
}

/// Transfers that run at the same time. When one fails, or the value is dropped, all end.
#[derive(Default)]
struct Transfers<'a> {
    running: FuturesUnordered<LocalBoxFuture<'a, Result<(), CallFailure>>>,
}

impl<'a> Transfers<'a> {
    async fn add(&mut self, transfer: impl Future<Output = Result<(), CallFailure>> + 'a) -> Result<(), CallFailure> {
        if self.running.len() >= AT_ONCE {
            self.running.next().await.unwrap_or(Ok(()))?;
        }
        self.running.push(Box::pin(transfer));
        Ok(())
    }

    async fn finish(mut self) -> Result<(), CallFailure> {
        while let Some(outcome) = self.running.next().await {
            outcome?;
        }
        Ok(())
    }
}
