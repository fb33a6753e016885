//! `buildout:recipe/process`: native commands, lent to a part that is granted them, confined by the operating system.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::Resource;

use super::bindings::buildout::recipe::process::{Command, Ending, Host, HostRunner, Outcome, OutputUse, ProcessError};
use super::command_log::CommandLog;
use super::limits;
use super::native::{Interrupted, system_texts};
use super::state::{Phase, State};
use base::source::Explain as _;
use confine::{self, ConfineError, Stream};

/// What a part may start, as its recipe holds it.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Runner {
    /// Programs; `*` for all.
    programs: Vec<String>,
}

impl Host for State {
    fn open(&mut self, programs: Vec<String>) -> wasmtime::Result<Result<Resource<Runner>, ProcessError>> {
        let names: Vec<&str> = programs.iter().map(String::as_str).collect();
        self.calling("process.open", &names);
        if !matches!(self.call.phase, Phase::Install | Phase::Update | Phase::Uninstall) {
            let message = "commands run only while a part is installed, updated or uninstalled";
            return Ok(Err(ProcessError::Invalid(message.into())));
        }
        let granted = &self.call.granted.run;
        if let Some(missing) = programs.iter().find(|program| !is_granted(program, granted)) {
            let line = format!("run = [{missing:?}]");
            let message = format!("{missing:?} may not be run: no grant says {line}");
            self.call.refused.push(line);
            return Ok(Err(ProcessError::NotGranted(message)));
        }
        Ok(Ok(self.table.push(Runner { programs })?))
    }
}

impl HostRunner for State {
    fn run(&mut self, runner: Resource<Runner>, command: Command) -> wasmtime::Result<Result<Outcome, ProcessError>> {
        self.calling("process.run", &[&command.program]);
        let programs = &self.table.get(&runner)?.programs;
        if let Err(error) = check(&command, programs) {
            return Ok(Err(error));
        }
        self.go_on()?;
        let outcome = self.start(command);
        // It may have replaced directories that the recipe has open.
        self.close_mounts();
        outcome
    }

    fn environment(&mut self, _runner: Resource<Runner>) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.native.variables(&self.call.granted).into_iter().collect())
    }

    fn build_directory(&mut self, _runner: Resource<Runner>) -> wasmtime::Result<String> {
        Ok(self.call.granted.build_directory().to_string_lossy().into_owned())
    }

    fn jobs(&mut self, _runner: Resource<Runner>) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.native.settings.jobs.limit()).unwrap_or(u32::MAX))
    }

    fn drop(&mut self, runner: Resource<Runner>) -> wasmtime::Result<()> {
        self.table.delete(runner)?;
        Ok(())
    }
}

impl State {
    /// Runs a command that may be run.
    fn start(&mut self, command: Command) -> wasmtime::Result<Result<Outcome, ProcessError>> {
        let (native, granted) = (Arc::clone(&self.native), Arc::clone(&self.call.granted));
        let line = line(&command);
        let mut variables = native.variables(&granted);
        variables.extend(command.environment);
        let own = command.deadline.map(Duration::from_millis);
        let started = confine::Command {
            program: command.program.into(),
            arguments: command.arguments.into_iter().map(Into::into).collect(),
            directory: command.directory.into(),
            environment: system_texts(variables),
            stdin: (!command.standard_input.is_empty()).then_some(command.standard_input),
            deadline: Some(own.map_or(self.call.left(), |own| own.min(self.call.left()))),
            keep: native.settings.jobs.descriptors()?,
        };
        let log = self
            .call
            .command_log
            .get_or_insert_with(|| CommandLog::begin(&self.call.part, granted.command_log(), &native.report));
        log.command(&line, command.output == OutputUse::Show);
        let mut captured = Vec::new();
        let mut too_much = false;
        let mut on_output = |stream: Stream, bytes: &[u8]| {
            if command.output == OutputUse::Capture && stream == Stream::Stdout {
                let kept = bytes.len().min(limits::CAPTURED - captured.len());
                captured.extend_from_slice(&bytes[..kept]);
                too_much |= kept < bytes.len();
            } else {
                log.take(stream, bytes);
            }
        };
        let runner = native.runner();
        let policy = native.policy(&granted);
        let interrupt = &native.settings.interrupt;
        let outcome = runner.and_then(|runner| runner.run(&started, &policy, &mut on_output, interrupt));
        log.end();
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => return self.not_started(error),
        };
        let ending = match outcome {
            confine::Outcome::Exited(status) => Ending::Exited(status),
            confine::Outcome::Signalled(signal) => Ending::Signalled(signal),
            confine::Outcome::TimedOut => Ending::TimedOut,
            confine::Outcome::Interrupted => return Err(wasmtime::Error::new(Interrupted)),
            confine::Outcome::DiskFull => {
                let message = format!("{line} was ended: it has written more than its limit of disk space");
                return Ok(Err(ProcessError::Limit(message)));
            }
        };
        self.call.failed_command = told(&ending).map(|ending| log.failed(line, ending, &policy));
        self.go_on()?;
        if too_much {
            let message = format!("a command printed more than {} bytes to be captured", limits::CAPTURED);
            return Ok(Err(ProcessError::Limit(message)));
        }
        Ok(Ok(Outcome { ending, captured }))
    }

    /// Missing confinement ends the run; anything else is told to the recipe.
    fn not_started(&mut self, error: ConfineError) -> wasmtime::Result<Result<Outcome, ProcessError>> {
        let message = error.to_string();
        match error {
            ConfineError::Missing { .. } | ConfineError::Host { .. } => Err(wasmtime::Error::new(error)),
            ConfineError::NotFound { .. } => {
                self.call.advice.extend(error.hints());
                Ok(Err(ProcessError::NotFound(message)))
            }
            _ => Ok(Err(ProcessError::Invalid(message))),
        }
    }
}

/// How a command ended badly; `None` if it did not.
fn told(ending: &Ending) -> Option<String> {
    match ending {
        Ending::Exited(0) => None,
        Ending::Exited(status) => Some(format!("exited with status {status}")),
        Ending::Signalled(signal) => Some(format!("was ended by signal {signal}")),
        Ending::TimedOut => Some("took too long and was ended".to_owned()),
    }
}

/// Refuses what is not granted or makes no sense, before anything is done.
fn check(command: &Command, programs: &[String]) -> Result<(), ProcessError> {
    let variables = command.environment.iter().flat_map(|(name, value)| [name, value]);
    let texts = command.arguments.iter().chain([&command.program, &command.directory]).chain(variables);
    let mut length = 0;
    for text in texts {
        if text.contains('\0') {
            return Err(ProcessError::Invalid(format!("there is a NUL in {text:?}")));
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
        let message = format!("{:?} is none of the programs that this runner was asked for", command.program);
        return Err(ProcessError::NotGranted(message));
    }
    if command.program.contains('/') && !Path::new(&command.program).is_absolute() {
        return Err(ProcessError::Invalid(format!("{:?} is neither a name nor an absolute path", command.program)));
    }
    if !Path::new(&command.directory).is_absolute() {
        return Err(ProcessError::Invalid(format!("the directory {:?} is not absolute", command.directory)));
    }
    Ok(())
}

/// Whether a program is one of those that are granted.
fn is_granted(program: &str, granted: &[String]) -> bool {
    granted.iter().any(|granted| granted == "*" || granted == program)
}

/// The command as a person would type it, cut where it is long.
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
    use super::*;

    fn command(program: &str, arguments: &[&str]) -> Command {
        Command {
            program: program.into(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            directory: "/".into(),
            environment: Vec::new(),
            standard_input: Vec::new(),
            deadline: None,
            output: OutputUse::Log,
        }
    }

    #[test]
    fn what_is_not_granted_or_makes_no_sense_is_refused() {
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
    fn a_command_is_told_as_a_person_would_type_it() {
        assert_eq!(line(&command("sh", &["-c", "it's"])), r"sh -c 'it'\''s'");
        assert_eq!(line(&command("make", &["", "-j2"])), "make '' -j2");
    }
}
