//! One request and its answer, on a thread of its own: so that whoever waits for it can be cancelled while a name is
//! looked up, a connection made or a silent server listened to. The thread ends by its timeouts.

use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use ureq::http::{HeaderMap, Request, StatusCode};
use ureq::{Agent, Body};

use super::fault::{Ended, TransferFault};

const CHUNK: usize = 64 << 10;
/// Chunks that wait at most, so that memory is bounded.
const WAITING: usize = 8;
/// How often a waiting caller looks whether it is cancelled.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);

/// Status and headers of an answer.
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Length of the body, if it is announced.
    pub(super) length: Option<u64>,
}

enum Message {
    Head(Box<Head>),
    Chunk(Vec<u8>),
    End,
    Failed(Failure),
}

/// Why an exchange failed, and whether another attempt may do better.
pub(super) struct Failure {
    pub(super) fault: TransferFault,
    pub(super) passing: bool,
}

/// A request that was sent.
pub(super) struct Exchange<'a> {
    messages: Receiver<Message>,
    cancelled: &'a dyn Fn() -> bool,
}

/// What an exchange gives instead of what was asked for.
pub(super) enum Broken {
    Failed(Failure),
    Ended(Ended),
}

impl<'a> Exchange<'a> {
    /// Sends the request, with that body if there is one.
    pub(super) fn start(
        agent: Agent,
        request: Request<()>,
        body: Option<Arc<[u8]>>,
        cancelled: &'a dyn Fn() -> bool,
    ) -> Self {
        let (sender, messages) = sync_channel(WAITING);
        std::thread::spawn(move || run(&agent, request, body.as_deref(), &sender));
        Self { messages, cancelled }
    }

    /// Status and headers, which come first.
    pub(super) fn head(&self) -> Result<Box<Head>, Broken> {
        match self.next()? {
            Message::Head(head) => Ok(head),
            Message::Failed(failure) => Err(Broken::Failed(failure)),
            Message::Chunk(_) | Message::End => Err(gone()),
        }
    }

    /// The next bytes of the body; `None` after the last ones.
    pub(super) fn chunk(&self) -> Result<Option<Vec<u8>>, Broken> {
        match self.next()? {
            Message::Chunk(bytes) => Ok(Some(bytes)),
            Message::End => Ok(None),
            Message::Failed(failure) => Err(Broken::Failed(failure)),
            Message::Head(_) => Err(gone()),
        }
    }

    fn next(&self) -> Result<Message, Broken> {
        loop {
            if (self.cancelled)() {
                return Err(Broken::Ended(Ended::Cancelled));
            }
            match self.messages.recv_timeout(PATIENCE) {
                Ok(message) => return Ok(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            }
        }
    }
}

/// The thread ended without a word, by a panic.
fn gone() -> Broken {
    Broken::Failed(Failure { fault: TransferFault::Unreachable("the connection ended".into()), passing: false })
}

fn run(agent: &Agent, request: Request<()>, body: Option<&[u8]>, sender: &SyncSender<Message>) {
    let answer = match body {
        None => agent.run(request),
        Some(bytes) => agent.run(request.map(|()| bytes)),
    };
    let last = match answer {
        Err(error) => Message::Failed(failure_of(&error)),
        Ok(mut response) => {
            let length = response.body().content_length();
            let head = Head { status: response.status(), headers: std::mem::take(response.headers_mut()), length };
            if sender.send(Message::Head(Box::new(head))).is_err() {
                return;
            }
            pass_on(response.body_mut(), sender)
        }
    };
    // Whoever asked may have gone: then nobody needs to know.
    let _ = sender.send(last);
}

fn pass_on(body: &mut Body, sender: &SyncSender<Message>) -> Message {
    let mut reader = body.as_reader();
    let mut buffer = vec![0; CHUNK];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Message::End,
            Ok(count) if sender.send(Message::Chunk(buffer[..count].to_vec())).is_err() => return Message::End,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Message::Failed(Failure { fault: TransferFault::BrokenOff(error.to_string()), passing: true });
            }
        }
    }
}

/// Whether another attempt may do better, by the kind of the error.
fn failure_of(error: &ureq::Error) -> Failure {
    let passing = matches!(error, ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed);
    Failure { fault: TransferFault::Unreachable(error.to_string()), passing }
}
