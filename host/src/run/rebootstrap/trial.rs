//! Starts the buildout's own Python: to see whether it runs, and to ask it what conditions want to know.
//!
//! A part has made it, so it may do no more than the part's commands may: it is confined as they are, and writes nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::interrupt::Interrupt;
use config::facts::StartPython;
use config::options::Buildout;
use confine::{self, Command, ConfineError, Outcome, Policy, Runner};
use recipe::{Locations, NativeSettings};

use super::super::error::{Fault, RunError};
use super::super::launcher::Kept;
use super::super::pythons::Own;
use super::super::{Session, directories, pythons};
use super::Closure;

/// How long the Python may take to do nothing.
const DEADLINE: Duration = Duration::from_secs(60);

/// Most that is read of what it prints, in bytes.
const LONGEST: usize = 64 * 1024;

/// So many of the last lines that it printed are shown.
const LINES: usize = 10;

/// How a Python of the buildout is started.
struct Starter {
    policy: Policy,
    directory: PathBuf,
    environment: BTreeMap<OsString, OsString>,
    interrupt: Interrupt,
    runner: OnceLock<Runner>,
}

impl Starter {
    fn new(
        buildout: &Buildout,
        locations: &Locations,
        native: &NativeSettings,
        executable: &str,
        is_made: bool,
        paths: &[PathBuf],
    ) -> Result<Self, RunError> {
        let shared = buildout.get("buildout", "shared-part-list")?.unwrap_or_default();
        let shared = shared.lines().map(str::trim).filter(|line| !line.is_empty());
        let shared = shared.map(|line| locations.directory.join(line));
        let standard = locations.standard().iter().map(|path| path.to_path_buf());
        let read: Vec<PathBuf> = standard.chain(shared).chain(paths.iter().cloned()).collect();
        // What was there before the buildout is the person's own, and may be anywhere.
        let is_made = is_made || pythons::lies_in(Path::new(executable), &read);
        let level = if is_made { native.level } else { confine::Level::None };
        let read = read.into_iter().filter(|path| path.exists()).collect();
        let mut environment = BTreeMap::from([("HOME", "/tmp".to_owned()), ("LANG", "C.UTF-8".to_owned())]);
        if !paths.is_empty() {
            let paths: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
            environment.insert("PYTHONPATH", paths.join(":"));
        }
        Ok(Self {
            policy: Policy { read, level, ..Policy::default() },
            directory: locations.directory.clone(),
            environment: environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            interrupt: native.interrupt.clone(),
            runner: OnceLock::new(),
        })
    }

    fn into_questioner(self) -> Arc<StartPython> {
        Arc::new(move |executable: &str, arguments: &[&str], deadline| {
            match self.start(executable, arguments, deadline) {
                Ok((Outcome::Exited(0), printed)) => Ok(printed),
                Ok((outcome, _)) => Err(ending(outcome)),
                Err(error) => Err(error.to_string()),
            }
        })
    }

    fn start(
        &self,
        executable: &str,
        arguments: &[&str],
        deadline: Duration,
    ) -> Result<(Outcome, Vec<u8>), ConfineError> {
        let command = Command {
            program: executable.into(),
            arguments: arguments.iter().map(Into::into).collect(),
            directory: self.directory.clone(),
            environment: self.environment.clone(),
            deadline: Some(deadline),
            ..Command::default()
        };
        let runner = match self.runner.get() {
            Some(runner) => runner,
            None => {
                let runner = Runner::new()?;
                self.runner.get_or_init(|| runner)
            }
        };
        let mut printed = Vec::new();
        let mut take = |_, bytes: &[u8]| printed.extend_from_slice(&bytes[..bytes.len().min(LONGEST - printed.len())]);
        let outcome = runner.run(&command, &self.policy, &mut take, &self.interrupt)?;
        Ok((outcome, printed))
    }
}

impl Session {
    /// Makes sure that the Python is there, and, where it `is_new`, that it runs.
    pub(super) fn check_python(&self, closure: &Closure, is_new: bool) -> Result<(), RunError> {
        let unusable =
            |why: &str, printed| self.unusable(&closure.section, closure.executable.clone(), why.into(), printed);
        if !Path::new(&closure.executable).exists() {
            let made = if closure.has(&closure.section) { ", though the section's part is made" } else { "" };
            return Err(unusable(&format!("it is not there{made}"), Vec::new()));
        }
        if !pythons::is_program(&closure.executable) {
            return Err(unusable("it is no program that can be executed", Vec::new()));
        }
        if !is_new {
            return Ok(());
        }
        let outcome = match self.own_starter(closure)?.start(&closure.executable, &["-c", ""], DEADLINE) {
            Ok((Outcome::Exited(0), _)) => return Ok(()),
            Ok((Outcome::Interrupted, _)) => return self.heed_interrupt(),
            Ok((outcome, printed)) => unusable(&ending(outcome), last_lines(&printed)),
            // These are the machine's fault, not the Python's.
            Err(error @ (ConfineError::Missing { .. } | ConfineError::Host { .. })) => error.into(),
            Err(ConfineError::Start { cause, .. } | ConfineError::Path { cause, .. }) => {
                unusable(&cause.to_string(), Vec::new())
            }
            Err(error) => unusable(&error.to_string(), Vec::new()),
        };
        Err(outcome)
    }

    /// Makes sure that the Python which the buildout is begun with is one, before it is kept as that.
    pub(in super::super) fn check_original(&self, closure: &Closure, kept: &Kept) -> Result<(), RunError> {
        let original = &closure.original;
        if kept.original.as_ref() == Some(original) || !self.loaded.is_given() {
            return Ok(());
        }
        let why = if pythons::is_program(original) {
            let locations = self.locations()?;
            let starter = Starter::new(&self.buildout, &locations, &self.settings.native, original, false, &[])?;
            match starter.start(original, &["-c", "import sys"], DEADLINE) {
                Ok((Outcome::Exited(0), _)) => return Ok(()),
                Ok((Outcome::Interrupted, _)) => return self.heed_interrupt(),
                Ok((outcome, _)) => ending(outcome),
                Err(error) => error.to_string(),
            }
        } else {
            "it is no program that can be executed".to_owned()
        };
        Err(Fault::NoOriginal { executable: original.clone(), why }.into())
    }

    /// Starts the Python to ask it something.
    pub(super) fn starter(&self, closure: &Closure) -> Result<Arc<StartPython>, RunError> {
        Ok(self.own_starter(closure)?.into_questioner())
    }

    fn own_starter(&self, closure: &Closure) -> Result<Starter, RunError> {
        let (locations, native) = (self.locations()?, &self.settings.native);
        let is_made = closure.has(&closure.section);
        Starter::new(&self.buildout, &locations, native, &closure.executable, is_made, &closure.paths)
    }
}

/// Starts the Python that a buildout has made, to ask it something.
pub(in super::super) fn questioner(
    buildout: &Buildout,
    native: &NativeSettings,
    executable: &str,
    own: &Own,
) -> Result<Arc<StartPython>, RunError> {
    let locations = directories::locations(buildout, None, &[])?;
    Ok(Starter::new(buildout, &locations, native, executable, own.made(executable), &[])?.into_questioner())
}

fn ending(outcome: Outcome) -> String {
    match outcome {
        Outcome::Exited(status) => format!("it exits with status {status}"),
        Outcome::Signalled(signal) => format!("it is ended by signal {signal}"),
        Outcome::TimedOut => "it does not end".to_owned(),
        Outcome::Interrupted => "the run was interrupted".to_owned(),
        Outcome::DiskFull => "it writes too much".to_owned(),
    }
}

fn last_lines(printed: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(printed);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].iter().map(|line| format!("  {line}")).collect()
}
