//! Upstream sources, as `cargo xtask sources` brought them, served from loopback.

use std::path::PathBuf;
use std::process::Command;

use crate::http::Server;
use crate::paths::target_directory;

/// The directory of upstream sources, served over HTTP.
#[derive(Debug)]
pub struct UpstreamSources {
    directory: PathBuf,
    server: Server,
}

impl UpstreamSources {
    /// Serves what `cargo xtask sources` brought.
    pub fn serve() -> Self {
        let directory = target_directory().join("sources");
        assert!(directory.is_dir(), "no sources in {}: run `cargo xtask sources`", directory.display());
        Self { server: Server::directory(directory.clone()), directory }
    }

    /// The upstream archive of a source package.
    fn archive(&self, package: &str) -> PathBuf {
        let entries = std::fs::read_dir(&self.directory).expect("the sources");
        let mut paths = entries.flatten().map(|entry| entry.path());
        let is_it = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with(&format!("{package}_")) && name.contains(".orig.tar.") && !name.ends_with(".asc")
        };
        paths.find(is_it).unwrap_or_else(|| panic!("no {package} in {}", self.directory.display()))
    }

    /// The section that gives a part its source.
    pub fn section(&self, part: &str, package: &str) -> String {
        let archive = self.archive(package);
        let name = archive.file_name().expect("a file").to_string_lossy().into_owned();
        let sum = Command::new("md5sum").arg(&archive).output().expect("md5sum runs");
        let sum = String::from_utf8_lossy(&sum.stdout).split_whitespace().next().unwrap_or_default().to_owned();
        format!("[{part}]\nurl = {}\nmd5sum = {sum}\n", self.server.url(&format!("/{name}")))
    }
}
