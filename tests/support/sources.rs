//! Upstream sources, as `cargo xtask sources` brought them, served from loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::target_directory;

/// The directory of upstream sources, served over HTTP.
pub(crate) struct Sources {
    directory: PathBuf,
    address: String,
}

impl Sources {
    /// Serves what `cargo xtask sources` brought.
    pub(crate) fn serve() -> Self {
        let directory = target_directory().join("sources");
        assert!(directory.is_dir(), "no sources in {}: run `cargo xtask sources`", directory.display());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("its address"));
        let served = directory.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                std::thread::spawn(move || answer(stream, &served));
            }
        });
        Self { directory, address }
    }

    /// The upstream archive whose name begins so.
    fn archive(&self, begin: &str) -> PathBuf {
        let entries = std::fs::read_dir(&self.directory).expect("the sources");
        let mut names = entries.flatten().map(|entry| entry.path());
        let is_it = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with(&format!("{begin}_")) && name.contains(".orig.tar.") && !name.ends_with(".asc")
        };
        names.find(is_it).unwrap_or_else(|| panic!("no {begin} in {}", self.directory.display()))
    }

    /// The section that gives a part its source.
    pub(crate) fn section(&self, part: &str, source: &str) -> String {
        let archive = self.archive(source);
        let name = archive.file_name().expect("a file").to_string_lossy().into_owned();
        let sum = Command::new("md5sum").arg(&archive).output().expect("md5sum runs");
        let sum = String::from_utf8_lossy(&sum.stdout).split_whitespace().next().unwrap_or_default().to_owned();
        format!("[{part}]\nurl = {}/{name}\nmd5sum = {sum}\n", self.address)
    }
}

fn answer(mut stream: TcpStream, directory: &Path) {
    let mut request = BufReader::new(stream.try_clone().expect("the stream"));
    let mut line = String::new();
    let _ = request.read_line(&mut line);
    let mut header = String::new();
    while request.read_line(&mut header).is_ok_and(|read| read > 2) {
        header.clear();
    }
    let name = line.split(' ').nth(1).unwrap_or("/").rsplit('/').next().unwrap_or_default();
    let mut body = Vec::new();
    let found = std::fs::File::open(directory.join(name)).and_then(|mut file| file.read_to_end(&mut body));
    let status = if found.is_ok() { "200 OK" } else { "404 Not Found" };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}
