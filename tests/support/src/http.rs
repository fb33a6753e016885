//! A small HTTP server on the loopback interface that answers as a test wants, also as no honest server would: it stands
//! for registries, for download servers, and for a directory of files. It remembers what was asked.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What the server was asked.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    /// As in `GET`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The header lines, names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The client's port: another one for each connection.
    pub port: u16,
}

impl ReceivedRequest {
    /// The value of a header line.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the request begins so, as in `GET /v2/`.
    pub fn is(&self, beginning: &str) -> bool {
        format!("{} {}", self.method, self.path).starts_with(beginning)
    }
}

/// What the server answers.
#[derive(Clone, Debug)]
pub struct ScriptedAnswer {
    head: AnswerHead,
    body: Vec<u8>,
    end: End,
    pace: AnswerPace,
}

#[derive(Clone, Debug)]
enum AnswerHead {
    /// A status line, further header lines, and the length to announce where that is not the body's.
    Composed { status: String, headers: String, length: Option<usize> },
    /// The body is all that is sent.
    None,
}

/// What follows the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Close,
    /// The answer to the next request.
    Next,
    /// Nothing, with the connection left open.
    Stall,
    /// More, without an end.
    Endless,
    /// The same again, without an end.
    Repeat,
}

/// How what is sent is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnswerPace {
    Fast,
    /// The body byte by byte, so slowly that a client gives up.
    TrickledBody,
    /// All of it.
    Trickled,
}

impl ScriptedAnswer {
    /// An answer without a body; the status line may have its reason, as in `404 Not Found`.
    pub fn status(status: impl ToString) -> Self {
        let head = AnswerHead::Composed { status: status.to_string(), headers: String::new(), length: None };
        Self { head, body: Vec::new(), end: End::Close, pace: AnswerPace::Fast }
    }

    /// `200 OK` with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status("200 OK").with(body)
    }

    /// A redirection to `target`.
    pub fn redirect(target: &str) -> Self {
        Self::status("302 Found").header("Location", target)
    }

    /// These bytes, and no others.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { head: AnswerHead::None, body: bytes.into(), end: End::Close, pace: AnswerPace::Fast }
    }

    /// With that body.
    pub fn with(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// With one more header line.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let AnswerHead::Composed { headers, .. } = &mut self.head {
            headers.push_str(&format!("{name}: {value}\r\n"));
        }
        self
    }

    /// Announces a body of another length.
    pub fn length(mut self, announced: usize) -> Self {
        if let AnswerHead::Composed { length, .. } = &mut self.head {
            *length = Some(announced);
        }
        self
    }

    /// With a body that never ends, after what it begins with.
    pub fn endless(self) -> Self {
        Self { end: End::Endless, ..self }
    }

    /// Nothing follows what is sent, and the connection stays open.
    pub fn stalled(self) -> Self {
        Self { end: End::Stall, ..self }
    }

    /// The connection stays open for the next request.
    pub fn kept_alive(self) -> Self {
        Self { end: End::Next, ..self }
    }

    /// The same, again and again.
    pub fn repeated(self) -> Self {
        Self { end: End::Repeat, ..self }
    }

    /// One byte at a time.
    pub fn trickled(self) -> Self {
        Self { pace: AnswerPace::Trickled, ..self }
    }

    /// The body one byte at a time.
    pub fn trickled_body(self) -> Self {
        Self { pace: AnswerPace::TrickledBody, ..self }
    }

    fn head(&self) -> String {
        let AnswerHead::Composed { status, headers, length } = &self.head else { return String::new() };
        // A status line has a reason, if an empty one.
        let reason = if status.contains(' ') { "" } else { " " };
        let length = match (self.end, length) {
            (End::Endless, None) => String::new(),
            (_, length) => format!("Content-Length: {}\r\n", length.unwrap_or(self.body.len())),
        };
        let connection = if self.end == End::Next { "keep-alive" } else { "close" };
        format!("HTTP/1.1 {status}{reason}\r\n{headers}{length}Connection: {connection}\r\n\r\n")
    }
}

/// A running server. Its threads end with the process.
#[derive(Clone, Debug)]
pub struct Server {
    host: String,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl Server {
    /// Answers on 127.0.0.1 with what `answer` gives.
    pub fn start(answer: impl Fn(&ReceivedRequest) -> ScriptedAnswer + Send + Sync + 'static) -> Self {
        Self::start_on("127.0.0.1", answer)
    }

    /// Answers on another loopback address.
    pub fn start_on(
        address: &str,
        answer: impl Fn(&ReceivedRequest) -> ScriptedAnswer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a loopback address");
        let host = listener.local_addr().expect("its address").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&requests), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || {
                    while let Some(request) = read(&stream) {
                        log.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
                        let answer = answer(&request);
                        // The client may hang up at any time: that is what some tests are about.
                        if send(&stream, &answer, request.method == "HEAD").is_err() || answer.end != End::Next {
                            break;
                        }
                    }
                });
            }
        });
        Self { host, requests }
    }

    /// Gives the first answer first, and so on; the last answer for ever.
    pub fn script(answers: impl IntoIterator<Item = ScriptedAnswer>) -> Self {
        let answers: Vec<ScriptedAnswer> = answers.into_iter().collect();
        assert!(!answers.is_empty(), "a script without an answer");
        let next = Mutex::new(0);
        Self::start(move |_| {
            let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
            let answer = answers[(*next).min(answers.len() - 1)].clone();
            *next += 1;
            answer
        })
    }

    /// Serves the files that lie in `directory`.
    pub(crate) fn directory(directory: PathBuf) -> Self {
        Self::start(move |request| {
            let name = request.path.rsplit('/').next().unwrap_or_default();
            std::fs::read(directory.join(name))
                .map_or_else(|_| ScriptedAnswer::status("404 Not Found"), ScriptedAnswer::ok)
        })
    }

    /// `ADDRESS:PORT`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.host.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read(stream: &TcpStream) -> Option<ReceivedRequest> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut words = first.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let port = stream.peer_addr().ok()?.port();
    let mut request = ReceivedRequest { method, path, headers, body: Vec::new(), port };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

fn send(mut stream: &TcpStream, answer: &ScriptedAnswer, head_only: bool) -> io::Result<()> {
    write(stream, answer.head().as_bytes(), answer.pace == AnswerPace::Trickled)?;
    if !head_only {
        write(stream, &answer.body, answer.pace != AnswerPace::Fast)?;
        match answer.end {
            End::Close | End::Next | End::Stall => {}
            End::Endless => loop {
                stream.write_all(&[b'x'; 4096])?;
            },
            End::Repeat => loop {
                write(stream, &answer.body, answer.pace != AnswerPace::Fast)?;
            },
        }
    }
    if answer.end == End::Stall {
        // Until the client hangs up.
        stream.read_to_end(&mut Vec::new())?;
    }
    Ok(())
}

/// How long a slow server waits before each byte.
const TRICKLE: Duration = Duration::from_millis(20);

fn write(mut stream: &TcpStream, bytes: &[u8], trickles: bool) -> io::Result<()> {
    if !trickles {
        return stream.write_all(bytes);
    }
    stream.set_nodelay(true)?;
    bytes.iter().try_for_each(|byte| {
        std::thread::sleep(TRICKLE);
        stream.write_all(&[*byte])
    })
}
