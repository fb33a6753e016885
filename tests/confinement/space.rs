//! Where commands under test run: directories that may be written, read, and neither; a process, sockets and a terminal
//! that are none of their business.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;

use base::interrupt::Interrupt;
use base::shell::quoted;
use base::source::Explain as _;
use confine::{CommandOutcome, CommandPolicy, CommandStream, ConfineError, ConfinementLevel, NativeCommand, Runner};

use super::probe::{self, SharedObjects, Surroundings};

/// The argument after which this program is a command under test.
pub(crate) const AS_COMMAND: &str = "as-command";

/// Set where the tests run as another user: the directory with a copy of this program, which that user can reach.
const COPY: &str = "CONFINEMENT_COPY";

pub(crate) struct ConfinementSpace {
    root: Root,
    victim: OnceLock<Victim>,
}

enum Root {
    Own(tempfile::TempDir),
    Given(PathBuf),
}

struct Victim {
    process: Child,
    port: u16,
    _listeners: (TcpListener, [UnixListener; 2], UnixDatagram, UnixListener),
    _objects: SharedObjects,
}

impl ConfinementSpace {
    /// Not below `/tmp`, where a private one would hide everything anyway (but for the other user, who has no other place).
    pub(crate) fn new() -> Self {
        let base = copy().unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")));
        let root = tempfile::tempdir_in(base).unwrap();
        let space = Self { root: Root::Own(root), victim: OnceLock::new() };
        for directory in ["work", "readable", "outside", "home"] {
            fs::create_dir(space.root().join(directory)).unwrap();
        }
        fs::write(space.root().join("readable/file"), "content").unwrap();
        fs::write(space.outside().join("secret"), "secret").unwrap();
        space
    }

    pub(crate) fn root(&self) -> PathBuf {
        match &self.root {
            Root::Own(directory) => directory.path().canonicalize().unwrap(),
            Root::Given(directory) => directory.clone(),
        }
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    pub(crate) fn outside(&self) -> PathBuf {
        self.root().join("outside")
    }

    pub(crate) fn target(&self) -> Surroundings {
        let victim = self.victim.get_or_init(|| Victim::new(&self.root()));
        let root = self.root();
        Surroundings {
            work: self.work(),
            readable: root.join("readable"),
            outside: self.outside(),
            victim: victim.process.id().cast_signed(),
            port: victim.port,
        }
    }

    /// One end of a terminal.
    pub(crate) fn terminal(&self) -> OwnedFd {
        probe::terminal().unwrap()
    }

    pub(crate) fn policy(&self, level: ConfinementLevel) -> CommandPolicy {
        let program = std::env::current_exe().unwrap();
        CommandPolicy {
            read: vec![self.root().join("readable"), program],
            write: vec![self.work()],
            level,
            ..CommandPolicy::default()
        }
    }

    /// This program as a command.
    pub(crate) fn command(&self, what: &str, arguments: &[&str]) -> NativeCommand {
        let mut command =
            NativeCommand { program: own_path().into(), directory: self.work(), ..NativeCommand::default() };
        command.arguments = [AS_COMMAND, what].iter().chain(arguments).map(Into::into).collect();
        if let Some(copy) = copy() {
            command.environment.insert(COPY.into(), copy.into());
        }
        command
    }

    pub(crate) fn shell(&self, script: &str) -> NativeCommand {
        let mut command = NativeCommand { program: "sh".into(), directory: self.work(), ..NativeCommand::default() };
        command.arguments = vec!["-c".into(), script.into()];
        if let Some(copy) = copy() {
            command.environment.insert(COPY.into(), copy.into());
        }
        command
    }

    /// A shell script in which `daemon` starts one that locks `lock`.
    pub(crate) fn daemon(&self, script: &str) -> NativeCommand {
        let lock = self.work().join("lock");
        self.shell(&format!(
            "daemon() {{ {} {AS_COMMAND} daemon {}; }}\n{script}",
            quoted(&own_path()),
            quoted(&lock.display().to_string())
        ))
    }

    pub(crate) fn runner() -> Runner {
        Runner::with_shim(std::env::current_exe().unwrap()).unwrap()
    }

    /// Runs; gives the outcome and what was printed, both streams as they came.
    pub(crate) fn run(&self, command: &NativeCommand, level: ConfinementLevel) -> (CommandOutcome, String) {
        let mut output = String::new();
        let mut take = |_: CommandStream, bytes: &[u8]| output.push_str(&String::from_utf8_lossy(bytes));
        let outcome = self.run_with(command, &self.policy(level), &mut take);
        (outcome.unwrap_or_else(|error| panic!("{error} {:?}", error.hints())), output)
    }

    pub(crate) fn run_with(
        &self,
        command: &NativeCommand,
        policy: &CommandPolicy,
        take: &mut dyn FnMut(CommandStream, &[u8]),
    ) -> Result<CommandOutcome, ConfineError> {
        Self::runner().run(command, policy, take, &Interrupt::new().unwrap())
    }
}

impl Victim {
    fn new(root: &Path) -> Self {
        let process = std::process::Command::new("sleep")
            .arg("1000")
            .env("CONFINEMENT_SECRET", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let sockets = ["outside", "readable"].map(|place| UnixListener::bind(root.join(place).join("socket")).unwrap());
        let datagrams = UnixDatagram::bind(root.join("readable/datagrams")).unwrap();
        let name = format!("confinement-{port}");
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
        let nameless = UnixListener::bind_addr(&address).unwrap();
        let objects = SharedObjects::new(port);
        Self { process, port, _listeners: (tcp, sockets, datagrams, nameless), _objects: objects }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn copy() -> Option<PathBuf> {
    std::env::var_os(COPY).map(PathBuf::from)
}

pub(crate) fn own_path() -> String {
    std::env::current_exe().unwrap().to_str().unwrap().to_owned()
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether no process holds the lock.
pub(crate) fn is_free(lock: &Path) -> bool {
    fs::File::open(lock).is_ok_and(|file| file.try_lock().is_ok())
}

/// Another host, which is killed while its command runs; or fails, and exits with 4.
pub(crate) fn host_that_is_killed(root: &Path, level: ConfinementLevel) {
    let space = ConfinementSpace { root: Root::Given(root.to_owned()), victim: OnceLock::new() };
    let lock = space.work().join("lock");
    let command = space.command("daemon-and-wait", &[lock.to_str().unwrap()]);
    if let Err(error) = space.run_with(&command, &space.policy(level), &mut |_, _| {}) {
        println!("{error}\n{}", error.hints().join("\n"));
        println!("{:?}", error.remedies());
        std::process::exit(4);
    }
}

/// Runs a command that may write to the directory that is `/etc/ssl` here.
pub(crate) fn host_that_grants_settings(root: &Path) {
    let space = ConfinementSpace { root: Root::Given(root.to_owned()), victim: OnceLock::new() };
    let policy = space.policy(ConfinementLevel::Full);
    let policy = CommandPolicy { write: vec![space.work(), "/etc/ssl".into()], ..policy };
    let mut output = String::new();
    let mut take = |_: CommandStream, bytes: &[u8]| output.push_str(&String::from_utf8_lossy(bytes));
    let outcome = space.run_with(&space.shell("touch /etc/ssl/made"), &policy, &mut take);
    assert!(matches!(outcome, Ok(CommandOutcome::Exited(0))), "{outcome:?} {output}");
}

/// Runs this program's other tests again as the user `nobody`, with a copy of the program.
pub(crate) fn all_again_as_an_ordinary_user() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("confinement");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::chown(directory.path(), Some(65534), Some(65534)).unwrap();
    let output = std::process::Command::new(program)
        .uid(65534)
        .gid(65534)
        .current_dir(directory.path())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env(COPY, directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("test full::26_read_outside"), "{text}");
}
