//! Starts a Python of the buildout, to check that it runs, or to get the values that conditions need.
//!
//! Such a Python was made by a part, so it gets no more privileges than native commands of parts: it is confined in the
//! same way, and may write nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::interrupt::Interrupt;
use config::facts::{StartPython, installation, links_of_python};
use config::options::Buildout;
use confine::{self, CommandOutcome, CommandPolicy, ConfineError, NativeCommand, Runner};
use recipe::{Locations, NativeSettings};

use super::super::prepare::directories;
use super::choice::Own;
use super::program::is_in;
use crate::error::RunError;

/// Maximum number of bytes read from its output.
const LONGEST: usize = 64 * 1024;

/// How a Python of the buildout is started.
pub(super) struct Starter {
    policy: CommandPolicy,
    directory: PathBuf,
    environment: BTreeMap<OsString, OsString>,
    interrupt: Interrupt,
    runner: OnceLock<Runner>,
}

impl Starter {
    pub(super) fn new(
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
        let mut read: Vec<PathBuf> = standard.chain(shared).chain(paths.iter().cloned()).collect();
        // A Python that was not made by a part belongs to the user, and may be anywhere.
        let is_made = is_made || is_in(Path::new(executable), &read);
        let level = if is_made { native.level } else { confine::ConfinementLevel::None };
        // A virtual environment in the buildout may be of a Python in the home directory (pyenv, uv).
        read.extend(installation(Path::new(executable), &locations.kept));
        read.extend(links_of_python(Path::new(executable)));
        let read = read.into_iter().filter(|path| path.exists()).collect();
        let mut environment = BTreeMap::from([("HOME", "/tmp".to_owned()), ("LANG", "C.UTF-8".to_owned())]);
        if !paths.is_empty() {
            let paths: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
            environment.insert("PYTHONPATH", paths.join(":"));
        }
        Ok(Self {
            policy: CommandPolicy { read, level, ..CommandPolicy::default() },
            directory: locations.directory.clone(),
            environment: environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            interrupt: native.interrupt.clone(),
            runner: OnceLock::new(),
        })
    }

    pub(super) fn into_questioner(self) -> Arc<StartPython> {
        Arc::new(move |executable: &str, arguments: &[&str], deadline| {
            match self.start(executable, arguments, deadline) {
                Ok((CommandOutcome::Exited(0), printed)) => Ok(printed),
                Ok((outcome, _)) => Err(description(outcome)),
                Err(error) => Err(error.to_string()),
            }
        })
    }

    pub(super) fn start(
        &self,
        executable: &str,
        arguments: &[&str],
        deadline: Duration,
    ) -> Result<(CommandOutcome, Vec<u8>), ConfineError> {
        let command = NativeCommand {
            program: executable.into(),
            arguments: arguments.iter().map(Into::into).collect(),
            directory: self.directory.clone(),
            environment: self.environment.clone(),
            deadline: Some(deadline),
            ..NativeCommand::default()
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

/// Starts the Python that a buildout made, to query it.
pub(in crate::run) fn questioner(
    buildout: &Buildout,
    native: &NativeSettings,
    executable: &str,
    own: &Own,
) -> Result<Arc<StartPython>, RunError> {
    let locations = directories::locations(buildout, None, &[], &[])?;
    Ok(Starter::new(buildout, &locations, native, executable, own.made(executable), &[])?.into_questioner())
}

/// Describes how a Python ended that was started to do nothing, as a clause.
pub(super) fn description(outcome: CommandOutcome) -> String {
    match outcome {
        CommandOutcome::Exited(status) => format!("it exited with status {status}"),
        CommandOutcome::Signalled(signal) => format!("it was killed by signal {signal}"),
        CommandOutcome::TimedOut => "it did not exit".to_owned(),
        CommandOutcome::Interrupted => "the run was interrupted".to_owned(),
        CommandOutcome::DiskFull => "it used too much disk space, or left too little".to_owned(),
    }
}
