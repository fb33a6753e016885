//! Where the project is, where Cargo builds it, and how other programs are started in it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

/// Why a command ended early.
#[derive(Debug)]
pub struct CommandFailure {
    /// What to say.
    pub message: String,
    /// The exit code.
    pub code: u8,
}

impl CommandFailure {
    /// Something went wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// Prints what went wrong; gives the exit code.
    #[allow(clippy::print_stderr, reason = "for the programs that end with it")]
    pub fn report(self) -> ExitCode {
        eprintln!("{}", self.message);
        ExitCode::from(self.code)
    }

    /// The command line was wrong.
    pub fn usage(message: &str) -> Self {
        Self { message: message.to_owned(), code: 2 }
    }
}

/// The project's directories.
#[derive(Debug)]
pub struct Workspace {
    /// The directory of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target directory.
    pub target: PathBuf,
}

impl Workspace {
    /// Finds the directories: the root is where this program was compiled from, the target directory is the one that it
    /// lies in, whichever setting of Cargo's chose it.
    pub fn find() -> Result<Self, CommandFailure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned);
        let program = std::env::current_exe().and_then(|program| program.canonicalize());
        let program = program.map_err(|error| CommandFailure::new(format!("Cannot find this program: {error}")))?;
        let target = program.ancestors().nth(2).map(Path::to_owned);
        match (root, target) {
            (Some(root), Some(target)) => Ok(Self { root, target }),
            _ => Err(CommandFailure::new("Cannot find the workspace. Start this program with: cargo xtask")),
        }
    }

    /// The packages whose manifests lie in the directories below `directory`, sorted.
    pub(crate) fn packages_in(&self, directory: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(directory)) else { return Vec::new() };
        let manifests = entries.flatten().map(|entry| entry.path().join("Cargo.toml"));
        let mut names: Vec<_> =
            manifests.filter_map(|manifest| package_name(&fs::read_to_string(manifest).ok()?)).collect();
        names.sort();
        names
    }

    /// A file that Cargo built in the release profile.
    pub fn release(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }

    /// Cargo, in the workspace's root.
    pub fn cargo<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target).args(arguments);
        // What the outer Cargo says of this program: build scripts that ask for it (ring's does) would take each change
        // between `cargo` and `cargo xtask` for a reason to build all again.
        let of_this_program = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(of_this_program) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Another program, in the workspace's root.
    pub fn program<S: AsRef<OsStr>>(&self, name: &str, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(name);
        command.current_dir(&self.root).args(arguments);
        command
    }
}

/// Runs the command to its end; anything but exit code 0 is a failure.
pub fn run(command: &mut Command) -> Result<(), CommandFailure> {
    let status = command.status().map_err(|error| start_failure(command, &error))?;
    if status.success() { Ok(()) } else { Err(CommandFailure::new(format!("Failed ({status}): {}", line(command)))) }
}

/// Runs the command to its end and takes what it wrote, whether it succeeded or not.
pub fn output(command: &mut Command) -> Result<Output, CommandFailure> {
    command.output().map_err(|error| start_failure(command, &error))
}

/// Why the command could not be started.
pub fn start_failure(command: &Command, error: &io::Error) -> CommandFailure {
    CommandFailure::new(format!("Cannot start {}: {error}", line(command)))
}

/// The name that a manifest gives to its package: its first `name`.
fn package_name(manifest: &str) -> Option<String> {
    let value = manifest.lines().find_map(|line| line.strip_prefix("name = "))?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// The command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::package_name;

    #[test]
    fn the_package_is_named_by_the_first_name_of_the_manifest() {
        let manifest = "[package]\nname = \"guest-loop\"\n\n[[bin]]\nname = \"other\"\n";
        assert_eq!(package_name(manifest).as_deref(), Some("guest-loop"));
        assert_eq!(package_name("[workspace]\n"), None);
    }
}
