//! Runs one text with fenced blocks, and compares what happens with what it says.

use std::path::Path;

use libtest_mimic::Failed;
use test_support::Space;
use test_support::scenario::{self, Dialect};

/// Runs one text to its end in `space` and reports every difference.
pub(crate) fn run(file: &Path, space: &Space, dialect: Dialect) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file)?;
    let outcome = scenario::run(&text, space, dialect).map_err(|error| format!("{}: {error}", file.display()))?;
    if outcome == text {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, outcome)?;
        return Ok(());
    }
    let differences = scenario::differences(&file.display().to_string(), &text, &outcome);
    Err(format!("what happened is not what is expected (BLESS=1 rewrites it)\n{differences}").into())
}

/// A scenario without a command does nothing, and would pass whatever the program does.
pub(crate) fn checks_something(file: &Path) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file)?;
    if runs_a_command(&text) {
        return Ok(());
    }
    Err(format!("{} runs no command: it has no `console` block with a line that begins with `$ `", file.display())
        .into())
}

fn runs_a_command(text: &str) -> bool {
    let mut consoles = text.split("\n```console\n").skip(1);
    consoles.any(|rest| rest.lines().take_while(|line| *line != "```").any(|line| line.starts_with("$ ")))
}

/// What [`checks_something`] finds; run by the program itself, which has no other unit tests.
pub(crate) fn an_empty_scenario_is_found() -> Result<(), Failed> {
    let cases = [
        ("# Title\n\n```console\n$ true\n```\n", true),
        ("# Title\n\n```cfg buildout.cfg\n[buildout]\n```\n", false),
        ("# Title\n\n```console\n```\n\n$ true\n", false),
        ("# Title\n\n``` console\n$ true\n```\n", false),
        ("", false),
    ];
    for (text, expected) in cases {
        if runs_a_command(text) != expected {
            return Err(format!("{text:?}").into());
        }
    }
    Ok(())
}
