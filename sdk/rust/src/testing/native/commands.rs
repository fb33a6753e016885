//! Commands, as processes of this machine.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use super::Part;
use crate::bindings::buildout::recipe::process::{Command, Ending, Input, Outcome, Output, OutputFile, ProcessError};

/// Starts processes of this machine.
#[derive(Debug)]
pub(crate) struct Runner {
    part: Part,
    programs: Vec<String>,
}

pub(crate) fn open(programs: &[String]) -> Result<Runner, ProcessError> {
    let none = || ProcessError::Invalid("no part was initialized in this thread".to_owned());
    Ok(Runner { part: super::part().ok_or_else(none)?, programs: programs.to_owned() })
}

/// The environment of commands.
pub(crate) fn environment() -> Vec<(String, String)> {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned());
    let temporary = std::env::temp_dir().to_string_lossy().into_owned();
    let variables = [("HOME", "/".to_owned()), ("LANG", "C.UTF-8".to_owned()), ("PATH", path), ("TMPDIR", temporary)];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(crate) fn find(program: &str, path: Option<&[String]>) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let searched = environment().into_iter().find(|(name, _)| name == "PATH").map(|(_, path)| path).unwrap_or_default();
    let directories = path.map_or_else(|| searched.split(':').map(str::to_owned).collect(), <[String]>::to_vec);
    let candidates = directories.iter().map(|directory| Path::new(directory).join(program));
    let is_program = |path: &std::path::PathBuf| {
        path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    candidates.into_iter().find(is_program).map(|path| path.to_string_lossy().into_owned())
}

impl Runner {
    pub(crate) fn build_directory(&self) -> String {
        format!("{}/parts/{}__compile__", self.part.buildout_directory, self.part.name)
    }

    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        environment()
    }

    pub(crate) fn jobs(&self) -> u32 {
        1
    }

    pub(crate) fn run(&self, command: &Command) -> Result<Outcome, ProcessError> {
        let program = &command.program;
        if !self.programs.iter().any(|granted| granted == "*" || granted == program) {
            let message = format!("{program} is not one of the programs of this runner");
            return Err(ProcessError::NotGranted(message));
        }
        if !Path::new(&command.directory).is_absolute() || !Path::new(&command.directory).is_dir() {
            return Err(ProcessError::Invalid(format!("{} is not a directory", command.directory)));
        }
        run(command, self.environment()).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ProcessError::NotFound(format!("{program}: {error}")),
            std::io::ErrorKind::PermissionDenied => ProcessError::NotExecutable(format!("{program}: {error}")),
            _ => ProcessError::Invalid(format!("{program}: {error}")),
        })
    }
}

/// Where a stream of a command goes: a file, and whether its content is captured or logged afterwards.
struct Sink {
    file: File,
    kind: Use,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Log,
    Capture,
    Leave,
}

impl Sink {
    // Files instead of pipes: then neither a full pipe nor a child that outlives the command can block the test.
    fn new(output: &Output) -> std::io::Result<Self> {
        let (file, kind) = match output {
            Output::Log | Output::Show | Output::AsOutput => (tempfile::tempfile()?, Use::Log),
            Output::Capture => (tempfile::tempfile()?, Use::Capture),
            Output::Discard => (tempfile::tempfile()?, Use::Leave),
            Output::File(OutputFile { path, append: true }) => {
                (File::options().create(true).append(true).open(path)?, Use::Leave)
            }
            Output::File(OutputFile { path, append: false }) => (File::create(path)?, Use::Leave),
        };
        Ok(Self { file, kind })
    }

    /// The captured bytes. What is to be logged is logged.
    fn end(self) -> Vec<u8> {
        match self.kind {
            Use::Capture => content(self.file),
            Use::Log => {
                super::log(content(self.file));
                Vec::new()
            }
            Use::Leave => Vec::new(),
        }
    }
}

fn input(input: &Input) -> std::io::Result<File> {
    let mut file = match input {
        Input::File(path) => return File::open(path),
        Input::Empty | Input::Bytes(_) => tempfile::tempfile()?,
    };
    if let Input::Bytes(bytes) = input {
        file.write_all(bytes)?;
        file.rewind()?;
    }
    Ok(file)
}

fn run(command: &Command, base: Vec<(String, String)>) -> std::io::Result<Outcome> {
    let base = if command.only_environment { Vec::new() } else { base };
    let (stdout, stderr) = (Sink::new(&command.standard_output)?, Sink::new(&command.standard_error)?);
    let merged = if matches!(command.standard_error, Output::AsOutput) { &stdout } else { &stderr };
    let mut child = Process::new(&command.program)
        .args(&command.arguments)
        .current_dir(&command.directory)
        .env_clear()
        .envs(base)
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::from(input(&command.standard_input)?))
        .stdout(stdout.file.try_clone()?)
        .stderr(merged.file.try_clone()?)
        .spawn()?;
    let ending = wait(&mut child, command.deadline)?;
    Ok(Outcome { ending, captured: stdout.end(), captured_error: stderr.end() })
}

fn content(mut file: File) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    read.map(|_| bytes).unwrap_or_default()
}

fn wait(child: &mut Child, deadline: Option<u64>) -> std::io::Result<Ending> {
    use std::os::unix::process::ExitStatusExt as _;
    let started = Instant::now();
    let status = match deadline.map(Duration::from_millis) {
        None => child.wait()?,
        Some(deadline) => loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if started.elapsed() >= deadline {
                child.kill()?;
                child.wait()?;
                return Ok(Ending::TimedOut);
            }
            std::thread::sleep(Duration::from_millis(5));
        },
    };
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Signalled(signal.unwrap_or_default()),
    })
}
