//! Wheels and source distributions made by the tests: valid ones, and ones that no tool would make.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;

/// Starts a program that was just written. While it was written, another thread of the tests may have forked, and its
/// child has the file open for a moment: the kernel then reports it as busy.
pub(crate) fn start(program: &Path, arguments: &[&str]) -> std::process::Output {
    loop {
        match std::process::Command::new(program).args(arguments).output() {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            other => return other.unwrap(),
        }
    }
}

/// A wheel while it is made.
#[derive(Clone)]
pub(crate) struct TestWheel {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) tag: String,
    pub(crate) metadata: String,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) links: Vec<(String, String)>,
    pub(crate) unlisted: Vec<(String, Vec<u8>)>,
    pub(crate) record: Option<String>,
    pub(crate) executable: Vec<String>,
}

impl TestWheel {
    /// A valid wheel with one module.
    pub(crate) fn new(name: &str, version: &str) -> Self {
        let module = name.replace(['-', '.'], "_");
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            tag: "py3-none-any".to_owned(),
            metadata: format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
            files: vec![(format!("{module}.py"), format!("version = '{version}'\n").into_bytes())],
            links: Vec::new(),
            unlisted: Vec::new(),
            record: None,
            executable: Vec::new(),
        }
    }

    pub(crate) fn requires(mut self, requirement: &str) -> Self {
        self.metadata += &format!("Requires-Dist: {requirement}\n");
        self
    }

    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.as_bytes().to_vec()));
        self
    }

    /// The part of the file name before the version.
    fn stem(&self) -> String {
        format!("{}-{}", self.name.replace(['-', '.'], "_"), self.version)
    }

    pub(crate) fn info(&self) -> String {
        format!("{}.dist-info", self.stem())
    }

    pub(crate) fn file_name(&self) -> String {
        format!("{}-{}.whl", self.stem(), self.tag)
    }

    fn all_files(&self) -> Vec<(String, Vec<u8>)> {
        let info = self.info();
        let mut files = self.files.clone();
        files.push((format!("{info}/METADATA"), self.metadata.clone().into_bytes()));
        files.push((
            format!("{info}/WHEEL"),
            format!("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {}\n", self.tag).into_bytes(),
        ));
        files
    }

    /// The contents of a valid RECORD.
    pub(crate) fn record_text(&self) -> String {
        let mut text: String = self
            .all_files()
            .iter()
            .map(|(path, bytes)| {
                format!("{path},sha256={},{}\n", URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)), bytes.len())
            })
            .collect();
        text += &format!("{}/RECORD,,\n", self.info());
        text
    }

    /// The bytes of the wheel.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let record = self.record.clone().unwrap_or_else(|| self.record_text());
        let mut files = self.all_files();
        files.extend(self.unlisted.iter().cloned());
        files.push((format!("{}/RECORD", self.info()), record.into_bytes()));
        for (path, bytes) in &files {
            let mode = if self.executable.contains(path) { 0o755 } else { 0o644 };
            archive.start_file(path.as_str(), SimpleFileOptions::default().unix_permissions(mode)).unwrap();
            archive.write_all(bytes).unwrap();
        }
        for (path, target) in &self.links {
            archive.add_symlink(path.as_str(), target.as_str(), SimpleFileOptions::default()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    /// Writes the wheel into a directory.
    pub(crate) fn write(&self, directory: &Path) -> PathBuf {
        let path = directory.join(self.file_name());
        std::fs::write(&path, self.bytes()).unwrap();
        path
    }
}

/// A source distribution with these files below `NAME-VERSION`.
pub(crate) fn source(directory: &Path, name: &str, version: &str, files: &[(&str, &str)]) -> PathBuf {
    let stem = format!("{name}-{version}");
    let path = directory.join(format!("{stem}.tar.gz"));
    let encoder = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(encoder);
    let info = format!("Metadata-Version: 1.0\nName: {name}\nVersion: {version}\n");
    for (file, text) in files.iter().copied().chain([("PKG-INFO", info.as_str())]) {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_600_000_000);
        archive.append_data(&mut header, format!("{stem}/{file}"), text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap();
    path
}
