//! Commands of builds, run by `confine`.

use confine::{Command, Level, Limits, Outcome, Policy, Runner};

use base::interrupt::Interrupt;

use super::{BuildCommand, BuildError, Commands, Ended};

/// Longest line that is passed on, in bytes.
const LONGEST_LINE: usize = 64 << 10;

/// Runs commands confined.
pub struct Confined<'a> {
    /// Starts them.
    pub runner: &'a Runner,
    /// How much they are confined.
    pub level: Level,
    /// The resources that they may use.
    pub limits: Limits,
    /// Ends them early.
    pub interrupt: &'a Interrupt,
    /// Directories in which recipes or commands may have made symbolic links.
    pub written: Vec<std::path::PathBuf>,
}

impl Commands for Confined<'_> {
    fn run(&self, command: &BuildCommand, on_line: &mut dyn FnMut(&str)) -> Result<Ended, BuildError> {
        let BuildCommand { program, arguments, directory, environment, read, write, deadline } = command.clone();
        let command =
            Command { program: program.into(), arguments, directory, environment, deadline, ..Command::default() };
        // Without a user's home directory, `/` would be requested where a Python is installed there.
        let read = read.into_iter().filter(|path| path.is_absolute() && path.parent().is_some()).collect();
        let policy = Policy {
            read,
            write,
            written: self.written.clone(),
            staged: Vec::new(),
            level: self.level,
            limits: self.limits.clone(),
        };
        let mut lines = Lines { rest: Vec::new() };
        let outcome = self.runner.run(&command, &policy, &mut |_, bytes| lines.add(bytes, on_line), self.interrupt)?;
        lines.end(on_line);
        Ok(match outcome {
            Outcome::Exited(0) => Ended::Well,
            Outcome::Exited(code) => Ended::Otherwise(format!("its command ended with exit code {code}")),
            Outcome::Signalled(signal) => Ended::Otherwise(format!("its command was ended by signal {signal}")),
            Outcome::TimedOut => Ended::Otherwise("its command took too long".to_owned()),
            Outcome::DiskFull => {
                Ended::Otherwise("its command used up the space on the disk that it may use".to_owned())
            }
            Outcome::Interrupted => Ended::Interrupted,
        })
    }

    fn is_cancelled(&self) -> bool {
        self.interrupt.signal().is_some()
    }
}

/// Joins pieces of output into lines.
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
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
