//! For tests: an HTTP server on the loopback interface that says what it is told to, and remembers what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does with a connection once it has read the request.
#[derive(Clone)]
pub(super) enum Answer {
    /// Sends these bytes and closes.
    Send(Vec<u8>),
    /// Sends these bytes and then nothing more, without closing.
    Stall(Vec<u8>),
    /// Sends the bytes, then an endless body.
    Endless(Vec<u8>),
}

impl Answer {
    /// A whole answer with this status line, further header lines and body.
    pub(super) fn whole(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Send(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into_bytes())
    }

    /// `200 OK` with this body.
    pub(super) fn ok(body: &str) -> Self {
        Self::whole("200 OK", "", body)
    }

    /// `302 Found` to `target`.
    pub(super) fn redirect(target: &str) -> Self {
        Self::whole("302 Found", &format!("Location: {target}\r\n"), "")
    }
}

/// A running server. Its thread ends with the process.
pub(super) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers the first connection with the first answer, and so on; the last answer is given for ever.
    pub(super) fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        std::thread::spawn(move || {
            let mut answers = answers.into_iter().peekable();
            while let (Some(answer), Ok((stream, _))) = (answers.peek().cloned(), listener.accept()) {
                if answers.len() > 1 {
                    answers.next();
                }
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve(stream, answer, &log));
            }
        });
        Self { port, requests }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The requests so far, each with its header.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answer: Answer, log: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut request = String::new();
    while let Some(Ok(line)) = lines.next() {
        if line.is_empty() {
            break;
        }
        request.push_str(&line);
        request.push('\n');
    }
    log.lock().unwrap().push(request);
    // The client may hang up at any time: that is what some tests are about.
    let _ = match answer {
        Answer::Send(bytes) => stream.write_all(&bytes),
        Answer::Stall(bytes) => {
            let sent = stream.write_all(&bytes);
            std::thread::sleep(Duration::from_secs(60));
            sent
        }
        Answer::Endless(bytes) => {
            let mut sent = stream.write_all(&bytes);
            while sent.is_ok() {
                sent = stream.write_all(&[b'x'; 4096]);
            }
            sent
        }
    };
}
