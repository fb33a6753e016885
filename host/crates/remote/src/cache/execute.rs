//! Having an action run by a server: its inputs are sent, its outputs are taken like those of a hit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use prost::Message as _;
use tonic::Code;

use super::{MissReason, ResultCache};
use crate::action::EncodedAction;
use crate::blob::BlobDigest;
use crate::client::{CacheClient, CallFailure, Content, Executed, ServerSession};
use crate::execution::{ExecutionEvent, ExecutionFailure, RemoteExecution};
use crate::protocol::v2;

/// The longest output of a command that is fetched.
const LONGEST_OUTPUT: u64 = 16 << 20;

impl ResultCache {
    /// Runs an action on the executor. `files` are inputs on this machine that are not in the local store, by digest.
    /// When the run is interrupted, the action is canceled.
    ///
    /// # Errors
    /// Why there is no result. A command that failed is one of the reasons.
    pub fn execute(
        &self,
        action: &EncodedAction,
        files: &BTreeMap<BlobDigest, PathBuf>,
        events: &mut (dyn FnMut(ExecutionEvent<'_>) + Send),
    ) -> Result<RemoteExecution, ExecutionFailure> {
        let executor = self.executor.as_ref().filter(|client| client.is_usable());
        let (Some(executor), Some(cache)) = (executor, &self.cache) else { return Err(ExecutionFailure::Unavailable) };
        let mut executed = self.execute_once(executor, cache, action, files, events)?;
        if matches!(executed, Executed::Failed { code: Code::FailedPrecondition, .. }) {
            // It lost inputs that it had.
            let session = self.runtime.run(cache.session());
            session.map_err(|failure| self.failure(cache, &failure))?.forget_present();
            executed = self.execute_once(executor, cache, action, files, events)?;
        }
        match executed {
            Executed::Failed { code: Code::DeadlineExceeded, .. } => Err(ExecutionFailure::Timeout),
            Executed::Failed { code, message } => Err(ExecutionFailure::Server(format!("{code} ({message})"))),
            Executed::Result { result, cached } => self.take(cache, action, *result, cached),
        }
    }

    fn execute_once(
        &self,
        executor: &CacheClient,
        cache: &CacheClient,
        action: &EncodedAction,
        files: &BTreeMap<BlobDigest, PathBuf>,
        events: &mut (dyn FnMut(ExecutionEvent<'_>) + Send),
    ) -> Result<Executed, ExecutionFailure> {
        let inputs = self.inputs(action);
        let sent = self.runtime.run(async { self.send_inputs(&cache.session().await?, action, inputs, files).await });
        match sent.map_err(|failure| self.failure(cache, &failure))? {
            None => {}
            Some(missing) => return Err(ExecutionFailure::MissingInput(missing)),
        }
        let mut name = String::new();
        let executed = self.runtime.run(async {
            let session = executor.session().await?;
            if !session.can_execute() {
                return Err(CallFailure::Unsuitable("it does not run actions".to_owned()));
            }
            session.execute(&action.key, action.timeout, &mut name, events).await
        });
        if executed.is_err() && !name.is_empty() {
            self.runtime.finish(async {
                if let Ok(session) = executor.session().await {
                    session.cancel(&name).await;
                }
            });
        }
        executed.map_err(|failure| self.failure(executor, &failure))
    }

    /// All that the input root refers to, as far as the directories are known here.
    fn inputs(&self, action: &EncodedAction) -> BTreeSet<BlobDigest> {
        let mut found: BTreeSet<_> = action.blobs.keys().copied().collect();
        let mut waiting = vec![action.input_root];
        let mut walked = BTreeSet::new();
        while let Some(digest) = waiting.pop() {
            if !walked.insert(digest) {
                continue;
            }
            found.insert(digest);
            let known = action.blobs.get(&digest).map(|bytes| bytes.to_vec());
            let Some(bytes) = known.or_else(|| self.store.read(&digest).ok().flatten()) else { continue };
            let Ok(directory) = v2::Directory::decode(bytes.as_slice()) else { continue };
            let digests = |message: &Option<v2::Digest>| {
                message.as_ref().and_then(|digest| BlobDigest::from_message(digest).ok())
            };
            found.extend(directory.files.iter().filter_map(|file| digests(&file.digest)));
            waiting.extend(directory.directories.iter().filter_map(|inner| digests(&inner.digest)));
        }
        found
    }

    /// Sends what the server does not have. Returns an input that is nowhere.
    async fn send_inputs(
        &self,
        session: &std::sync::Arc<ServerSession>,
        action: &EncodedAction,
        inputs: BTreeSet<BlobDigest>,
        files: &BTreeMap<BlobDigest, PathBuf>,
    ) -> Result<Option<BlobDigest>, CallFailure> {
        let missing = session.find_missing(inputs.iter().copied()).await?;
        let mut contents = BTreeMap::new();
        // A server that names another content does not get it.
        for digest in missing.intersection(&inputs).copied() {
            let content = match (action.blobs.get(&digest), files.get(&digest)) {
                (Some(bytes), _) => Content::Bytes(bytes.clone()),
                (None, Some(path)) => Content::File(path.clone()),
                (None, None) if self.store.contains(&digest) => Content::Stored,
                (None, None) => return Ok(Some(digest)),
            };
            contents.insert(digest, content);
        }
        session.upload(contents, &self.store).await.map(|_| None)
    }

    fn take(
        &self,
        cache: &CacheClient,
        action: &EncodedAction,
        result: v2::ActionResult,
        cached: bool,
    ) -> Result<RemoteExecution, ExecutionFailure> {
        let stdout = self.output(cache, &result.stdout_raw, result.stdout_digest.as_ref());
        let stderr = self.output(cache, &result.stderr_raw, result.stderr_digest.as_ref());
        if result.exit_code != 0 {
            return Err(ExecutionFailure::Command { exit_code: result.exit_code, stdout, stderr });
        }
        let metadata = result.execution_metadata.clone().unwrap_or_default();
        let worker = base::source::printable_line(&metadata.worker.chars().take(100).collect::<String>());
        let elapsed = elapsed(&metadata);
        match self.accept(cache, action, result) {
            Ok(hit) => Ok(RemoteExecution { hit, cached, stdout, worker, elapsed }),
            Err(MissReason::Unaccepted(why)) => Err(why.into()),
            Err(MissReason::Interrupted) => Err(ExecutionFailure::Interrupted),
            Err(MissReason::MissingBlob(digest)) => {
                Err(ExecutionFailure::Server(format!("it lost the output {digest}")))
            }
            Err(_) => Err(ExecutionFailure::Unavailable),
        }
    }

    /// What a command wrote. It is for the user alone, so a part of it that cannot be read is not a failure.
    fn output(&self, cache: &CacheClient, raw: &[u8], digest: Option<&v2::Digest>) -> Vec<u8> {
        let digest = digest.and_then(|digest| BlobDigest::from_message(digest).ok());
        let digest = digest.filter(|digest| raw.is_empty() && (1..=LONGEST_OUTPUT).contains(&digest.size()));
        let Some(digest) = digest else { return raw.to_owned() };
        let fetched = self.runtime.run(async { cache.session().await?.download([digest], &self.store).await });
        fetched.ok().and_then(|()| self.store.read(&digest).ok().flatten()).unwrap_or_default()
    }

    fn failure(&self, client: &CacheClient, failure: &CallFailure) -> ExecutionFailure {
        self.notices.of_running(client, failure);
        match failure {
            CallFailure::Interrupted => ExecutionFailure::Interrupted,
            CallFailure::Local(what) => ExecutionFailure::Server(what.clone()),
            _ => ExecutionFailure::Unavailable,
        }
    }
}

fn elapsed(metadata: &v2::ExecutedActionMetadata) -> Option<Duration> {
    let (start, end) = (metadata.execution_start_timestamp.as_ref()?, metadata.execution_completed_timestamp.as_ref()?);
    let nanoseconds = (i128::from(end.seconds) - i128::from(start.seconds)) * 1_000_000_000 + i128::from(end.nanos)
        - i128::from(start.nanos);
    Some(Duration::from_nanos(u64::try_from(nanoseconds).ok()?))
}
