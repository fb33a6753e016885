//! A real registry, Debian's `docker-registry`, on the loopback interface, for the time of one test.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The user of a registry with a password, and the password.
pub const USER: (&str, &str) = ("acme", "s3cret");

/// bcrypt of the password, as `htpasswd -B` makes it.
const HASH: &str = "$2b$04$1GV3lEcfF561x1VRnBaWg.2U6e0PynkSgnR2nksgwiGHyCMFsYOm.";

/// A running registry, which ends with this value.
#[derive(Debug)]
pub struct Registry {
    process: Child,
    _directory: tempfile::TempDir,
    host: String,
}

impl Registry {
    /// One that anybody may read and write.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// One that only [`USER`] may read and write.
    pub fn start_with_password() -> Self {
        Self::start_with("auth: {htpasswd: {realm: test, path: [DIRECTORY]/htpasswd}}\n")
    }

    /// One that expects TLS. Its certificate is the file `certificate.pem` in `directory`.
    pub fn start_with_tls(directory: &Path) -> Self {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "certificate.pem"])
            .current_dir(directory)
            .output()
            .expect("openssl starts (.ci/run installs it)");
        assert!(made.status.success(), "{made:?}");
        let at = directory.display();
        Self::start_with_http("", &format!(", tls: {{certificate: '{at}/certificate.pem', key: '{at}/key.pem'}}"))
    }

    fn start_with(more: &str) -> Self {
        Self::start_with_http(more, "")
    }

    fn start_with_http(more: &str, http: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("htpasswd"), format!("{}:{HASH}\n", USER.0)).expect("a password file");
        let configuration = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: [DIRECTORY]/data}}}}\n\
             http: {{addr: '127.0.0.1:0'{http}}}\n{more}"
        );
        let path = directory.path().join("configuration.yml");
        std::fs::write(&path, configuration.replace("[DIRECTORY]", &directory.path().display().to_string()))
            .expect("a configuration");
        let mut process = Command::new("docker-registry")
            .arg("serve")
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker-registry starts (Debian's package docker-registry; .ci/run installs it)");
        let mut lines = BufReader::new(process.stderr.take().expect("a pipe")).lines();
        let host = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("listening on ")?.1.split(['"', ',']).next()?.to_owned()))
            .expect("docker-registry says where it listens");
        // Its log must be read to the end, or it stops at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, _directory: directory, host }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Ends it.
    pub fn stop(self) {}

    /// Writes a Docker configuration that has [`USER`] for this registry into `directory`.
    pub fn log_in(&self, directory: &Path) {
        log_in(&self.host, directory);
    }
}

/// Writes a Docker configuration that has [`USER`] for that registry into `directory`.
pub fn log_in(host: &str, directory: &Path) {
    use base64::Engine as _;
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", USER.0, USER.1));
    std::fs::create_dir_all(directory).expect("the directory of Docker's configuration");
    let text = format!("{{\"auths\": {{\"{host}\": {{\"auth\": \"{auth}\"}}}}}}");
    std::fs::write(directory.join("config.json"), text).expect("Docker's configuration");
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
