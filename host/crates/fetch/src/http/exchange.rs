//! One request and its response, on a separate thread: so that the caller can cancel during a DNS lookup, while
//! connecting, or while a server is silent.
//!
//! Timeouts are measured here, not only by the socket: a server that sends a byte now and then never exceeds a socket
//! timeout. Dropping an incomplete exchange closes its connection, which ends the thread.

use std::cell::Cell;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, Request, StatusCode};
use ureq::{Agent, Body};

use super::fault::{Timeout, TransferFault};
use super::limits::{Rate, TransferLimits};
use super::retry::{AttemptError, CHECK_INTERVAL, Patience};

const CHUNK: usize = 64 << 10;
/// Maximum number of chunks that wait for the caller, so that memory is bounded.
const WAITING: usize = 8;

/// Status and headers of a response.
pub(super) struct ResponseHead {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Length of the body, if announced.
    pub(super) length: Option<u64>,
}

enum Message {
    Head(Box<ResponseHead>),
    Chunk(Vec<u8>),
    End,
    Failed(AttemptError),
}

/// A request that was sent.
pub(super) struct Exchange<'a> {
    messages: Receiver<Message>,
    agent: Agent,
    patience: Patience<'a>,
    pace: Cell<ArrivalPace>,
    is_complete: Cell<bool>,
}

impl<'a> Exchange<'a> {
    /// Sends the request with an optional body.
    pub(super) fn start(agent: Agent, request: Request<()>, body: Option<Arc<[u8]>>, patience: Patience<'a>) -> Self {
        let (sender, messages) = sync_channel(WAITING);
        let (sending, limits) = (agent.clone(), patience.limits.clone());
        std::thread::spawn(move || run(&sending, &limits, request, body.as_deref(), &sender));
        let pace = Cell::new(ArrivalPace::new(patience.limits.slowest));
        Self { messages, agent, patience, pace, is_complete: Cell::new(false) }
    }

    /// Receives status and headers, which come first.
    pub(super) fn head(&self) -> Result<Box<ResponseHead>, AttemptError> {
        match self.next(|_| Ok(()))? {
            Message::Head(head) => Ok(head),
            Message::Failed(error) => Err(error),
            Message::Chunk(_) | Message::End => Err(lost()),
        }
    }

    /// The next bytes of the body; `None` after the last ones.
    pub(super) fn chunk(&self) -> Result<Option<Vec<u8>>, AttemptError> {
        match self.next(|waited| self.keep_pace(0, waited))? {
            Message::Chunk(bytes) => {
                self.keep_pace(bytes.len() as u64, Duration::ZERO)?;
                Ok(Some(bytes))
            }
            Message::End => {
                self.is_complete.set(true);
                Ok(None)
            }
            Message::Failed(error) => Err(error),
            Message::Head(_) => Err(lost()),
        }
    }

    /// The agent, with its connection, if the response was read completely.
    pub(super) fn into_agent(self) -> Option<Agent> {
        self.is_complete.get().then(|| self.agent.clone())
    }

    fn keep_pace(&self, bytes: u64, waited: Duration) -> Result<(), AttemptError> {
        let mut pace = self.pace.get();
        let kept = pace.add(bytes, waited);
        self.pace.set(pace);
        kept.map_err(|timeout| AttemptError::Passing(timeout.into(), None))
    }

    /// The next message. `waiting` is called repeatedly with the time spent so far.
    fn next(&self, waiting: impl Fn(Duration) -> Result<(), AttemptError>) -> Result<Message, AttemptError> {
        loop {
            self.patience.check()?;
            let start = Instant::now();
            let message = self.messages.recv_timeout(CHECK_INTERVAL.min(self.patience.left()));
            waiting(start.elapsed())?;
            match message {
                Ok(message) => return Ok(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(lost()),
            }
        }
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if !self.is_complete.get() {
            self.agent.clone().shutdown();
        }
    }
}

/// The rate at which a body arrives. Only the time spent waiting is counted: the caller may be slow.
#[derive(Clone, Copy)]
struct ArrivalPace {
    slowest: Rate,
    bytes: u64,
    waited: Duration,
}

impl ArrivalPace {
    fn new(slowest: Rate) -> Self {
        Self { slowest, bytes: 0, waited: Duration::ZERO }
    }

    /// Adds bytes, and the time spent waiting for them.
    fn add(&mut self, bytes: u64, waited: Duration) -> Result<(), Timeout> {
        self.bytes += bytes;
        self.waited += waited;
        if self.waited < self.slowest.within {
            return Ok(());
        }
        match self.bytes {
            0 => Err(Timeout::Silence(self.slowest.within)),
            bytes if bytes < self.slowest.bytes => Err(Timeout::Rate(self.slowest)),
            _ => {
                *self = Self::new(self.slowest);
                Ok(())
            }
        }
    }
}

/// The error if the thread ended without a message, i.e. panicked.
fn lost() -> AttemptError {
    TransferFault::Unreachable("the connection ended".into()).into()
}

fn run(
    agent: &Agent,
    limits: &TransferLimits,
    request: Request<()>,
    body: Option<&[u8]>,
    sender: &SyncSender<Message>,
) {
    let answer = match body {
        None => agent.run(request),
        Some(bytes) => agent.run(request.map(|()| bytes)),
    };
    let last = match answer {
        Err(error) => Message::Failed(error_of(&error, limits)),
        Ok(mut response) => {
            let length = response.body().content_length();
            let head =
                ResponseHead { status: response.status(), headers: std::mem::take(response.headers_mut()), length };
            if sender.send(Message::Head(Box::new(head))).is_err() {
                return;
            }
            pass_on(response.body_mut(), limits, sender)
        }
    };
    // If the caller is gone, the message is not needed.
    let _ = sender.send(last);
}

fn pass_on(body: &mut Body, limits: &TransferLimits, sender: &SyncSender<Message>) -> Message {
    let mut reader = body.as_reader();
    let mut buffer = vec![0; CHUNK];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Message::End,
            Ok(count) if sender.send(Message::Chunk(buffer[..count].to_vec())).is_err() => return Message::End,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Message::Failed(error_in_body(&error, limits)),
        }
    }
}

fn error_in_body(error: &io::Error, limits: &TransferLimits) -> AttemptError {
    match error.get_ref().and_then(|cause| cause.downcast_ref()) {
        Some(ureq::Error::Timeout(timeout)) => timed_out(*timeout, limits),
        _ => AttemptError::Passing(TransferFault::Incomplete(error.to_string()), None),
    }
}

/// Converts an error; its kind decides whether another attempt may succeed.
fn error_of(error: &ureq::Error, limits: &TransferLimits) -> AttemptError {
    let fault = TransferFault::Unreachable(error.to_string());
    match error {
        ureq::Error::Timeout(timeout) => timed_out(*timeout, limits),
        ureq::Error::Io(cause) => match certificate_fault(cause) {
            Some(fault) => fault.into(),
            None => AttemptError::Passing(fault, None),
        },
        ureq::Error::ConnectionFailed => AttemptError::Passing(fault, None),
        _ => fault.into(),
    }
}

fn certificate_fault(error: &io::Error) -> Option<TransferFault> {
    match error.get_ref()?.downcast_ref()? {
        rustls::Error::InvalidCertificate(error) => Some(TransferFault::Certificate(format!("{error:?}"))),
        _ => None,
    }
}

fn timed_out(timeout: ureq::Timeout, limits: &TransferLimits) -> AttemptError {
    use ureq::Timeout as Phase;
    let timeout = match timeout {
        Phase::Global | Phase::PerCall => return Timeout::Total(limits.total).into(),
        Phase::Resolve => Timeout::Name(limits.connect),
        Phase::Connect => Timeout::Connection(limits.connect),
        Phase::RecvResponse => Timeout::Header(limits.stall),
        _ => Timeout::Silence(limits.stall),
    };
    AttemptError::Passing(timeout.into(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_answer_must_keep_its_pace_in_each_span() {
        let slowest = Rate { bytes: 100, within: 10 * SECOND };
        let mut pace = ArrivalPace::new(slowest);
        for _ in 0..30 {
            pace.add(10, SECOND).unwrap();
        }
        let mut trickle = || (0..10).try_for_each(|_| pace.add(9, SECOND));
        assert_eq!(trickle(), Err(Timeout::Rate(slowest)));
    }

    #[test]
    fn silence_and_a_slow_answer_differ() {
        let mut pace = ArrivalPace::new(Rate { bytes: 100, within: 10 * SECOND });
        assert_eq!(pace.add(0, 10 * SECOND), Err(Timeout::Silence(10 * SECOND)));
    }

    #[test]
    fn a_slow_caller_is_not_the_servers_fault() {
        let mut pace = ArrivalPace::new(Rate { bytes: 100, within: 10 * SECOND });
        for _ in 0..1000 {
            pace.add(1, Duration::ZERO).unwrap();
        }
    }
}
