//! `buildout:recipe/process`: native commands, for a part that is granted them, confined by the operating system.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base::event::{Event, Level};
use base::source::Explain as _;
use confine::{CommandPolicy, CommandStream, ConfineError};
use registry::toml_key;
use rustix::io::Errno;
use wasmtime::component::{HasData, Resource, ResourceTable};

use super::bindings::ProcessFailure;
use super::bindings::buildout::recipe::process::{Command, Ending, Host, HostRunner, Outcome, Output, ProcessError};
use super::bindings::buildout::recipe::types::UnnamedError;
use super::filesystem::open::OpenFiles;
use super::redirect;
use super::resources::AllowedPrograms;
use crate::call::{Call, Interrupted, Phase};
use crate::grants::mounts::Access;
use crate::grants::needed::needed_grant;
use crate::grants::system::is_in_system;
use crate::limits;
use crate::native::command_log::{CommandLog, FailedCommand};
use crate::native::denied::{EndedCommand, RefusedPath};
use crate::native::network;
use crate::native::programs;
use crate::native::shared::Native;
use crate::native::staging::Staging;
use crate::native::streams::{LostOutput, StreamSink, StreamSinks};
use crate::native::variables::system_strings;

/// Why no grant helps.
const PROTECTED: &str = "buildout-host protects its own files and those of the configuration";

/// Marks the interface in the linker.
pub(crate) struct NativeProcesses;

/// The state that its functions see.
pub(crate) struct ProcessView<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) native: &'a Arc<Native>,
    /// A command may replace directories that the recipe has open.
    pub(crate) files: &'a mut OpenFiles,
}

impl HasData for NativeProcesses {
    type Data<'a> = ProcessView<'a>;
}

impl Host for ProcessView<'_> {
    fn convert_process_error(&mut self, failure: ProcessFailure) -> wasmtime::Result<ProcessError> {
        failure.downcast()
    }

    fn open(&mut self, programs: Vec<String>) -> Result<Resource<AllowedPrograms>, ProcessFailure> {
        let names: Vec<&str> = programs.iter().map(String::as_str).collect();
        self.call.note("process.open", &names);
        if !self.call.phase.is_of_program() {
            let message = "commands run only for a part or an extension";
            return Err(ProcessError::Invalid(message.into()).into());
        }
        let missing = programs.iter().find(|program| !is_granted(program, &self.call.rights.run));
        if let Some(missing) = missing {
            let line = format!("run = [{missing:?}]");
            let message = format!("{missing:?} may not be run: no grant contains {line}");
            self.call.refused.push(line);
            return Err(ProcessError::NotGranted(message).into());
        }
        self.table.push(AllowedPrograms { programs }).map_err(ProcessFailure::trap)
    }

    fn environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        self.call.note("process.environment", &[]);
        Ok(self.native.variables(&self.call.rights).into_iter().collect())
    }

    fn find(&mut self, program: String, path: Option<Vec<String>>) -> wasmtime::Result<Option<String>> {
        self.call.note("process.find", &[&program]);
        let directories = path.unwrap_or_else(|| {
            let variables = self.native.variables(&self.call.rights);
            variables.get("PATH").map_or_else(Vec::new, |path| path.split(':').map(str::to_owned).collect())
        });
        let directories = directories.iter().map(Path::new);
        let found = programs::find(&program, directories, &self.call.rights.mounts);
        Ok(found.map(|path| path.to_string_lossy().into_owned()))
    }
}

impl HostRunner for ProcessView<'_> {
    fn run(&mut self, runner: Resource<AllowedPrograms>, command: Command) -> Result<Outcome, ProcessFailure> {
        self.call.note("process.run", &[&command.program]);
        let programs = &self.table.get(&runner).map_err(ProcessFailure::trap)?.programs;
        check(&command, programs)?;
        self.call.check().map_err(ProcessFailure::trap)?;
        let is_unconfined = !self.call.is_confined;
        self.call.made.command_starts(is_unconfined);
        let outcome = self.run_command(command);
        self.files.close_mounts(self.table);
        outcome
    }

    fn environment(&mut self, _runner: Resource<AllowedPrograms>) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.native.variables(&self.call.rights).into_iter().collect())
    }

    fn build_directory(&mut self, _runner: Resource<AllowedPrograms>) -> wasmtime::Result<String> {
        Ok(self.call.rights.build_directory().to_string_lossy().into_owned())
    }

    fn jobs(&mut self, _runner: Resource<AllowedPrograms>) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.native.settings.jobs.limit()).unwrap_or(u32::MAX))
    }

    fn drop(&mut self, runner: Resource<AllowedPrograms>) -> wasmtime::Result<()> {
        self.table.delete(runner)?;
        Ok(())
    }
}

impl ProcessView<'_> {
    /// Runs a command that is granted.
    fn run_command(&mut self, command: Command) -> Result<Outcome, ProcessFailure> {
        let line = line(&command);
        let shown = shown(&command);
        let program = command.program.clone();
        let (stdout, stderr) = (self.sink(&command.standard_output)?, self.sink(&command.standard_error)?);
        let mut sinks = StreamSinks { stdout, stderr, misses_network: false };
        let mut started = self.confined(command)?;
        let mut policy = self.call.reach.policy(self.native.settings.level);
        self.lend_network(&program, &mut started, &mut policy);
        let staging = self.stage(&mut policy)?;
        self.open_log().command(&line, shown);
        let outcome = self.supervise(&started, &policy, &mut sinks);
        self.open_log().end();
        if let Err(ConfineError::Start { program, .. }) = &outcome {
            self.report_hidden(Path::new(program), &policy);
        }
        let ending = self.ending(outcome, &line)?;
        self.settle(staging)?;
        if !matches!(ending, Ending::Exited(0)) || !self.call.rights.makes.is_empty() {
            self.report_refused(&started, &policy, &sinks.captured());
        }
        if !matches!(ending, Ending::Exited(0)) && sinks.misses_network && !policy.network {
            self.report_missed_network(&program);
        }
        let failed = how_it_failed(&ending).map(|ending| self.failed(line, ending, &policy));
        self.call.failed_command = failed;
        self.call.check().map_err(ProcessFailure::trap)?;
        let (captured, captured_error) = (end(sinks.stdout)?, end(sinks.stderr)?);
        Ok(Outcome { ending, captured, captured_error })
    }

    /// Gives a command network access, if a grant allows it.
    fn lend_network(&self, program: &str, started: &mut confine::NativeCommand, policy: &mut CommandPolicy) {
        let rights = &self.call.rights;
        if let Some(path) = network::lent(program, &rights.network, &rights.mounts) {
            started.program = path.into();
            policy.network = true;
        }
    }

    /// Reports that a command did not reach the network, with the grant that it needs if one can help.
    fn report_missed_network(&mut self, program: &str) {
        if self.native.settings.level == confine::ConfinementLevel::None {
            return;
        }
        let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy().into_owned();
        if network::lent(program, std::slice::from_ref(&name), &self.call.rights.mounts).is_none() {
            return self
                .warn(&format!("The command {program} has no network: only programs of the system can have it"));
        }
        let grant = format!("network = [{name:?}]");
        self.warn(&format!("The command {name} has no network. Grant it in recipes.toml: {grant}"));
        self.call.refused.push(grant);
    }

    /// Prepares what happens to a stream.
    fn sink(&mut self, output: &Output) -> Result<StreamSink, ProcessError> {
        Ok(match output {
            Output::Log | Output::Show | Output::AsOutput => StreamSink::Log,
            Output::Capture => StreamSink::Capture(Default::default()),
            Output::File(file) => StreamSink::File(redirect::to_file(self.call, file)?),
            Output::Discard => StreamSink::Discard,
        })
    }

    /// Lets the command make the paths that it is to make.
    fn stage(&mut self, policy: &mut CommandPolicy) -> Result<Staging, ProcessError> {
        if self.call.phase == Phase::Init {
            // Nothing is made yet.
            return Ok(Staging::default());
        }
        let rights = Arc::clone(&self.call.rights);
        // With full confinement, they are created when the command has ended.
        if policy.level != confine::ConfinementLevel::Full {
            self.announce(&rights.makeable())?;
        }
        let prepared = Staging::prepare(&rights, policy);
        let (staging, made) =
            prepared.map_err(|error| ProcessError::Invalid(format!("the command cannot be prepared: {error}")))?;
        made.into_iter().for_each(|path| self.call.made.add(path));
        Ok(staging)
    }

    fn announce(&self, paths: &[PathBuf]) -> Result<(), ProcessError> {
        let announced = paths.iter().try_for_each(|path| self.call.will_make(path));
        announced
            .map_err(|error| ProcessError::Invalid(format!("the paths that it is to make cannot be recorded: {error}")))
    }

    /// Brings what the command made to its place.
    fn settle(&mut self, staging: Staging) -> Result<(), ProcessError> {
        if self.call.phase != Phase::Init {
            let rights = Arc::clone(&self.call.rights);
            self.announce(&rights.makeable())?;
        }
        let settled = staging.settle().map_err(|error| {
            ProcessError::Invalid(format!("what the command made cannot be moved to its place: {error}"))
        })?;
        for path in settled.made {
            self.call.made.add(path);
        }
        for path in settled.removed {
            let shown = path.display();
            let message = match self.call.rights.is_protected(&path) {
                true => format!("The command made {shown}, which was removed: {PROTECTED}"),
                false => format!(
                    "The command made {shown}, which is not in `location`: it was removed. Add it to `location` to keep it."
                ),
            };
            self.warn(&message);
        }
        Ok(())
    }

    fn failed(&mut self, line: String, ending: String, policy: &CommandPolicy) -> FailedCommand {
        let rights = Arc::clone(&self.call.rights);
        self.open_log().failed(line, ending, policy, &rights.makeable())
    }

    /// Reports a path that the command was kept from using: it may have failed because of that.
    fn report_refused(&mut self, started: &confine::NativeCommand, policy: &CommandPolicy, captured: &str) {
        let rights = Arc::clone(&self.call.rights);
        let (directory, arguments) = (started.directory.as_path(), started.arguments.as_slice());
        let ended = EndedCommand { directory, arguments, policy, makes: rights.makeable() };
        let lines = captured.lines().chain(self.open_log().tail());
        let Some(RefusedPath { path, access, is_directory }) = ended.refused(lines) else { return };
        let shown = path.display();
        // A part that is kept in a cache reads less than its recipe.
        if access == Access::Read && rights.granted(&path, Access::Read).is_some() {
            return;
        }
        if access == Access::Write && rights.is_protected(&path) {
            let message = format!("The command may not write to {shown}: {PROTECTED}");
            self.call.was_protected = true;
            return self.warn(&message);
        }
        let grant = needed_grant(&path, access, is_directory, &rights);
        // A path of the system can be granted, but cannot be a location.
        let is_location = access == Access::Write && !rights.makes.is_empty() && !is_in_system(&path);
        let grant_it = if is_location { "Add the path to `location`, or grant it" } else { "Grant it" };
        let verb = if access == Access::Write { "write to" } else { "read" };
        let message = format!(
            "The command may not {verb} {shown}. {grant_it}: in recipes.toml, below [recipe.{}], write: grant = {{ {grant} }}",
            toml_key(&self.call.recipe)
        );
        self.warn(&message);
        self.call.refused.push(grant);
    }

    /// Notes that a program could not be started because the command does not see it.
    fn report_hidden(&mut self, program: &Path, policy: &CommandPolicy) {
        if program.is_file() && !confine::is_seen(program, policy) {
            self.call.refused.push(needed_grant(program, Access::Read, false, &self.call.rights));
        }
    }

    fn warn(&self, message: &str) {
        self.native.report.report(Event::Log { logger: &self.call.part, level: Level::Warning, message });
    }

    /// The command as the confinement takes it.
    fn confined(&mut self, command: Command) -> Result<confine::NativeCommand, ProcessFailure> {
        let stdin = redirect::input(self.call, command.standard_input)?;
        let mut variables = match command.only_environment {
            true => BTreeMap::new(),
            false => self.native.variables(&self.call.rights),
        };
        variables.extend(command.environment);
        let (own, left) = (command.deadline.map(Duration::from_millis), self.call.left());
        Ok(confine::NativeCommand {
            program: command.program.into(),
            arguments: command.arguments.into_iter().map(Into::into).collect(),
            directory: command.directory.into(),
            environment: system_strings(variables),
            stdin,
            merges_stderr: matches!(command.standard_error, Output::AsOutput),
            deadline: Some(own.map_or(left, |own| own.min(left))),
            keep: self.native.settings.jobs.descriptors().map_err(ProcessFailure::trap)?,
        })
    }

    /// The log of the call's commands, which the first one starts.
    fn open_log(&mut self) -> &mut CommandLog {
        let Call { command_log, part, rights, phase, .. } = &mut *self.call;
        let report = &self.native.report;
        command_log.get_or_insert_with(|| match phase.is_making() || *phase == Phase::Uninstall {
            true => CommandLog::begin(part, rights.command_log(), rights.owns_its_places(), report),
            false => CommandLog::without_file(part, report),
        })
    }

    /// Runs a command to its end.
    fn supervise(
        &mut self,
        command: &confine::NativeCommand,
        policy: &CommandPolicy,
        sinks: &mut StreamSinks,
    ) -> Result<confine::CommandOutcome, ConfineError> {
        let native = Arc::clone(self.native);
        let log = self.open_log();
        let mut on_output = |stream: CommandStream, bytes: &[u8]| sinks.take(stream, bytes, log);
        native.runner()?.run(command, policy, &mut on_output, &native.settings.interrupt)
    }

    /// How the command ended, for the recipe. Missing confinement ends the run.
    fn ending(
        &mut self,
        outcome: Result<confine::CommandOutcome, ConfineError>,
        line: &str,
    ) -> Result<Ending, ProcessFailure> {
        match outcome {
            Ok(confine::CommandOutcome::Exited(status)) => Ok(Ending::Exited(status)),
            Ok(confine::CommandOutcome::Signalled(signal)) => Ok(Ending::Signalled(signal)),
            Ok(confine::CommandOutcome::TimedOut) => Ok(Ending::TimedOut),
            Ok(confine::CommandOutcome::Interrupted) => Err(ProcessFailure::trap(wasmtime::Error::new(Interrupted))),
            Ok(confine::CommandOutcome::DiskFull) => {
                let message = format!("{line} used too much disk space, or left too little");
                Err(ProcessError::Limit(message).into())
            }
            Err(error @ (ConfineError::Missing { .. } | ConfineError::Host { .. })) => {
                Err(ProcessFailure::trap(wasmtime::Error::new(error)))
            }
            Err(error @ ConfineError::NotFound { .. }) => {
                self.call.advice.extend(error.hints());
                Err(ProcessError::NotFound(error.to_string()).into())
            }
            Err(ConfineError::Start { program, cause }) => Err(not_started(&program.to_string_lossy(), &cause).into()),
            Err(error) => Err(ProcessError::Invalid(error.to_string()).into()),
        }
    }
}

/// Why a program that a path names did not start.
fn not_started(program: &str, cause: &std::io::Error) -> ProcessError {
    let message = format!("Cannot start {program:?}: {cause}");
    match Errno::from_io_error(cause) {
        Some(Errno::NOENT | Errno::NOTDIR) => ProcessError::NotFound(message),
        Some(Errno::ACCESS | Errno::NOEXEC | Errno::ISDIR | Errno::PERM) => ProcessError::NotExecutable(message),
        _ => ProcessError::Invalid(message),
    }
}

/// Whether the lines of each stream are shown immediately.
fn shown(command: &Command) -> [bool; 2] {
    [&command.standard_output, &command.standard_error].map(|output| matches!(output, Output::Show))
}

/// The captured output of a stream.
fn end(sink: StreamSink) -> Result<Vec<u8>, ProcessError> {
    sink.end().map_err(|lost| match lost {
        LostOutput::TooMuch => {
            let message =
                format!("a command printed more than {} bytes, the limit for captured output", limits::CAPTURED);
            ProcessError::Limit(message)
        }
        LostOutput::File(error) => {
            let message = format!("the output of a command cannot be written: {error}");
            ProcessError::Other(UnnamedError { code: "io".to_owned(), message })
        }
    })
}

/// The reason why a command failed; `None` if it succeeded.
fn how_it_failed(ending: &Ending) -> Option<String> {
    match ending {
        Ending::Exited(0) => None,
        Ending::Exited(status) => Some(format!("exited with status {status}")),
        Ending::Signalled(signal) => Some(format!("was killed by signal {signal}")),
        Ending::TimedOut => Some("took too long and was stopped".to_owned()),
    }
}

/// Refuses commands that are not granted or invalid, before anything is done.
fn check(command: &Command, programs: &[String]) -> Result<(), ProcessError> {
    let variables = command.environment.iter().flat_map(|(name, value)| [name, value]);
    let texts = command.arguments.iter().chain([&command.program, &command.directory]).chain(variables);
    let mut length = 0;
    for text in texts {
        if text.contains('\0') {
            return Err(ProcessError::Invalid(format!("{text:?} contains a NUL")));
        }
        length += text.len() + 1;
    }
    if length > limits::COMMAND {
        return Err(ProcessError::Limit(format!(
            "arguments and environment are longer than {} bytes",
            limits::COMMAND
        )));
    }
    if !is_granted(&command.program, programs) {
        let message = format!("{:?} is not one of the programs of this runner", command.program);
        return Err(ProcessError::NotGranted(message));
    }
    if command.program.contains('/') && !Path::new(&command.program).is_absolute() {
        return Err(ProcessError::Invalid(format!("{:?} is neither a name nor an absolute path", command.program)));
    }
    if matches!(command.standard_output, Output::AsOutput) {
        return Err(ProcessError::Invalid("the standard output cannot be merged with itself".to_owned()));
    }
    if !Path::new(&command.directory).is_absolute() {
        return Err(ProcessError::Invalid(format!("the directory {:?} is not absolute", command.directory)));
    }
    Ok(())
}

/// Whether a program is granted.
fn is_granted(program: &str, granted: &[String]) -> bool {
    granted.iter().any(|granted| granted == "*" || granted == program)
}

/// The command as a person would type it, shortened if it is long.
fn line(command: &Command) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    let quoted = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    let words: Vec<String> = std::iter::once(&command.program).chain(&command.arguments).map(quoted).collect();
    let line = words.join(" ");
    match line.char_indices().nth(limits::COMMAND_LINE) {
        Some((end, _)) => format!("{} […]", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::super::bindings::buildout::recipe::process::Input;
    use super::*;

    fn command(program: &str, arguments: &[&str]) -> Command {
        Command {
            program: program.into(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            directory: "/".into(),
            environment: Vec::new(),
            only_environment: false,
            standard_input: Input::Empty,
            deadline: None,
            standard_output: Output::Log,
            standard_error: Output::Log,
        }
    }

    #[test]
    fn rejects_what_is_not_granted_or_makes_no_sense() {
        let t = |command: &Command, programs: &[&str]| {
            let programs: Vec<String> = programs.iter().map(|program| (*program).to_owned()).collect();
            check(command, &programs)
        };
        assert!(t(&command("make", &[]), &["make"]).is_ok());
        assert!(t(&command("/opt/x/make", &[]), &["*"]).is_ok());
        assert!(matches!(t(&command("make", &[]), &["git"]), Err(ProcessError::NotGranted(_))));
        assert!(matches!(t(&command("/usr/bin/make", &[]), &["make"]), Err(ProcessError::NotGranted(_))));
        assert!(matches!(t(&command("make", &["a\0b"]), &["*"]), Err(ProcessError::Invalid(_))));
        assert!(matches!(t(&command("./make", &[]), &["*"]), Err(ProcessError::Invalid(_))));
        let relative = Command { directory: "work".into(), ..command("make", &[]) };
        assert!(matches!(t(&relative, &["*"]), Err(ProcessError::Invalid(_))));
        let long = "x".repeat(limits::COMMAND);
        assert!(matches!(t(&command("make", &[&long]), &["*"]), Err(ProcessError::Limit(_))));
    }

    #[test]
    fn shows_a_command_as_a_person_would_type_it() {
        assert_eq!(line(&command("sh", &["-c", "it's"])), r"sh -c 'it'\''s'");
        assert_eq!(line(&command("make", &["", "-j2"])), "make '' -j2");
    }
}
