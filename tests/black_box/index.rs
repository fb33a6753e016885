//! A package index on the loopback interface, with wheels and archives of sources that are made here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base::digest::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use test_support::archive::{TarEntry, ZipEntry, gzip, tar, zip};
use test_support::http::{ScriptedAnswer, Server};

/// What the index serves.
#[derive(Default)]
struct Served {
    /// Its files, by their names.
    files: BTreeMap<String, Vec<u8>>,
    /// Answers to requests for a path, in place of the true ones.
    instead: BTreeMap<String, ScriptedAnswer>,
    /// Whether its pages must be requested again each time.
    changes: bool,
}

/// A running index.
pub(crate) struct IndexServer {
    server: Server,
    served: Arc<Mutex<Served>>,
    /// How many requests were reported before.
    reported: Mutex<usize>,
}

impl IndexServer {
    /// Serves these wheels. Its pages are valid for ten minutes.
    pub(crate) fn start(wheels: Vec<ModuleWheel>) -> Self {
        let served: Arc<Mutex<Served>> = Arc::default();
        served.lock().unwrap().files.extend(wheels.iter().map(|wheel| (wheel.file_name(), wheel.bytes())));
        let shared = Arc::clone(&served);
        let server = Server::start(move |request| shared.lock().unwrap().answer(&request.path));
        Self { server, served, reported: Mutex::new(0) }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url("/simple/")
    }

    /// The configuration with this index in its section `[buildout]`.
    pub(crate) fn configured(&self, configuration: &str) -> String {
        configuration.replacen("[buildout]\n", &format!("[buildout]\nindex = {}\n", self.url()), 1)
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
    pub(crate) fn add(&self, wheel: &ModuleWheel) {
        self.add_file(&wheel.file_name(), wheel.bytes());
    }

    /// Adds any file.
    pub(crate) fn add_file(&self, name: &str, content: Vec<u8>) {
        self.served.lock().unwrap().files.insert(name.to_owned(), content);
    }

    /// Answers requests for a path like this, from now on.
    pub(crate) fn answer_instead(&self, path: &str, answer: ScriptedAnswer) {
        self.served.lock().unwrap().instead.insert(path.to_owned(), answer);
    }

    /// Removes the files of a project, and all other answers.
    pub(crate) fn forget(&self, project: &str) {
        let mut served = self.served.lock().unwrap();
        served.files.retain(|name, _| key_of(name) != project);
        served.instead.clear();
    }

    /// Its pages must be requested again each time, from now on.
    pub(crate) fn changes(&self) {
        self.served.lock().unwrap().changes = true;
    }

    /// Adds an archive of sources.
    pub(crate) fn add_source(&self, name: &str, version: &str, files: &[(&str, &str)]) {
        let stem = format!("{name}-{version}");
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        let own = [("PKG-INFO", metadata.as_str()), ("name.txt", name)];
        let members: Vec<TarEntry> = files
            .iter()
            .chain(&own)
            .map(|(path, text)| TarEntry::file(format!("{stem}/{path}"), text.as_bytes()))
            .collect();
        self.add_file(&format!("{stem}.tar.gz"), gzip(&tar(&members)));
    }
}

/// The key of the project that a file belongs to.
fn key_of(name: &str) -> String {
    name.split('-').next().unwrap_or_default().to_lowercase().replace(['_', '.'], "-")
}

impl Served {
    fn answer(&self, path: &str) -> ScriptedAnswer {
        if let Some(answer) = self.instead.get(path) {
            return answer.clone();
        }
        if let Some(bytes) = path.strip_prefix("/files/").and_then(|name| self.files.get(name)) {
            return ScriptedAnswer::ok(bytes.clone());
        }
        let project = path.strip_prefix("/simple/").map(|path| path.trim_end_matches('/'));
        let links: String =
            self.files.keys().filter(|name| Some(&*key_of(name)) == project).map(|name| self.link(name)).collect();
        match links.is_empty() {
            true => ScriptedAnswer::status("404 Not Found"),
            false => page(&links).header("Cache-Control", if self.changes { "no-cache" } else { "max-age=600" }),
        }
    }

    fn link(&self, name: &str) -> String {
        let digest = Digest::of(&self.files[name]);
        // What the page says of a file follows from its version: `post399` is for Python 3.99 and later, `post404` is yanked.
        let wanted = if name.contains("post399") { " data-requires-python=\"&gt;=3.99\"" } else { "" };
        let yanked = if name.contains("post404") { " data-yanked=\"broken\"" } else { "" };
        format!("<a href=\"/files/{name}#sha256={digest}\"{wanted}{yanked}>{name}</a><br>\n")
    }
}

/// A page with these links. It does not say how long it is valid.
pub(crate) fn page(links: &str) -> ScriptedAnswer {
    let text = format!("<!DOCTYPE html>\n<html><body>\n{links}</body></html>\n");
    ScriptedAnswer::ok(text).header("Content-Type", "text/html")
}

/// A wheel with one module.
#[derive(Clone)]
pub(crate) struct ModuleWheel {
    name: String,
    version: String,
    metadata: String,
    scripts: String,
    entry_points: String,
    module: String,
    files: Vec<(String, String)>,
}

impl ModuleWheel {
    pub(crate) fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            metadata: format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
            scripts: String::new(),
            entry_points: String::new(),
            module: format!("version = '{version}'\n"),
            files: Vec::new(),
        }
    }

    pub(crate) fn requires(self, requirement: &str) -> Self {
        self.metadata(&format!("Requires-Dist: {requirement}"))
    }

    /// Adds a line of metadata.
    pub(crate) fn metadata(mut self, line: &str) -> Self {
        self.metadata += &format!("{line}\n");
        self
    }

    /// Adds a script: `name = module:function`.
    pub(crate) fn script(mut self, script: &str) -> Self {
        self.scripts += &format!("{script}\n");
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

    /// Adds a file.
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// The part of a file's name that is the project's.
    fn stem(&self) -> String {
        self.name.replace(['-', '.'], "_")
    }

    pub(crate) fn file_name(&self) -> String {
        format!("{}-{}-py3-none-any.whl", self.stem(), self.version)
    }

    /// The SHA-256 digest of the file.
    pub(crate) fn digest(&self) -> String {
        Digest::of(&self.bytes()).to_string()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        zip(&self.entries())
    }

    /// The entries of the archive.
    pub(crate) fn entries(&self) -> Vec<ZipEntry> {
        let info = format!("{}-{}.dist-info", self.stem(), self.version);
        let scripts = match self.scripts.as_str() {
            "" => String::new(),
            scripts => format!("[console_scripts]\n{scripts}"),
        };
        let mut files = vec![
            (format!("{}.py", self.stem()), self.module.clone()),
            (format!("{info}/METADATA"), self.metadata.clone()),
            (format!("{info}/WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned()),
            (format!("{info}/entry_points.txt"), scripts + &self.entry_points),
        ];
        files.extend(self.files.iter().cloned());
        let listed = files.iter().map(|(path, text)| format!("{path},sha256={},{}\n", encoded(text), text.len()));
        let record: String = listed.chain([format!("{info}/RECORD,,\n")]).collect();
        files.push((format!("{info}/RECORD"), record));
        files.iter().map(|(path, text)| ZipEntry::new(path, text.as_bytes())).collect()
    }
}

/// The SHA-256 digest as a RECORD has it.
fn encoded(text: &str) -> String {
    let digest = Digest::of(text.as_bytes()).to_string();
    let bytes: Vec<u8> =
        (0..digest.len()).step_by(2).map(|at| u8::from_str_radix(&digest[at..at + 2], 16).unwrap()).collect();
    URL_SAFE_NO_PAD.encode(bytes)
}
