//! A package index on the loopback interface: it serves the archives of a directory with configurable metadata, and
//! records the requests that it receives.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sha2::{Digest as _, Sha256};

/// How the index behaves.
#[derive(Clone, Default)]
pub(crate) struct Behavior {
    /// Whether it serves only HTML.
    pub(crate) html: bool,
    /// Digests that it publishes, by file.
    pub(crate) digests: BTreeMap<String, String>,
    /// Metadata that it serves separately from files.
    pub(crate) metadata: BTreeMap<String, String>,
    /// Additional fields of files, as JSON.
    pub(crate) fields: BTreeMap<String, String>,
    /// The header `Authorization` that it requires.
    pub(crate) authorization: Option<String>,
    /// Where it redirects requests for files.
    pub(crate) elsewhere: Option<String>,
}

/// A running index. Its threads end with the process.
pub(crate) struct TestIndex {
    pub(crate) port: u16,
    state: Arc<TestIndexState>,
}

struct TestIndexState {
    archives: PathBuf,
    behavior: Mutex<Behavior>,
    asked: Mutex<Vec<(String, Option<String>)>>,
}

impl TestIndex {
    /// Serves the archives in a directory.
    pub(crate) fn start(archives: &Path, behavior: Behavior) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(TestIndexState {
            archives: archives.to_owned(),
            behavior: Mutex::new(behavior),
            asked: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { port, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/simple/", self.port)
    }

    /// The requests since the last call: paths, sorted.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut asked: Vec<String> = self.state.asked.lock().unwrap().drain(..).map(|(path, _)| path).collect();
        asked.sort();
        asked
    }

    /// The paths that were requested with credentials, and without.
    pub(crate) fn credentials(&self) -> Vec<(String, Option<String>)> {
        self.state.asked.lock().unwrap().drain(..).collect()
    }

    pub(crate) fn behave(&self, change: impl FnOnce(&mut Behavior)) {
        change(&mut self.state.behavior.lock().unwrap());
    }
}

fn serve(stream: TcpStream, state: &TestIndexState) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line.trim().is_empty() => break,
                Ok(_) => lines.push(line.trim().to_owned()),
            }
        }
        let Some(path) = lines.first().and_then(|line| line.split(' ').nth(1)).map(str::to_owned) else { return };
        let header = |name: &str| {
            let found = lines
                .iter()
                .skip(1)
                .filter_map(|line| line.split_once(':'))
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim().to_owned())
        };
        state.asked.lock().unwrap().push((path.clone(), header("authorization")));
        let answer = answer(state, &path, &header);
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

fn answer(state: &TestIndexState, path: &str, header: &dyn Fn(&str) -> Option<String>) -> Vec<u8> {
    let behavior = state.behavior.lock().unwrap().clone();
    if behavior.authorization.is_some() && behavior.authorization != header("authorization") {
        return whole("401 Unauthorized", "", b"");
    }
    if let Some(project) = path.strip_prefix("/simple/").and_then(|rest| rest.strip_suffix('/')) {
        return listing(state, &behavior, project, header("if-none-match"));
    }
    let Some(file) = path.strip_prefix("/files/") else { return whole("404 Not Found", "", b"") };
    if let Some(elsewhere) = &behavior.elsewhere {
        return whole("302 Found", &format!("Location: {elsewhere}{path}\r\n"), b"");
    }
    if let Some(metadata) = file.strip_suffix(".metadata").and_then(|file| behavior.metadata.get(file)) {
        return whole("200 OK", "", metadata.as_bytes());
    }
    match std::fs::read(state.archives.join(file)) {
        Ok(bytes) => whole("200 OK", "", &bytes),
        Err(_) => whole("404 Not Found", "", b""),
    }
}

fn whole(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn key(name: &str) -> String {
    name.replace(['_', '.'], "-").to_lowercase()
}

fn listing(state: &TestIndexState, behavior: &Behavior, project: &str, known: Option<String>) -> Vec<u8> {
    let mut files: Vec<String> = std::fs::read_dir(&state.archives)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| {
            key(name).starts_with(&format!("{project}-"))
                && name[project.len() + 1..].starts_with(|c: char| c.is_ascii_digit())
        })
        .collect();
    files.sort();
    if files.is_empty() {
        return whole("404 Not Found", "", b"");
    }
    let body = if behavior.html { html(state, behavior, &files) } else { json(state, behavior, &files) };
    let tag = format!("\"{}\"", hexadecimal(&Sha256::digest(&body)));
    if known.as_ref() == Some(&tag) {
        return whole("304 Not Modified", &format!("ETag: {tag}\r\n"), b"");
    }
    let kind = if behavior.html { "text/html" } else { "application/vnd.pypi.simple.v1+json" };
    whole("200 OK", &format!("Content-Type: {kind}\r\nETag: {tag}\r\n"), body.as_bytes())
}

fn digest(state: &TestIndexState, behavior: &Behavior, file: &str) -> String {
    let own = || hexadecimal(&Sha256::digest(std::fs::read(state.archives.join(file)).unwrap()));
    behavior.digests.get(file).cloned().unwrap_or_else(own)
}

fn html(state: &TestIndexState, behavior: &Behavior, files: &[String]) -> String {
    let link =
        |file: &String| format!("<a href=\"/files/{file}#sha256={}\">{file}</a><br>\n", digest(state, behavior, file));
    format!("<!DOCTYPE html>\n<html><body>\n{}</body></html>\n", files.iter().map(link).collect::<String>())
}

fn json(state: &TestIndexState, behavior: &Behavior, files: &[String]) -> String {
    let file = |file: &String| {
        let sidecar = match behavior.metadata.get(file) {
            Some(text) => format!(", \"core-metadata\": {{\"sha256\": \"{}\"}}", hexadecimal(&Sha256::digest(text))),
            None => String::new(),
        };
        let further = behavior.fields.get(file).map(|fields| format!(", {fields}")).unwrap_or_default();
        let digest = digest(state, behavior, file);
        format!(
            "{{\"filename\": \"{file}\", \"url\": \"/files/{file}\", \"hashes\": {{\"sha256\": \"{digest}\"}}{sidecar}{further}}}"
        )
    };
    let files: Vec<String> = files.iter().map(file).collect();
    format!("{{\"meta\": {{\"api-version\": \"1.1\"}}, \"name\": \"x\", \"files\": [{}]}}", files.join(","))
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
