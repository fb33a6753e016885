//! Builds: wheels of source distributions, and editable installs of developed projects, through PEP 517 and 660.
//!
//! A build is foreign code: it runs through [`Commands`], confined, without network, and sees only its sources, the
//! environment that it requires, and the Python. This module does not know how that environment is found
//! ([`Environments`]).

mod confined;
mod copy;
mod copy_back;
mod diagnosis;
mod editable;
mod error;
mod finder;
mod hook_directory;
mod inputs;
mod log;
mod memory;
mod outputs;
mod patience;
mod project;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base::files::FileError;
use config::facts::links_of_python;
use hook_directory::HookDirectory;
use serde::Deserialize;

pub use confined::ConfinedCommands;
pub use editable::{DevelopRequest, DevelopedProject, develop, recall};
pub use error::BuildError;
pub use memory::Memory;
pub(crate) use project::BuildSystem;

use crate::filename::FileName;
use crate::python::Python;
use crate::requirement::Requirement;

/// Calls the hooks of a build backend, and writes down what the build attempts.
const RUNNER: &str = include_str!("runner.py");

/// The time that one command of a build may take.
const DEADLINE: Duration = Duration::from_secs(3600);

/// A build that lasts longer than this is reported, and again whenever the time has doubled.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A command of a build.
#[derive(Clone, Debug, Default)]
pub struct BuildCommand {
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Its working directory.
    pub(crate) directory: PathBuf,
    /// All of its environment.
    pub(crate) environment: BTreeMap<OsString, OsString>,
    /// Paths that it may read in addition to the system and the Python.
    pub(crate) read: Vec<PathBuf>,
    /// Paths that it may write.
    pub(crate) write: Vec<PathBuf>,
    /// Its deadline.
    pub(crate) deadline: Option<Duration>,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandEnd {
    /// With status 0.
    Well,
    /// Otherwise: a description of how it ended.
    Otherwise(String),
    /// The run was interrupted.
    Interrupted,
}

/// Runs the commands of builds, confined: without network, home directory, and the host's environment.
pub trait Commands: Sync {
    /// Runs a command until it ends; no process that it started outlives it. `on_line` gets its output.
    ///
    /// # Errors
    /// When it cannot be started.
    fn run(&self, command: &BuildCommand, on_line: &mut dyn FnMut(&str)) -> Result<CommandEnd, BuildError>;

    /// Whether the run was interrupted.
    fn is_canceled(&self) -> bool;
}

/// Where a build finds what it requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildEnvironment {
    /// The directory, with `lib` and `bin` in it. It must not be changed.
    pub(crate) directory: PathBuf,
    /// The digest of its contents.
    pub(crate) identity: String,
}

/// Finds or makes the environments that builds require.
pub trait Environments: Sync {
    /// An environment that meets the requirements.
    ///
    /// # Errors
    /// When none can be made.
    fn environment(&self, requirements: &[Requirement]) -> Result<BuildEnvironment, BuildError>;
}

/// How something is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// The section `[build_ext]` of `setup.cfg`, in this order.
    pub build_ext: Vec<(String, String)>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Paths that the build may read: the locations of parts with headers and libraries.
    pub read: Vec<PathBuf>,
}

/// What is needed to build.
pub struct ProjectBuilder<'a> {
    /// The Python that they are for.
    pub python: &'a Python,
    /// Runs their commands.
    pub commands: &'a dyn Commands,
    /// Finds what they require.
    pub environments: &'a dyn Environments,
    /// The directory for logs of failed builds.
    pub logs: &'a Path,
    /// Receives each line that a build prints.
    pub on_line: &'a (dyn Fn(&str) + Sync),
    /// Receives messages about builds that last longer than `patience`.
    pub on_wait: &'a (dyn Fn(&str) + Sync),
    /// Usually [`PATIENCE`].
    pub patience: Duration,
}

/// A wheel that was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its path.
    pub(crate) path: PathBuf,
    /// The parts of its name.
    pub(crate) name: FileName,
    /// What the build required in addition to the project's settings.
    pub(crate) further: Vec<Requirement>,
}

/// The runner's answer about a hook.
#[derive(Deserialize)]
struct HookAnswer {
    /// What the hook returned.
    result: serde_json::Value,
    /// Whether the backend has the hook.
    has_hook: bool,
}

impl ProjectBuilder<'_> {
    /// Builds the wheel of the project in `source`. `workspace` is an empty directory for all other files, of which the
    /// build can write only some; the wheel is where it cannot write. `what` is the project's name in messages.
    ///
    /// # Errors
    /// [`BuildError`], with the path of the log.
    pub(crate) fn wheel(
        &self,
        what: &str,
        source: &Path,
        workspace: &Path,
        options: &BuildOptions,
    ) -> Result<Built, BuildError> {
        let system = BuildSystem::of(source, &archive_directory(what))?;
        project::write_build_ext(source, &archive_directory(what), &options.build_ext)?;
        let build = ProjectBuild { builder: self, what, source, workspace, options, system };
        let built = build.run("wheel")?;
        built.ok_or_else(|| BuildError::NoHook { what: what.to_owned(), hook: "build_wheel" })
    }

    /// Finds the environment in which the project in `source` is built, without building it.
    ///
    /// # Errors
    /// [`BuildError`], with the path of the log.
    pub(crate) fn find_requirements(
        &self,
        what: &str,
        source: &Path,
        workspace: &Path,
        options: &BuildOptions,
    ) -> Result<(), BuildError> {
        let system = BuildSystem::of(source, &archive_directory(what))?;
        let build = ProjectBuild { builder: self, what, source, workspace, options, system };
        build.prepare("wheel", &mut log::BuildLog::new(what)).map(drop)
    }
}

/// How messages name the directory of a source distribution: as its archive does. `what` is `docopt 0.6.2`.
pub(crate) fn archive_directory(what: &str) -> PathBuf {
    PathBuf::from(what.replace(' ', "-"))
}

/// One build.
struct ProjectBuild<'a> {
    builder: &'a ProjectBuilder<'a>,
    what: &'a str,
    source: &'a Path,
    workspace: &'a Path,
    options: &'a BuildOptions,
    system: BuildSystem,
}

impl ProjectBuild<'_> {
    /// Makes a `wheel` or an `editable` one; `None` if the backend makes none of this kind.
    fn run(&self, kind: &str) -> Result<Option<Built>, BuildError> {
        let mut log = log::BuildLog::new(self.what);
        let (environment, further) = self.prepare(kind, &mut log)?;
        let (answer, directory) = self.hook(&mut log, &environment, &format!("build_{kind}"))?;
        if !answer.has_hook {
            return Ok(None);
        }
        let name = answer.result.as_str().unwrap_or_default().to_owned();
        let file = FileName::parse(&name).filter(|_| name.ends_with(".whl"));
        let path = self.make("finished")?.join(&name);
        match file {
            Some(file) => match directory.take_output(&name, &path, &|| self.builder.commands.is_canceled()) {
                Ok(()) => Ok(Some(Built { path, name: file, further })),
                Err(error) if error.kind() == ErrorKind::Interrupted => Err(BuildError::Canceled(self.what.to_owned())),
                Err(_) => Err(BuildError::NoWheel { what: self.what.to_owned(), name }),
            },
            None => Err(BuildError::NoWheel { what: self.what.to_owned(), name }),
        }
    }

    /// The environment of the build, and what it requires in addition to the project's settings.
    fn prepare(&self, kind: &str, log: &mut log::BuildLog) -> Result<(BuildEnvironment, Vec<Requirement>), BuildError> {
        let environment = self.builder.environments.environment(&self.system.requires)?;
        let (asked, _) = self.hook(log, &environment, &format!("get_requires_for_build_{kind}"))?;
        let further = asked.result.as_array().cloned().unwrap_or_default();
        let further = further.iter().filter_map(serde_json::Value::as_str);
        let further = further.map(Requirement::parse).collect::<Result<Vec<_>, _>>()?;
        let environment = match further.is_empty() {
            true => environment,
            false => {
                self.builder.environments.environment(&[self.system.requires.clone(), further.clone()].concat())?
            }
        };
        Ok((environment, further))
    }

    /// A directory of the workspace that the build cannot write.
    fn make(&self, name: &str) -> Result<PathBuf, BuildError> {
        let path = self.workspace.join(name);
        std::fs::create_dir_all(&path).map_err(FileError::of("create the directory", &path))?;
        Ok(path)
    }

    /// Calls a hook of the backend. Returns the directory that it could write, too.
    fn hook(
        &self,
        log: &mut log::BuildLog,
        environment: &BuildEnvironment,
        hook: &str,
    ) -> Result<(HookAnswer, HookDirectory), BuildError> {
        let directory = HookDirectory::new(&self.workspace.join(hook))?;
        let runner = self.make("host")?.join("runner.py");
        std::fs::write(&runner, RUNNER).map_err(FileError::of("write", &runner))?;
        let order = serde_json::json!({
            "hook": hook,
            "backend": self.system.backend,
            "backend_path": self.system.backend_path.iter().map(|path| self.source.join(path)).collect::<Vec<_>>(),
            "lib": environment.directory.join("lib"),
            "output": directory.output(),
            "answer": directory.path.join(hook_directory::ANSWER),
            "tried": directory.path.join(hook_directory::TRIED),
            "allowed": [self.source, &directory.path],
        });
        let command = self.command(environment, &runner, &order.to_string(), &directory);
        log.begin(&command);
        let mut on_line = |line: &str| {
            (self.builder.on_line)(line);
            log.line(line);
        };
        let run = || self.builder.commands.run(&command, &mut on_line);
        let ended = patience::with_reports(self.builder.patience, &|time| self.report_wait(time), run)?;
        let tried = directory.tried();
        let reason = match ended {
            CommandEnd::Well => {
                let answer = serde_json::from_slice(&directory.answer());
                return match answer {
                    Ok(answer) => Ok((answer, directory)),
                    Err(_) => Err(self.failed(log, "the build backend returned no result", &tried)),
                };
            }
            CommandEnd::Interrupted => return Err(BuildError::Canceled(self.what.to_owned())),
            CommandEnd::Otherwise(reason) => reason,
        };
        Err(self.failed(log, &reason, &tried))
    }

    fn report_wait(&self, time: Duration) {
        let minutes = |time: Duration| time.as_secs() / 60;
        (self.builder.on_wait)(&format!(
            "Building {} has taken {} min so far. It is stopped after {} min, or now with Ctrl-C.",
            self.what,
            minutes(time),
            minutes(DEADLINE)
        ));
    }

    fn failed(&self, log: &log::BuildLog, reason: &str, tried: &[String]) -> BuildError {
        let canceled = || self.builder.commands.is_canceled();
        let kept = log.keep(self.builder.logs, self.what, (self.source, self.workspace), &canceled);
        BuildError::Failed {
            what: self.what.to_owned(),
            reason: reason.to_owned(),
            last: log.last(),
            tried: tried.to_vec(),
            log: kept.ok(),
        }
    }

    fn command(
        &self,
        environment: &BuildEnvironment,
        runner: &Path,
        order: &str,
        directory: &HookDirectory,
    ) -> BuildCommand {
        let python = self.builder.python;
        let mut variables: BTreeMap<OsString, OsString> = BTreeMap::new();
        let mut set = |name: &str, value: OsString| drop(variables.insert(name.into(), value));
        let directories =
            [environment.directory.join("bin"), python.executable.parent().unwrap_or(Path::new("/usr/bin")).to_owned()];
        let own = std::env::join_paths(directories).unwrap_or_default();
        let mut path = own.clone();
        path.push(":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        set("PATH", path);
        set("HOME", directory.home().into());
        set("LANG", "C.UTF-8".into());
        let lib = environment.directory.join("lib");
        set("PYTHONPATH", lib.clone().into());
        set("PYTHONNOUSERSITE", "1".into());
        set("PYTHONDONTWRITEBYTECODE", "1".into());
        // Times in wheels: the first one that a zip file can contain.
        set("SOURCE_DATE_EPOCH", "315532800".into());
        for (name, value) in &self.options.environment {
            match name.as_str() {
                // What the build requires is found first.
                "PATH" => set(name, [own.as_os_str(), OsStr::new(value)].join(OsStr::new(":"))),
                "PYTHONPATH" => set(name, [lib.as_os_str(), OsStr::new(value)].join(OsStr::new(":"))),
                _ => set(name, value.into()),
            }
        }
        let read = [
            environment.directory.clone(),
            self.builder.python.prefix.clone(),
            self.builder.python.base_prefix.clone(),
            runner.parent().unwrap_or(runner).to_owned(),
        ];
        BuildCommand {
            program: python.executable.clone(),
            arguments: vec![runner.into(), order.into()],
            directory: self.source.to_owned(),
            environment: variables,
            read: read
                .into_iter()
                .chain(python.path.clone())
                .chain(links_of_python(&python.executable))
                .chain(self.options.read.clone())
                .collect(),
            write: vec![directory.path.clone(), self.source.to_owned()],
            deadline: Some(DEADLINE),
        }
    }
}
