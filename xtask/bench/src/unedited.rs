//! A run that has nothing to do, with an unedited recipe for zc.buildout: what the sandboxed Python costs against a recipe in
//! Rust, for one part and for ten.

use std::path::{Path, PathBuf};

use crate::compare::{ComparedTools, ROUNDS, RunMode};
use crate::languages::SETTLE;
use crate::measure::MeasuredCost;
use crate::table::ResultRow;
use crate::tool::Tool;
use crate::work;
use xtask::workspace::CommandFailure;

/// The number of parts, the name of the row, and how much more Python recipes may cost: the limit and the aim, in seconds.
const ROWS: [(usize, &str, f64, f64); 2] = [
    (1, "nothing to do, a recipe for zc.buildout, against one in Rust and 30 ms", 0.030, 0.010),
    (10, "the same with ten parts, against ten in Rust and 60 ms", 0.060, 0.020),
];

/// The recipe; the pins are what it needs.
const PYTHON: &str = "recipe = collective.recipe.template\ninline = x\noutput = ${buildout:parts-directory}/${:_buildout_section_name_}\n";
const PINS: &str = "\n[versions]\ncollective.recipe.template = 3.0.0\nzc.recipe.egg = 6.0.0\nsetuptools = 80.9.0\npip = 26.0\nwheel = 0.45.1\n\
                    zc.buildout = 6.0.1\npackaging = 26.0\n";
const RUST: &str = "recipe = debug\n";

/// The rows: what takes the place of zc.buildout's column is the recipe in Rust, and the budget.
pub(crate) fn rows(host: &Path, directory: &Path) -> Result<Vec<ResultRow>, CommandFailure> {
    let tools = ComparedTools { reference: PathBuf::new(), host: host.to_owned(), directory: directory.to_owned() };
    ROWS.into_iter().map(|row| compare(&tools, row)).collect()
}

fn compare(
    tools: &ComparedTools,
    (parts, work, budget, aim): (usize, &'static str, f64, f64),
) -> Result<ResultRow, CommandFailure> {
    let pair = [tool(tools, "rust", parts, RUST)?, tool(tools, "python", parts, PYTHON)?];
    tools.once(&pair, &[])?;
    std::thread::sleep(SETTLE);
    // Nothing newer is asked for: the index would be the larger part of the time.
    let [mut rust, python] = tools.compare(&pair, ROUNDS, &["-N"], RunMode::Again)?;
    rust.iter_mut().for_each(|MeasuredCost { seconds, .. }| *seconds += budget);
    let row = ResultRow::time(work, &rust, &python, 1.0, 1.0);
    Ok(ResultRow { aim: row.theirs / (row.theirs - budget + aim), ..row })
}

fn tool<'a>(
    tools: &'a ComparedTools,
    language: &'static str,
    parts: usize,
    section: &str,
) -> Result<Tool<'a>, CommandFailure> {
    let names: Vec<String> = (0..parts).map(|number| format!("part-{number}")).collect();
    let sections: String = names.iter().map(|name| format!("\n[{name}]\n{section}")).collect();
    let text = format!("[buildout]\nparts = {}\n{sections}{PINS}", names.join(" "));
    let buildout = tools.directory.join(format!("unedited-{language}-{parts}"));
    work::write(&buildout, &[("buildout.cfg".to_owned(), text)])?;
    Ok(Tool { name: language, command: vec![tools.host.as_path(), Path::new("run")], buildout })
}
