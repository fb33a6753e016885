//! Starts native commands.
//!
//! ```no_run
//! use buildout_recipe::{Command, Error, Runner};
//!
//! # fn install() -> Result<(), Error> {
//! let runner = Runner::open(&["make"])?;
//! Command::new("make").arg("install").directory(runner.build_directory()).run(&runner)?.check()?;
//! # Ok(())
//! # }
//! ```
//!
//! A recipe needs the grant `run` for each program ([`Description::grant_run`](crate::Description::grant_run)). The operating
//! system confines commands. They have no network.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::bindings::buildout::recipe::process as wit;
use crate::error::Error;

#[cfg(not(target_arch = "wasm32"))]
use crate::testing::native::commands as lent;
#[cfg(target_arch = "wasm32")]
use wit as lent;

/// Starts commands, during one call of the recipe. In `init`, they may write only to the part's temporary directory.
#[derive(Debug)]
pub struct Runner(lent::Runner);

impl Runner {
    /// A runner for these programs: names, absolute paths, or `*` for all.
    ///
    /// # Errors
    /// If one of them is not granted.
    pub fn open<P: AsRef<str>>(programs: &[P]) -> Result<Self, ProcessError> {
        let programs: Vec<String> = programs.iter().map(|program| program.as_ref().to_owned()).collect();
        Ok(Self(lent::open(&programs)?))
    }

    /// The environment of each command, by name. It contains only the granted variables of the user's environment.
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.0.environment().into_iter().collect()
    }

    /// The absolute path of the part's build directory. The recipe creates and removes it.
    pub fn build_directory(&self) -> String {
        self.0.build_directory()
    }

    /// The number of processors that the part may use. `make` needs no `-j`, because `MAKEFLAGS` contains the host's
    /// jobserver.
    pub fn jobs(&self) -> u32 {
        self.0.jobs()
    }
}

/// As [`Runner::environment`], without a runner.
pub fn environment() -> BTreeMap<String, String> {
    lent::environment().into_iter().collect()
}

/// The path of the program with this name in `directories`, or in the `PATH` of [`environment`]. None if there is no such
/// program where commands or the recipe may look.
pub fn find_program<D: AsRef<str>>(name: &str, directories: Option<&[D]>) -> Option<String> {
    let directories: Option<Vec<String>> =
        directories.map(|all| all.iter().map(|directory| directory.as_ref().to_owned()).collect());
    lent::find(name, directories.as_deref())
}

/// A command to run.
#[derive(Debug, Clone)]
#[must_use]
pub struct Command(wit::Command);

impl Command {
    /// The program: a name, which is searched in the `PATH` of the command's environment, or an absolute path. By default, it
    /// runs in `/` and its output is logged.
    pub fn new(program: impl Into<String>) -> Self {
        Self(wit::Command {
            program: program.into(),
            arguments: Vec::new(),
            directory: "/".to_owned(),
            environment: Vec::new(),
            only_environment: false,
            standard_input: wit::Input::Empty,
            deadline: None,
            standard_output: wit::Output::Log,
            standard_error: wit::Output::Log,
        })
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.0.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn args<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.0.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The working directory, absolute.
    pub fn directory(mut self, directory: impl Into<String>) -> Self {
        self.0.directory = directory.into();
        self
    }

    /// Sets a variable, in addition to or instead of those of [`Runner::environment`].
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.environment.push((name.into(), value.into()));
        self
    }

    /// Sets variables, in addition to or instead of those of [`Runner::environment`].
    pub fn environment<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.0.environment.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The standard input of the command. The default is empty.
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.0.standard_input = wit::Input::Bytes(input.into());
        self
    }

    /// The standard input of the command is the content of this file, an absolute path.
    pub fn input_file(mut self, path: impl Into<String>) -> Self {
        self.0.standard_input = wit::Input::File(path.into());
        self
    }

    /// The command gets only the variables that are set here, without those of [`Runner::environment`].
    pub fn only_environment(mut self) -> Self {
        self.0.only_environment = true;
        self
    }

    /// Kills the command after this much time.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.0.deadline = Some(u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Shows the output of the command immediately, instead of only logging it.
    pub fn show(mut self) -> Self {
        self.0.standard_output = wit::Output::Show;
        self.0.standard_error = wit::Output::Show;
        self
    }

    /// Returns the standard output of the command in [`Outcome::captured`].
    pub fn capture(mut self) -> Self {
        self.0.standard_output = wit::Output::Capture;
        self
    }

    /// Returns the standard error of the command in [`Outcome::captured_error`].
    pub fn capture_error(mut self) -> Self {
        self.0.standard_error = wit::Output::Capture;
        self
    }

    /// Merges the standard error of the command with its standard output.
    pub fn merge_error(mut self) -> Self {
        self.0.standard_error = wit::Output::AsOutput;
        self
    }

    /// Writes the standard output of the command to a file, an absolute path. An existing file is replaced.
    pub fn output_file(mut self, path: impl Into<String>) -> Self {
        self.0.standard_output = wit::Output::File(wit::OutputFile { path: path.into(), append: false });
        self
    }

    /// Appends the standard output of the command to a file, an absolute path.
    pub fn append_output(mut self, path: impl Into<String>) -> Self {
        self.0.standard_output = wit::Output::File(wit::OutputFile { path: path.into(), append: true });
        self
    }

    /// Discards the standard output of the command.
    pub fn discard(mut self) -> Self {
        self.0.standard_output = wit::Output::Discard;
        self
    }

    /// Runs the command and waits for it. A failure of the command is an outcome, not an error; see [`Outcome::check`].
    ///
    /// # Errors
    /// If the command cannot be started.
    pub fn run(self, runner: &Runner) -> Result<Outcome, ProcessError> {
        let outcome = runner.0.run(&self.0)?;
        let ending = match outcome.ending {
            wit::Ending::Exited(status) => Ending::Exited(status),
            wit::Ending::Signalled(signal) => Ending::Signalled(signal),
            wit::Ending::TimedOut => Ending::TimedOut,
        };
        let (captured, captured_error) = (outcome.captured, outcome.captured_error);
        Ok(Outcome { program: self.0.program, ending, captured, captured_error })
    }
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this status; 0 is success.
    Exited(i32),
    /// It was killed by this signal.
    Signalled(i32),
    /// It was killed at its deadline.
    TimedOut,
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(formatter, "exited with status {status}"),
            Self::Signalled(signal) => write!(formatter, "was killed by signal {signal}"),
            Self::TimedOut => formatter.write_str("exceeded its deadline"),
        }
    }
}

/// The outcome of a command.
#[derive(Debug, Clone)]
#[must_use]
pub struct Outcome {
    program: String,
    /// How it ended.
    pub ending: Ending,
    /// Its standard output, if captured.
    pub captured: Vec<u8>,
    /// Its standard error, if captured.
    pub captured_error: Vec<u8>,
}

impl Outcome {
    /// Whether it exited with status 0.
    pub fn success(&self) -> bool {
        self.ending == Ending::Exited(0)
    }

    /// The captured output of a successful command.
    ///
    /// # Errors
    /// If the command failed. The error contains how it ended.
    pub fn check(self) -> Result<Vec<u8>, Error> {
        if self.success() { Ok(self.captured) } else { Err(Error::user(format!("{} {}", self.program, self.ending))) }
    }
}

/// An error when starting a command. `?` converts it to an [`Error`].
#[derive(Debug, Clone)]
pub struct ProcessError {
    reason: ProcessReason,
    message: String,
}

/// Why a command could not be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProcessReason {
    /// It is not granted.
    NotGranted,
    /// The program does not exist.
    NotFound,
    /// The file exists, but is not an executable program.
    NotExecutable,
    /// The directory, an argument or a variable is invalid, or no part is being made.
    Invalid,
    /// A limit of the host was exceeded.
    Limit,
    /// A reason that this version of the crate does not know.
    Other,
}

impl ProcessError {
    /// The reason.
    pub fn reason(&self) -> ProcessReason {
        self.reason
    }
}

impl fmt::Display for ProcessError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ProcessError {}

impl From<wit::ProcessError> for ProcessError {
    fn from(error: wit::ProcessError) -> Self {
        let (reason, message) = match error {
            wit::ProcessError::NotGranted(message) => (ProcessReason::NotGranted, message),
            wit::ProcessError::NotFound(message) => (ProcessReason::NotFound, message),
            wit::ProcessError::NotExecutable(message) => (ProcessReason::NotExecutable, message),
            wit::ProcessError::Invalid(message) => (ProcessReason::Invalid, message),
            wit::ProcessError::Limit(message) => (ProcessReason::Limit, message),
            wit::ProcessError::Other(other) => (ProcessReason::Other, other.message),
        };
        Self { reason, message }
    }
}

impl From<ProcessError> for Error {
    fn from(error: ProcessError) -> Self {
        match error.reason {
            // The user decides what is installed and what is granted.
            ProcessReason::NotGranted | ProcessReason::NotFound | ProcessReason::NotExecutable => {
                Self::user(error.message)
            }
            _ => Self::fault(error.message),
        }
    }
}
