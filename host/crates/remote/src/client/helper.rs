//! Credential helpers, with the protocol that Bazel has for them: the program gets `get` as argument and the address on
//! its standard input, and answers with headers and the time at which they expire.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::{Value, json};

use super::failure::CallFailure;
use crate::settings::ServerAddress;

/// How long a helper may take. It may ask the user, or a server.
const LONGEST: Duration = Duration::from_secs(60);
/// The largest answer.
const LARGEST: u64 = 256 << 10;

/// What a helper answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HelperAnswer {
    pub(super) headers: Vec<(String, String)>,
    /// How long they are good.
    pub(super) life: Option<Duration>,
}

/// Asks a helper for the headers for a server.
pub(super) async fn ask(program: &Path, address: &ServerAddress) -> Result<HelperAnswer, CallFailure> {
    let failed = |what: String| CallFailure::Settings(format!("The credential helper {} {what}", program.display()));
    let scheme = if address.secure { "https" } else { "http" };
    let question = json!({ "uri": format!("{scheme}://{}", address.authority) }).to_string();
    let child = start(program).map_err(|error| failed(format!("cannot be started: {error}")))?;
    let running = Running::new(&child);
    let conversation = tokio::task::spawn_blocking(move || converse(child, &question));
    let answer = match tokio::time::timeout(LONGEST, conversation).await {
        Ok(Ok(answer)) => answer.map_err(failed)?,
        Ok(Err(_)) => return Err(failed("failed".to_owned())),
        Err(_) => return Err(failed("did not answer in time".to_owned())),
    };
    drop(running);
    parse(&answer).ok_or_else(|| failed("did not answer with the JSON that the protocol describes".to_owned()))
}

fn start(program: &Path) -> std::io::Result<Child> {
    Command::new(program).arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()
}

fn converse(mut child: Child, question: &str) -> Result<Vec<u8>, String> {
    // A helper that does not read it may still answer.
    let _ = child.stdin.take().map(|mut input| input.write_all(question.as_bytes()));
    let mut answer = Vec::new();
    let output = child.stdout.take();
    let read = output.map(|output| output.take(LARGEST).read_to_end(&mut answer));
    let status = child.wait();
    match (read, status) {
        (Some(Ok(_)), Ok(status)) if status.success() => Ok(answer),
        // What it wrote may contain what it is trusted with.
        (_, Ok(status)) => Err(format!("failed ({status})")),
        (_, Err(error)) => Err(format!("failed: {error}")),
    }
}

/// A helper that is ended when the value is dropped, which happens when the run is interrupted. The descriptor refers to
/// this process and no later one with its number.
struct Running(Option<rustix::fd::OwnedFd>);

impl Running {
    fn new(child: &Child) -> Self {
        Self(pidfd_open(Pid::from_child(child), PidfdFlags::empty()).ok())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(process) = &self.0 {
            // It has usually ended.
            let _ = pidfd_send_signal(process, Signal::KILL);
        }
    }
}

fn parse(answer: &[u8]) -> Option<HelperAnswer> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let (answer, none) = (answer.as_object()?, serde_json::Map::new());
    let mut headers = Vec::new();
    for (name, values) in answer.get("headers").map_or(Some(&none), Value::as_object)? {
        for value in values.as_array()? {
            headers.push((name.clone(), value.as_str()?.to_owned()));
        }
    }
    let life = match answer.get("expires") {
        None | Some(Value::Null) => None,
        Some(time) => {
            let end: jiff::Timestamp = time.as_str()?.parse().ok()?;
            Some(end.duration_since(jiff::Timestamp::now()).try_into().unwrap_or(Duration::ZERO))
        }
    };
    Some(HelperAnswer { headers, life })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_headers_and_an_end() {
        let answer = parse(br#"{"headers": {"Authorization": ["Bearer x", "y"]}, "expires": "2001-01-01T00:00:00Z"}"#);
        let headers = ["Bearer x", "y"].map(|value| ("Authorization".to_owned(), value.to_owned()));
        assert_eq!(answer, Some(HelperAnswer { headers: headers.into(), life: Some(Duration::ZERO) }));
        assert_eq!(parse(b"{}"), Some(HelperAnswer { headers: vec![], life: None }));
        for wrong in ["", "[]", r#"{"headers": {"a": "b"}}"#, r#"{"headers": {"a": [1]}}"#, r#"{"expires": "soon"}"#] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
