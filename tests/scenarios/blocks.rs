//! Runs one text with fenced blocks, and compares what happens with what it says.

use std::path::Path;

use libtest_mimic::Failed;
use scenario::Dialect;
use test_support::Space;

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

/// Runs a text that is the beginning of a file, and reports every difference.
pub(crate) fn run_text(file: &Path, text: &str, space: &Space, dialect: Dialect) -> Result<(), Failed> {
    let outcome = scenario::run(text, space, dialect).map_err(|error| format!("{}: {error}", file.display()))?;
    if outcome == text || std::env::var_os("BLESS").is_some() {
        return Ok(());
    }
    Err(scenario::differences(&file.display().to_string(), text, &outcome).into())
}

/// A scenario without a command does nothing, and would pass whatever the program does.
pub(crate) fn runs_a_command(file: &Path) -> Result<(), Failed> {
    if scenario::has_command(&std::fs::read_to_string(file)?) {
        return Ok(());
    }
    let reason = "it has no `console` block with a line that begins with `$ `";
    Err(format!("{} runs no command: {reason}", file.display()).into())
}
