//! Running an action on a server: its stages, its output while it runs, its end; and its cancellation.

use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use tokio::time::Instant;
use tonic::{Code, Status, Streaming};

use super::failure::{CallFailure, StatusVerdict, judge};
use super::session::{LARGEST_ANSWER, ServerSession};
use crate::blob::BlobDigest;
use crate::execution::ExecutionEvent;
use crate::protocol::longrunning::operations_client::OperationsClient;
use crate::protocol::longrunning::{CancelOperationRequest, Operation, operation};
use crate::protocol::v2;
use crate::protocol::v2::execution_client::ExecutionClient;
use crate::protocol::v2::execution_stage::Value as Stage;

/// How long the cancellation of an action may take: the user waits.
const CANCELLATION: Duration = Duration::from_secs(1);
/// How much longer than allowed an action may seem to take, because the worker's clock counts.
const GRACE: Duration = Duration::from_secs(60);
/// How often an action is started again that the server forgot.
const MOST_STARTS: u32 = 3;

/// How an action ended.
#[derive(Debug)]
pub(crate) enum Executed {
    /// With a result, which may be that of a failure.
    Result { result: Box<v2::ActionResult>, cached: bool },
    /// Without one.
    Failed { code: Code, message: String },
}

/// What is known of an action that runs.
#[derive(Default)]
struct Progress {
    /// Its name on the server, once it has one.
    name: String,
    stage: Option<Stage>,
    running_since: Option<Instant>,
    /// The resource with the standard output, if the server offers it.
    log: Option<String>,
}

/// A message of the server, or output of the command.
enum Heard {
    Operation(Result<Option<Operation>, Status>),
    Output(Bytes),
    /// All output was read; some of it may be waiting.
    OutputRead,
    OutputEnded,
    /// Nothing, for longer than the action may take.
    Nothing,
}

impl ServerSession {
    pub(crate) fn can_execute(&self) -> bool {
        self.capabilities.execution
    }

    /// Runs an action whose inputs the server has. When the returned future is dropped, nothing is canceled: see
    /// [`ServerSession::cancel`]. `name` receives the name of the running action.
    pub(crate) async fn execute(
        &self,
        key: &BlobDigest,
        longest: Option<Duration>,
        name: &mut String,
        events: &mut (dyn FnMut(ExecutionEvent<'_>) + Send),
    ) -> Result<Executed, CallFailure> {
        let mut progress = Progress::default();
        let mut starts = 0;
        let mut stream = None;
        let (sender, mut output) = tokio::sync::mpsc::channel::<Bytes>(16);
        let mut sender = Some(sender);
        let mut log = std::pin::pin!(log_of(None));
        let (mut is_reading, mut is_logging) = (false, false);
        // Streams in a row that broke before they sent anything.
        let mut silent = 0;
        loop {
            let operations = match &mut stream {
                Some(operations) => operations,
                None if progress.name.is_empty() => {
                    starts += 1;
                    stream.insert(self.start(key).await?)
                }
                None => match self.wait_execution(&progress.name).await {
                    // The server forgot it.
                    Err(CallFailure::NotFound { .. }) if starts < MOST_STARTS => {
                        progress = Progress::default();
                        continue;
                    }
                    other => stream.insert(other?),
                },
            };
            let heard = tokio::select! {
                operation = operations.message() => Heard::Operation(operation),
                bytes = output.recv(), if is_logging => bytes.map_or(Heard::OutputEnded, Heard::Output),
                () = &mut log, if is_reading => Heard::OutputRead,
                () = overtime(longest, progress.running_since) => Heard::Nothing,
            };
            let may_continue = silent + 1 < self.limits.attempts;
            match heard {
                Heard::Operation(Ok(Some(operation))) => {
                    silent = 0;
                    self.breaker.succeeded();
                    progress.follow(&operation, events);
                    name.clone_from(&progress.name);
                    if let Some(executed) = finished(operation)? {
                        while let Ok(bytes) = output.try_recv() {
                            events(ExecutionEvent::Output(&bytes));
                        }
                        return Ok(executed);
                    }
                    if let Some(resource) = progress.log.take()
                        && let Some(sender) = sender.take()
                    {
                        log.set(log_of(Some((self, resource, sender))));
                        (is_reading, is_logging) = (true, true);
                    }
                }
                // The stream ended before the action did: it is waited for.
                Heard::Operation(Ok(None)) if may_continue => stream = None,
                Heard::Operation(Ok(None)) => {
                    return Err(CallFailure::Unsuitable("Execute: the stream ends before the action does".to_owned()));
                }
                Heard::Operation(Err(status)) if may_continue && judge(&status) == StatusVerdict::Again => {
                    stream = None
                }
                Heard::Operation(Err(status)) => return failed(&status),
                Heard::Output(bytes) => events(ExecutionEvent::Output(&bytes)),
                Heard::OutputRead => is_reading = false,
                Heard::OutputEnded => is_logging = false,
                Heard::Nothing => return Err(CallFailure::TooSlow { call: "Execute" }),
            }
            if stream.is_none() {
                silent += 1;
                self.wait(silent).await;
            }
        }
    }

    async fn start(&self, key: &BlobDigest) -> Result<Streaming<Operation>, CallFailure> {
        let request = v2::ExecuteRequest {
            instance_name: self.instance.clone(),
            action_digest: Some(key.to_message()),
            inline_stdout: true,
            inline_stderr: true,
            ..v2::ExecuteRequest::default()
        };
        self.open_stream("Execute", request, |mut client, request| async move { client.execute(request).await }).await
    }

    async fn wait_execution(&self, name: &str) -> Result<Streaming<Operation>, CallFailure> {
        let request = v2::WaitExecutionRequest { name: name.to_owned() };
        let opened = self.open_stream("WaitExecution", request, |mut client, request| async move {
            client.wait_execution(request).await
        });
        opened.await
    }

    /// Like [`ServerSession::call`], but only the start of the answer has a deadline.
    async fn open_stream<M: Clone, F>(
        &self,
        call: &'static str,
        message: M,
        send: impl Fn(ExecutionClient<tonic::transport::Channel>, tonic::Request<M>) -> F,
    ) -> Result<Streaming<Operation>, CallFailure>
    where
        F: Future<Output = Result<tonic::Response<Streaming<Operation>>, Status>>,
    {
        let attempt = async || {
            let request = self.request(message.clone()).await?;
            let client = ExecutionClient::new(self.channel.clone()).max_decoding_message_size(LARGEST_ANSWER);
            match tokio::time::timeout(self.limits.call, send(client, request)).await {
                Ok(answer) => Ok(answer.map(tonic::Response::into_inner)),
                Err(_) => Err(CallFailure::TooSlow { call }),
            }
        };
        self.attempts(call, attempt).await
    }

    /// Asks the server to end an action. What comes of it does not matter to the run.
    pub(crate) async fn cancel(&self, name: &str) {
        let Ok(request) = self.request(CancelOperationRequest { name: name.to_owned() }).await else { return };
        let mut client = OperationsClient::new(self.channel.clone());
        let _ = tokio::time::timeout(CANCELLATION, client.cancel_operation(request)).await;
    }
}

/// Passes on the output of the command until it ends, or cannot be read.
async fn log_of(source: Option<(&ServerSession, String, tokio::sync::mpsc::Sender<Bytes>)>) {
    let Some((session, resource, sender)) = source else { return std::future::pending().await };
    let closed = || CallFailure::Interrupted;
    // The whole output comes again with the result.
    let _ = session.read_log(resource, async |bytes| sender.send(bytes).await.map_err(|_| closed())).await;
}

/// Ends when an action that runs takes much longer than allowed. One that waits for a worker may wait for long.
async fn overtime(longest: Option<Duration>, running_since: Option<Instant>) {
    match longest.zip(running_since) {
        Some((longest, since)) => tokio::time::sleep_until(since + longest + GRACE).await,
        None => std::future::pending().await,
    }
}

impl Progress {
    fn follow(&mut self, operation: &Operation, events: &mut (dyn FnMut(ExecutionEvent<'_>) + Send)) {
        self.name.clone_from(&operation.name);
        let metadata = operation.metadata.as_ref().map(|any| any.value.as_slice()).unwrap_or_default();
        let Ok(metadata) = v2::ExecuteOperationMetadata::decode(metadata) else { return };
        let stage = Stage::try_from(metadata.stage).ok();
        if stage != self.stage {
            self.stage = stage;
            self.running_since = (stage == Some(Stage::Executing)).then(Instant::now);
            match stage {
                Some(Stage::Queued) => events(ExecutionEvent::Queued),
                Some(Stage::Executing) => events(ExecutionEvent::Running),
                _ => {}
            }
        }
        if !metadata.stdout_stream_name.is_empty() {
            self.log = Some(metadata.stdout_stream_name);
        }
    }
}

/// The end of an action, if this is it.
fn finished(operation: Operation) -> Result<Option<Executed>, CallFailure> {
    let malformed = || CallFailure::Unsuitable("Execute: it sent an invalid message".to_owned());
    if !operation.done {
        return Ok(None);
    }
    let response = match operation.result.ok_or_else(malformed)? {
        operation::Result::Error(status) => return Ok(Some(of_status(status.code, &status.message))),
        operation::Result::Response(any) => {
            v2::ExecuteResponse::decode(any.value.as_slice()).map_err(|_| malformed())?
        }
    };
    if let Some(status) = response.status.filter(|status| status.code != Code::Ok as i32) {
        return Ok(Some(of_status(status.code, &status.message)));
    }
    let result = response.result.ok_or_else(malformed)?.into();
    Ok(Some(Executed::Result { result, cached: response.cached_result }))
}

fn of_status(code: i32, message: &str) -> Executed {
    let message: String = message.chars().take(500).collect();
    Executed::Failed { code: Code::from_i32(code), message: base::source::printable_line(&message) }
}

/// Servers differ in how they report that an action failed: in the operation, or as the status of the call.
fn failed(status: &Status) -> Result<Executed, CallFailure> {
    match status.code() {
        Code::FailedPrecondition | Code::DeadlineExceeded | Code::InvalidArgument => {
            Ok(of_status(status.code() as i32, status.message()))
        }
        _ => Err(CallFailure::of_status("Execute", status)),
    }
}
