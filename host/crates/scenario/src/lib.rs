//! Scenarios: Markdown files with the files, commands and output of a session, which are executed and compared.
//!
//! The word after the fence decides what a block does:
//! - a language and a path (`cfg buildout.cfg`, `rust recipes/src/lib.rs`): the file is written;
//! - `console`: each line that starts with `$ ` is run by a shell in the buildout directory, and must print the lines
//!   that follow (standard output and standard error, interleaved); a last line `[1]` is a non-zero exit code, and a
//!   single line `…` matches any output of a command that succeeds;
//! - `tree PATH`: the directory contains these entries; `shows PATH`: the file contains this text.
//!
//! Other blocks are prose. Does not know about recipes: the host's own tests use this crate for their scenarios, too.

mod stage;

use std::io;
use std::ops::Range;

pub use stage::{BUILDOUT, ScenarioDirectory};

/// How the text of a scenario differs from what is executed.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// Translates text of the scenario to what is written or run.
    pub execute: fn(&str) -> String,
    /// Translates output of a command to the text of the scenario.
    pub show: fn(&str) -> String,
}

impl Dialect {
    /// No translation.
    pub const PLAIN: Self = Self { execute: str::to_owned, show: str::to_owned };
}

/// A scenario that cannot continue, e.g. because a file that it shows does not exist.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {error}")]
pub struct Broken {
    /// The line of the block, counted from 1.
    pub line: usize,
    /// The cause.
    pub error: io::Error,
}

/// Runs a scenario to its end; returns its text with the actual results.
///
/// # Errors
/// When a block cannot be executed.
pub fn run(text: &str, stage: &ScenarioDirectory, dialect: Dialect) -> Result<String, Broken> {
    let mut outcome = String::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        outcome.push_str(line);
        outcome.push('\n');
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let body = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let body: String = body.map(|line| format!("{line}\n")).collect();
        let step = step(stage, info, &body, dialect);
        outcome.push_str(&step.map_err(|error| Broken { line: number + 1, error })?);
        outcome.push_str("```\n");
    }
    Ok(outcome)
}

/// Whether a scenario runs any command: one without commands always passes.
pub fn has_command(text: &str) -> bool {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let mut body = lines.by_ref().take_while(|line| *line != "```");
        if body.any(|line| info == "console" && line.starts_with("$ ")) {
            return true;
        }
    }
    false
}

/// Executes one block; returns it with the actual results.
fn step(stage: &ScenarioDirectory, info: &str, body: &str, dialect: Dialect) -> io::Result<String> {
    Ok(match info.split_once(' ') {
        None if info == "console" => console(stage, body, dialect)?,
        Some(("tree", path)) => stage.list(path)?,
        Some(("shows", path)) => (dialect.show)(&stage.shown(&stage.read(path)?)),
        Some((_, path)) => {
            stage.write(path, &(dialect.execute)(body))?;
            body.to_owned()
        }
        None => body.to_owned(),
    })
}

fn console(stage: &ScenarioDirectory, body: &str, dialect: Dialect) -> io::Result<String> {
    let mut outcome = String::new();
    for entry in format!("\n{body}").split("\n$ ").skip(1) {
        let (command, expected) = entry.split_once('\n').unwrap_or((entry, ""));
        let (printed, code) = stage.shell(&(dialect.execute)(command))?;
        let anything = expected.trim_end() == "…" && code == 0;
        let printed = if anything { "…\n".to_owned() } else { (dialect.show)(&printed) };
        outcome.push_str(&format!("$ {command}\n{printed}"));
        if code != 0 {
            outcome.push_str(&format!("[{code}]\n"));
        }
    }
    Ok(outcome)
}

/// Number of lines shown around a difference.
const CONTEXT: usize = 3;

/// The differences, each with `name:line`, expected lines (`-`) and actual lines (`+`).
pub fn differences(name: &str, expected: &str, outcome: &str) -> String {
    let diff = similar::TextDiff::from_lines(expected, outcome);
    let mut text = String::new();
    for group in diff.grouped_ops(CONTEXT) {
        let is_change = |op: &&similar::DiffOp| op.tag() != similar::DiffTag::Equal;
        let Some(Range { start, .. }) = group.iter().find(is_change).map(similar::DiffOp::old_range) else { continue };
        text.push_str(&format!("{name}:{}\n", start + 1));
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            text.push_str(&format!("{}{}", change.tag(), change.value()));
            if change.missing_newline() {
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn outcome(text: &str) -> Result<String, Broken> {
        let variables = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        run(text, &ScenarioDirectory::new(variables, Vec::new()).unwrap(), Dialect::PLAIN)
    }

    #[test]
    fn what_happens_is_written_down() {
        let text = "# A\n\n```cfg a/b.cfg\nx\n```\n\n```console\n$ cat a/b.cfg; pwd\n$ false\n$ echo 1\n…\n```\n\n```tree .\n```\n\n```shows a/b.cfg\n```\n";
        let expected = "# A\n\n```cfg a/b.cfg\nx\n```\n\n```console\n$ cat a/b.cfg; pwd\nx\n/tmp/sample-buildout\n$ false\n[1]\n$ echo 1\n…\n```\n\n```tree .\nd  a\n```\n\n```shows a/b.cfg\nx\n```\n";
        assert_eq!(outcome(text).unwrap(), expected);
        assert_eq!(outcome("\n```shows none\n```\n").unwrap_err().line, 2);
    }

    #[test]
    fn a_text_without_a_command_is_found() {
        assert!(has_command("# Title\n\n```console\n$ true\n```\n"));
        assert!(has_command("```cfg buildout.cfg\n[buildout]\n```\n```console\n$ true\n```\n"));
        for text in [
            "",
            "```cfg buildout.cfg\n[buildout]\n```\n",
            "```console\n```\n\n$ true\n",
            "``` console\n$ true\n```\n",
            "```sh\n$ true\n```\n",
        ] {
            assert!(!has_command(text), "{text}");
        }
    }

    #[test]
    fn differences_name_their_line() {
        let expected = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n";
        let found = differences("a.md", expected, &expected.replace("\n2\n", "\ntwo\n").replace("11\n", "eleven\n"));
        assert_eq!(found, "a.md:2\n 1\n-2\n+two\n 3\n 4\n 5\na.md:11\n 8\n 9\n 10\n-11\n+eleven\n");
        assert_eq!(differences("a.md", expected, expected), "");
    }
}
