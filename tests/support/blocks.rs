//! Texts with fenced blocks that are done or checked: scenarios, and the documentation.
//!
//! What a block does is said by the word behind the fence:
//! - a language and a path (`cfg buildout.cfg`, `rust recipes/src/lib.rs`): the file is written;
//! - `console`: each line that begins with `$ ` is run by a shell in the buildout directory, and must print the lines that
//!   follow (standard output and standard error as they come); a last line `[1]` is a non-zero exit code, and a single
//!   line `…` stands for any output of a command that succeeds;
//! - `tree PATH`: the directory holds these entries; `shows PATH`: the file holds this text.
//!
//! Other blocks are prose. `BLESS=1` rewrites what is expected.

use std::path::Path;

use libtest_mimic::Failed;

use super::Space;

/// How a text's words differ from what is run.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    /// What is written or run where the text says this.
    pub(crate) execute: fn(&str) -> String,
    /// How the text says what a command printed.
    pub(crate) show: fn(&str) -> String,
}

impl Dialect {
    /// Everything is meant as it is written.
    pub(crate) const PLAIN: Self = Self { execute: str::to_owned, show: str::to_owned };
}

/// Runs one text to its end in `space` and reports every difference.
pub(crate) fn run(file: &Path, space: &Space, dialect: Dialect) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file)?;
    let mut outcome = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        outcome.push_str(line);
        outcome.push('\n');
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let body: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        outcome.push_str(&step(space, info, &body, dialect));
        outcome.push_str("```\n");
    }
    if outcome == text {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, outcome)?;
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(text.as_str(), outcome.as_str());
    let diff = diff.unified_diff().header("expected", "what happened").to_string();
    Err(format!("{} differs (BLESS=1 rewrites it)\n{diff}", file.display()).into())
}

/// Does one block; gives the block as it should read.
fn step(space: &Space, info: &str, body: &str, dialect: Dialect) -> String {
    match info.split_once(' ') {
        None if info == "console" => console(space, body, dialect),
        Some(("tree", path)) => space.list(path),
        Some(("shows", path)) => (dialect.show)(&space.shown(&space.read(path))),
        Some((_, path)) => {
            space.write(path, &(dialect.execute)(body));
            body.to_owned()
        }
        None => body.to_owned(),
    }
}

fn console(space: &Space, body: &str, dialect: Dialect) -> String {
    let mut outcome = String::new();
    for entry in format!("\n{body}").split("\n$ ").skip(1) {
        let (command, expected) = entry.split_once('\n').unwrap_or((entry, ""));
        let (printed, code) = space.shell(&(dialect.execute)(command));
        let anything = expected.trim_end() == "…" && code == 0;
        let printed = if anything { "…\n".to_owned() } else { (dialect.show)(&printed) };
        outcome.push_str(&format!("$ {command}\n{printed}"));
        if code != 0 {
            outcome.push_str(&format!("[{code}]\n"));
        }
    }
    outcome
}
