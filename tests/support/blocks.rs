//! Texts with fenced blocks that are done or checked: scenarios, and the documentation. What a block does,
//! `buildout_host::scenario` says. `BLESS=1` rewrites what is expected.

use std::path::Path;

use buildout_host::scenario;
use libtest_mimic::Failed;

use super::Space;

pub(crate) use scenario::Dialect;

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
