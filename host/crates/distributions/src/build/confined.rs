//! Commands of builds, run by `confine`.

use confine::{CommandLimits, CommandOutcome, CommandPolicy, ConfinementLevel, NativeCommand, Runner};

use base::interrupt::Interrupt;

use super::{BuildCommand, BuildError, CommandEnd, Commands};

/// Longest line that is passed on, in bytes.
const LONGEST_LINE: usize = 64 << 10;

/// Runs commands confined.
pub struct ConfinedCommands<'a> {
    /// Starts them.
    pub runner: &'a Runner,
    /// How much they are confined.
    pub level: ConfinementLevel,
    /// The resources that they may use.
    pub limits: CommandLimits,
    /// Ends them early.
    pub interrupt: &'a Interrupt,
    /// Directories in which recipes or commands may have made symbolic links.
    pub written: Vec<std::path::PathBuf>,
}

impl Commands for ConfinedCommands<'_> {
    fn run(&self, command: &BuildCommand, on_line: &mut dyn FnMut(&str)) -> Result<CommandEnd, BuildError> {
        let BuildCommand { program, arguments, directory, environment, read, write, deadline } = command.clone();
        let command = NativeCommand {
            program: program.into(),
            arguments,
            directory,
            environment,
            deadline,
            ..NativeCommand::default()
        };
        // Without a user's home directory, `/` would be requested where a Python is installed there.
        let read = read.into_iter().filter(|path| path.is_absolute() && path.parent().is_some()).collect();
        let policy = CommandPolicy {
            read,
            write,
            written: self.written.clone(),
            level: self.level,
            limits: self.limits.clone(),
            ..CommandPolicy::default()
        };
        let mut lines = LineSplitter { rest: Vec::new() };
        let outcome = self.runner.run(&command, &policy, &mut |_, bytes| lines.add(bytes, on_line), self.interrupt)?;
        lines.end(on_line);
        Ok(match outcome {
            CommandOutcome::Exited(0) => CommandEnd::Well,
            CommandOutcome::Exited(code) => CommandEnd::Otherwise(format!("its command ended with exit code {code}")),
            CommandOutcome::Signalled(signal) => {
                CommandEnd::Otherwise(format!("its command was killed by signal {signal}"))
            }
            CommandOutcome::TimedOut => CommandEnd::Otherwise("its command took too long".to_owned()),
            CommandOutcome::DiskFull => {
                CommandEnd::Otherwise("its command used too much disk space, or left too little".to_owned())
            }
            CommandOutcome::Interrupted => CommandEnd::Interrupted,
        })
    }

    fn is_canceled(&self) -> bool {
        self.interrupt.signal().is_some()
    }
}

/// Joins pieces of output into lines.
struct LineSplitter {
    rest: Vec<u8>,
}

impl LineSplitter {
    fn add(&mut self, bytes: &[u8], on_line: &mut dyn FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(&piece[..piece.len().min(LONGEST_LINE.saturating_sub(self.rest.len()))]);
            if piece.ends_with(b"\n") {
                self.end(on_line);
            }
        }
    }

    fn end(&mut self, on_line: &mut dyn FnMut(&str)) {
        if !self.rest.is_empty() {
            on_line(String::from_utf8_lossy(&self.rest).trim_end_matches(['\n', '\r']));
            self.rest.clear();
        }
    }
}
