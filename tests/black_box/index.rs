//! A package index on the loopback interface, with wheels and archives of sources that are made here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base::digest::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use test_support::archive::{Entry, Member, gzip, tar, zip};
use test_support::http::{Answer, Server};

/// The files of the index, by their names.
type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A running index.
pub(crate) struct Index {
    server: Server,
    files: Files,
    /// How many requests were reported before.
    reported: Mutex<usize>,
}

impl Index {
    /// Serves these wheels. Its pages are valid for ten minutes.
    pub(crate) fn start(wheels: Vec<Wheel>) -> Self {
        let files: Files = Arc::default();
        files.lock().unwrap().extend(wheels.iter().map(|wheel| (wheel.file_name(), wheel.bytes())));
        let shared = Arc::clone(&files);
        let server = Server::start(move |request| answer(&shared.lock().unwrap(), &request.path));
        Self { server, files, reported: Mutex::new(0) }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url("/simple/")
    }

    /// The paths that were requested since the last call.
    pub(crate) fn requests(&self) -> Vec<String> {
        let all = self.server.requests();
        let mut reported = self.reported.lock().unwrap();
        let new = all.iter().skip(*reported).map(|request| request.path.clone()).collect();
        *reported = all.len();
        new
    }

    /// Adds a wheel, or replaces the one of the same version.
    pub(super) fn add(&self, wheel: &Wheel) {
        self.files.lock().unwrap().insert(wheel.file_name(), wheel.bytes());
    }

    /// Adds an archive of sources.
    pub(crate) fn add_source(&self, name: &str, version: &str, files: &[(&str, &str)]) {
        let stem = format!("{name}-{version}");
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        let own = [("PKG-INFO", metadata.as_str()), ("name.txt", name)];
        let members: Vec<Member> = files
            .iter()
            .chain(&own)
            .map(|(path, text)| Member::file(format!("{stem}/{path}"), text.as_bytes()))
            .collect();
        self.files.lock().unwrap().insert(format!("{stem}.tar.gz"), gzip(&tar(&members)));
    }
}

fn answer(files: &BTreeMap<String, Vec<u8>>, path: &str) -> Answer {
    if let Some(bytes) = path.strip_prefix("/files/").and_then(|name| files.get(name)) {
        return Answer::ok(bytes.clone());
    }
    let Some(project) = path.strip_prefix("/simple/").map(|path| path.trim_end_matches('/')) else {
        return Answer::status("404 Not Found");
    };
    let of_project = |name: &&String| name.strip_prefix(project).is_some_and(|rest| rest.starts_with('-'));
    let link = |name: &String| {
        let digest = Digest::of(&files[name]);
        format!("<a href=\"/files/{name}#sha256={digest}\">{name}</a><br>\n")
    };
    let links: String = files.keys().filter(of_project).map(link).collect();
    match links.is_empty() {
        true => Answer::status("404 Not Found"),
        false => Answer::ok(format!("<!DOCTYPE html>\n<html><body>\n{links}</body></html>\n"))
            .header("Content-Type", "text/html")
            .header("Cache-Control", "max-age=600"),
    }
}

/// A wheel with one module.
pub(crate) struct Wheel {
    name: String,
    version: String,
    metadata: String,
    entry_points: String,
    module: String,
}

impl Wheel {
    pub(crate) fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            metadata: format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
            entry_points: String::new(),
            module: format!("version = '{version}'\n"),
        }
    }

    pub(crate) fn requires(mut self, requirement: &str) -> Self {
        self.metadata += &format!("Requires-Dist: {requirement}\n");
        self
    }

    /// Adds a script: `name = module:function`.
    pub(crate) fn script(mut self, script: &str) -> Self {
        self.entry_points += &format!("[console_scripts]\n{script}\n");
        self
    }

    /// Adds entry points of a group: `name = module:object`, one per line.
    pub(crate) fn group(mut self, name: &str, entry_points: &str) -> Self {
        self.entry_points += &format!("[{name}]\n{entry_points}\n");
        self
    }

    pub(crate) fn module(mut self, text: &str) -> Self {
        self.module += text;
        self
    }

    fn file_name(&self) -> String {
        format!("{}-{}-py3-none-any.whl", self.name, self.version)
    }

    /// The SHA-256 digest of the file.
    pub(super) fn digest(&self) -> String {
        Digest::of(&self.bytes()).to_string()
    }

    fn bytes(&self) -> Vec<u8> {
        let info = format!("{}-{}.dist-info", self.name, self.version);
        let mut files = vec![
            (format!("{}.py", self.name), self.module.clone()),
            (format!("{info}/METADATA"), self.metadata.clone()),
            (format!("{info}/WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned()),
            (format!("{info}/entry_points.txt"), self.entry_points.clone()),
        ];
        let listed = files.iter().map(|(path, text)| format!("{path},sha256={},{}\n", encoded(text), text.len()));
        let record: String = listed.chain([format!("{info}/RECORD,,\n")]).collect();
        files.push((format!("{info}/RECORD"), record));
        let entries: Vec<Entry> = files.iter().map(|(path, text)| Entry::new(path, text.as_bytes())).collect();
        zip(&entries)
    }
}

/// The SHA-256 digest as a RECORD has it.
fn encoded(text: &str) -> String {
    let digest = Digest::of(text.as_bytes()).to_string();
    let bytes: Vec<u8> =
        (0..digest.len()).step_by(2).map(|at| u8::from_str_radix(&digest[at..at + 2], 16).unwrap()).collect();
    URL_SAFE_NO_PAD.encode(bytes)
}
