//! Runs a command: starts a shim, sends its order, forwards output, and waits for its end.

use std::ffi::OsString;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Child;

use super::command::{CommandOutcome, CommandStream, NativeCommand};
use super::error::ConfineError;
use super::layout::{FileSystemLayout, layout};
use super::message::{self, MOST_DESCRIPTORS, Notice, StartOrder, first_notice};
use super::pipes::pipes;
use super::policy::{CommandPolicy, ConfinementLevel};
use super::pump::{EndCause, Pump};
use super::spawner::Spawner;
use base::interrupt::Interrupt;

/// Where programs are searched if the environment has no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// Starts native commands. One for the process, shared by threads.
#[derive(Debug)]
pub struct Runner {
    spawner: Spawner,
}

impl Runner {
    /// A runner that executes this program again as shim. The program must call [`super::shim::main`] before anything
    /// else.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new() -> Result<Self, ConfineError> {
        Self::with_shim(PathBuf::from("/proc/self/exe"))
    }

    /// A runner whose shim is another program (for tests, which are separate programs).
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn with_shim(program: PathBuf) -> Result<Self, ConfineError> {
        let spawner = Spawner::new(program).map_err(ConfineError::host("start a thread"))?;
        Ok(Self { spawner })
    }

    /// Runs a command until it ends, and calls `on_output` with its output as it arrives. When this returns, no process
    /// that the command started is alive.
    ///
    /// # Errors
    /// When the command could not be started. A failed command is an [`CommandOutcome`].
    pub fn run(
        &self,
        command: &NativeCommand,
        policy: &CommandPolicy,
        on_output: &mut dyn FnMut(CommandStream, &[u8]),
        interrupt: &Interrupt,
    ) -> Result<CommandOutcome, ConfineError> {
        check(command)?;
        if interrupt.signal().is_some() {
            return Ok(CommandOutcome::Interrupted);
        }
        let mut layout = layout(policy)?;
        let temporary = private_temporary(policy.level, &mut layout)?;
        let order = order(command, policy, layout, temporary.as_ref().map(tempfile::TempDir::path));
        let (pipes, ends) = pipes(command).map_err(ConfineError::host("create pipes"))?;
        let mut keeper = self.start(&ends.stderr)?;
        let kept = command.keep.iter().map(|(descriptor, _)| descriptor.as_fd());
        let stderr = if command.merges_stderr { &ends.stdout } else { &ends.stderr };
        let descriptors: Vec<BorrowedFd<'_>> =
            [ends.stdin.as_fd(), ends.stdout.as_fd(), stderr.as_fd()].into_iter().chain(kept).collect();
        let sent = message::send(&keeper.socket, &order, &descriptors);
        drop(descriptors);
        drop(ends);
        // If the shim did not finish its order, it died; the reason is on its standard error.
        let mut pump = Pump::new(&keeper.socket, pipes, command, policy, interrupt);
        let ended = pump.run(on_output).map_err(ConfineError::host("read from a command"))?;
        let notices = pump.notices;
        keeper.wait();
        sent.map_err(ConfineError::host("send the command to the shim"))?;
        outcome(ended, &notices, &order)
    }

    fn start(&self, stderr: &OwnedFd) -> Result<Keeper, ConfineError> {
        let start = || {
            let (socket, other) = UnixStream::pair()?;
            let child = self.spawner.spawn(other.into(), stderr.try_clone()?)?;
            Ok(Keeper { child, socket })
        };
        start().map_err(ConfineError::host("start the shim"))
    }
}

/// The shim. Dropping it kills everything that it keeps.
struct Keeper {
    child: Child,
    socket: UnixStream,
}

impl Keeper {
    fn wait(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Both);
        // Fails only if another thread took its status; it has ended in any case.
        let _ = self.child.wait();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.wait();
    }
}

/// At partial, the machine's `/tmp` is not accessible, and no other one can be mounted over it.
fn private_temporary(
    level: ConfinementLevel,
    layout: &mut FileSystemLayout,
) -> Result<Option<tempfile::TempDir>, ConfineError> {
    if level != ConfinementLevel::Partial {
        return Ok(None);
    }
    let make = || {
        let directory = tempfile::tempdir()?;
        let real = directory.path().canonicalize()?;
        Ok((directory, real))
    };
    let (directory, real) = make().map_err(ConfineError::host("create a temporary directory"))?;
    layout.add_writable_directory(&real);
    Ok(Some(directory))
}

fn order(
    command: &NativeCommand,
    policy: &CommandPolicy,
    layout: FileSystemLayout,
    temporary: Option<&Path>,
) -> StartOrder {
    let mut environment = command.environment.clone();
    if let Some(directory) = temporary {
        environment.entry("TMPDIR".into()).or_insert_with(|| directory.into());
    }
    let path: Vec<OsString> = search_path(environment.get(&OsString::from("PATH")));
    // Also if it was missing: a shell would find programs without it, but make would not.
    environment.insert("PATH".into(), path.join(":".as_ref()));
    // All entries are below `/`, the working directory of this search. No command can write there.
    let root = Path::new("/");
    let in_directory = |entry: &OsString| command.directory != root && Path::new(entry).starts_with(&command.directory);
    StartOrder {
        host: std::process::id().cast_signed(),
        level: policy.level,
        network: policy.network,
        limits: policy.limits.clone(),
        layout,
        program: command.program.clone(),
        path: path.into_iter().filter(|entry| !in_directory(entry)).collect(),
        arguments: command.arguments.clone(),
        environment: environment.into_iter().collect(),
        directory: command.directory.clone().into(),
        keep: command.keep.iter().map(|(_, number)| *number).collect(),
    }
}

/// The usable entries of `PATH`: empty or relative ones would find programs in the working directory.
fn search_path(path: Option<&OsString>) -> Vec<OsString> {
    let path = path.cloned().unwrap_or_else(|| DEFAULT_PATH.into());
    let entries = std::env::split_paths(&path).filter(|entry| entry.is_absolute());
    entries.map(PathBuf::into_os_string).collect()
}

/// Refuses values that cannot be passed to a system call.
fn check(command: &NativeCommand) -> Result<(), ConfineError> {
    let malformed = |what: String| Err(ConfineError::Malformed(what));
    let names = command.environment.keys();
    if let Some(name) = names.clone().find(|name| name.is_empty() || name.as_bytes().contains(&b'=')) {
        return malformed(format!("{name:?} cannot be the name of a variable"));
    }
    let mut texts = names.chain(command.environment.values()).chain(&command.arguments).chain([&command.program]);
    if let Some(text) = texts.find(|text| text.as_bytes().contains(&0)) {
        return malformed(format!("{text:?} contains a NUL"));
    }
    if command.program.is_empty() {
        return malformed("no program is named".into());
    }
    if !command.directory.is_absolute() {
        return malformed(format!("the working directory {:?} is not absolute", command.directory));
    }
    let numbers: Vec<RawFd> = command.keep.iter().map(|(_, number)| *number).collect();
    let distinct = numbers.iter().enumerate().all(|(index, number)| !numbers[..index].contains(number));
    if numbers.len() + 3 > MOST_DESCRIPTORS || !distinct || numbers.iter().any(|number| !(3..512).contains(number)) {
        return malformed(format!("the descriptors {numbers:?} cannot be kept"));
    }
    Ok(())
}

/// Interprets the end of the shim.
fn outcome(ended: EndCause, notices: &[u8], order: &StartOrder) -> Result<CommandOutcome, ConfineError> {
    match ended {
        EndCause::TimedOut => return Ok(CommandOutcome::TimedOut),
        EndCause::Interrupted => return Ok(CommandOutcome::Interrupted),
        EndCause::DiskFull => return Ok(CommandOutcome::DiskFull),
        EndCause::Itself => {}
    }
    let system = io::Error::from_raw_os_error;
    match first_notice(notices) {
        Some(Notice::Exited(code)) => Ok(CommandOutcome::Exited(code)),
        Some(Notice::Signalled(signal)) => Ok(CommandOutcome::Signalled(signal)),
        Some(Notice::NotFound) => {
            Err(ConfineError::NotFound { program: order.program.clone(), looked: order.path.clone() })
        }
        Some(Notice::Start(errno)) => Err(ConfineError::Start { program: order.program.clone(), cause: system(errno) }),
        Some(Notice::Directory(errno)) => {
            Err(ConfineError::Path { path: order.directory.clone().into(), cause: system(errno) })
        }
        Some(Notice::Missing { layer, what, errno }) => {
            Err(ConfineError::Missing { layer, what, cause: system(errno) })
        }
        // Its keeper was killed: by the kernel, short of memory, or by a user. Everything that it kept died with it.
        None => Ok(CommandOutcome::Signalled(rustix::process::Signal::KILL.as_raw())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn only_absolute_entries_of_path_count() {
        let t = |path: &str, expected: &[&str]| assert_eq!(search_path(Some(&path.into())), expected);
        t("/usr/bin:/bin", &["/usr/bin", "/bin"]);
        t(":/bin:.:bin:../x:", &["/bin"]);
        t("", &[]);
        assert!(search_path(None).contains(&"/usr/bin".into()));
    }

    #[test]
    fn what_no_system_call_takes_is_refused() {
        let good = || NativeCommand { program: "true".into(), directory: "/".into(), ..NativeCommand::default() };
        assert!(check(&good()).is_ok());
        let t = |change: &dyn Fn(&mut NativeCommand)| {
            let mut command = good();
            change(&mut command);
            check(&command).unwrap_err().to_string()
        };
        assert!(t(&|command| command.arguments.push("a\0b".into())).contains("NUL"));
        assert!(t(&|command| drop(command.environment.insert("A=B".into(), "".into()))).contains("variable"));
        assert!(t(&|command| command.program.clear()).contains("no program"));
        assert!(t(&|command| command.directory = "x".into()).contains("not absolute"));
        assert!(t(&|command| command.keep.push((File::open("/dev/null").unwrap().into(), 1))).contains("[1]"));
    }
}
