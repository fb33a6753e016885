//! The output of a build: its last lines for the error, all of it in a file, and a script that repeats the build.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base::files::FileError;
use base::shell::quoted;

use super::BuildCommand;
use crate::eggs::fill::clone_within;
use crate::handles::CopyBudget;

/// The most lines that an error shows.
const LAST: usize = 20;

/// The most bytes that are kept of a build's output.
const MOST: usize = 16 << 20;

/// The most files and directories of a failed build that are kept, and the most bytes.
const MOST_KEPT: (u64, u64) = (100_000, 1 << 30);

/// The output of a build.
pub(super) struct BuildLog {
    text: String,
    commands: Vec<BuildCommand>,
}

impl BuildLog {
    pub(super) fn new(what: &str) -> Self {
        Self { text: format!("{what}\n"), commands: Vec::new() }
    }

    /// Starts a command.
    pub(super) fn begin(&mut self, command: &BuildCommand) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "\n$ {}", shown(command));
        self.commands.push(command.clone());
    }

    /// Adds a line of output.
    pub(super) fn line(&mut self, line: &str) {
        if self.text.len() + line.len() < MOST {
            self.text += line;
            self.text.push('\n');
        }
    }

    /// The last lines.
    pub(super) fn last(&self) -> Vec<String> {
        let lines: Vec<&str> = self.text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(LAST)..].iter().map(|line| (*line).to_owned()).collect()
    }

    /// Keeps the log, the sources, and a script that runs the last command again, in a directory below `logs`.
    pub(super) fn keep(
        &self,
        logs: &Path,
        what: &str,
        (source, workspace): (&Path, &Path),
        canceled: &dyn Fn() -> bool,
    ) -> Result<PathBuf, FileError> {
        let directory = logs.join(what.replace(['/', ' '], "-"));
        let _ = base::files::remove_directory(&directory);
        std::fs::create_dir_all(&directory).map_err(FileError::of("create the directory", &directory))?;
        let log = directory.join("build.log");
        std::fs::write(&log, &self.text).map_err(FileError::of("write", &log))?;
        let script = directory.join("reproduce.sh");
        let places = [(source, directory.join("source")), (workspace, directory.join("workspace"))];
        base::files::replace_executable(&script, self.script(&places).as_bytes())?;
        let (entries, bytes) = MOST_KEPT;
        let mut budget = CopyBudget { entries, bytes, canceled };
        for (from, to) in &places {
            // The sources help to find the cause; without them, the log must be enough.
            let _ = clone_within(from, to, &mut budget);
        }
        Ok(log)
    }

    /// A script for a person. It does not confine the command, and its text says so.
    fn script(&self, places: &[(&Path, PathBuf)]) -> String {
        let mut script =
            "#!/bin/sh\n# Runs the last command of the build again, in a copy of the sources, not confined.\nset -e\n"
                .to_owned();
        if let Some(command) = self.commands.last() {
            let moved = |text: &str| {
                let move_one = |text: String, (from, to): &(&Path, PathBuf)| {
                    text.replace(&*from.to_string_lossy(), &to.to_string_lossy())
                };
                places.iter().fold(text.to_owned(), move_one)
            };
            let _ = writeln!(script, "cd {}", quoted(&moved(&command.directory.to_string_lossy())));
            let variables = command.environment.iter().map(|(name, value)| {
                format!("{}={}", name.to_string_lossy(), quoted(&moved(&value.to_string_lossy())))
            });
            let arguments = command.arguments.iter().map(|argument| quoted(&moved(&argument.to_string_lossy())));
            let program = std::iter::once(quoted(&command.program.to_string_lossy()));
            let words: Vec<String> = variables.chain(program).chain(arguments).collect();
            let _ = writeln!(script, "exec env -i \\\n  {}", words.join(" \\\n  "));
        }
        script
    }
}

fn shown(command: &BuildCommand) -> String {
    let words = std::iter::once(command.program.to_string_lossy())
        .chain(command.arguments.iter().map(|word| word.to_string_lossy()));
    words.collect::<Vec<_>>().join(" ")
}
