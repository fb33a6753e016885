//! A small HTTP server on the loopback interface that stands for a registry and says whatever a test wants; it remembers
//! what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the server was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// As in `GET`.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// The header lines, names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The value of a header line.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the request begins so, as in `GET /v2/`.
    pub(crate) fn is(&self, beginning: &str) -> bool {
        format!("{} {}", self.method, self.path).starts_with(beginning)
    }
}

/// What the server answers.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    status: u16,
    headers: String,
    body: Vec<u8>,
    endless: bool,
    length: Option<usize>,
}

impl Said {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: String::new(), body: Vec::new(), endless: false, length: None }
    }

    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::status(200) }
    }

    /// With that body.
    pub(crate) fn with(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// With one more header line.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    /// With a body that never ends, after what it begins with.
    pub(crate) fn endless(self) -> Self {
        Self { endless: true, ..self }
    }

    /// Announces a body of another length.
    pub(crate) fn length(self, length: usize) -> Self {
        Self { length: Some(length), ..self }
    }
}

/// A running server. Its threads end with the process.
#[derive(Clone)]
pub(crate) struct Liar {
    host: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Liar {
    /// Answers on 127.0.0.1 with what `answer` says.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        Self::start_on("127.0.0.1", answer)
    }

    /// Answers on another loopback address.
    pub(crate) fn start_on(address: &str, answer: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a loopback address");
        let host = listener.local_addr().expect("its address").to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Some(asked) = read(&stream) else { return };
                    log.lock().expect("the log").push(asked.clone());
                    say(stream, &answer(&asked), asked.method == "HEAD");
                });
            }
        });
        Self { host, asked }
    }

    /// `ADDRESS:PORT`.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("the log").clone()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
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
    let mut asked = Asked { method, path, headers, body: Vec::new() };
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    asked.body = vec![0; length];
    reader.read_exact(&mut asked.body).ok()?;
    Some(asked)
}

/// The client may hang up at any time: that is what some tests are about.
fn say(mut stream: TcpStream, said: &Said, head: bool) {
    let length = match (said.endless, said.length) {
        (true, _) => String::new(),
        (false, length) => format!("Content-Length: {}\r\n", length.unwrap_or(said.body.len())),
    };
    let head_lines = format!("HTTP/1.1 {} Said\r\n{}{length}Connection: close\r\n\r\n", said.status, said.headers);
    let mut sent = stream.write_all(head_lines.as_bytes());
    if !head {
        sent = sent.and_then(|()| stream.write_all(&said.body));
        while said.endless && sent.is_ok() {
            sent = stream.write_all(&[b'x'; 4096]);
        }
    }
}
