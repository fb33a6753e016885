//! Work on configurations and small parts, done by zc.buildout and the host.

use xtask::workspace::CommandFailure;

use crate::compare::{ComparedTools, ROUNDS, RunMode};
use crate::measure::MeasuredCost;
use crate::table::{ResultRow, Unit};
use crate::work::{many_parts, one_part, profile};

/// The same for work that takes zc.buildout many seconds.
const SLOW_ROUNDS: usize = 3;

const PARTS: usize = 1000;

pub(crate) fn rows(tools: &ComparedTools) -> Result<Vec<ResultRow>, CommandFailure> {
    let one = tools.both("one", &one_part())?;
    let [theirs, ours] = tools.compare(&one, ROUNDS, &[], RunMode::Again)?;
    let mut rows = vec![ResultRow::time("one part, nothing to do", &theirs, &ours, 50.0, 200.0)];

    let many = tools.both("many", &many_parts(PARTS))?;
    let [theirs, ours] = tools.compare(&many, SLOW_ROUNDS, &[], RunMode::Fresh)?;
    let first = ResultRow::time("1,000 mkdir parts, first run", &theirs, &ours, 60.0, 200.0);
    let [theirs, ours] = tools.compare(&many, ROUNDS, &[], RunMode::Again)?;
    rows.push(ResultRow::time("1,000 parts, nothing to do", &theirs, &ours, 30.0, 100.0));
    rows.push(first);

    let stack = tools.both("profile", &profile())?;
    let query = ["query", "versions:total"];
    // zc.buildout makes a directory when it first runs, and says so.
    tools.once(&stack, &query)?;
    tools.agree(&stack, &query)?;
    let [theirs, ours] = tools.compare(&stack, SLOW_ROUNDS, &query, RunMode::Again)?;
    rows.push(ResultRow::time("read a 45-file profile, 359 paths of extends", &theirs, &ours, 500.0, 2000.0));

    let [theirs, ours] = tools.compare(&many, SLOW_ROUNDS, &[], RunMode::Watched)?;
    let peak = |costs: &[MeasuredCost]| costs.iter().map(|cost| cost.peak_memory).max().unwrap_or_default() as f64;
    let unit = Unit::Megabytes;
    let (theirs, ours) = (peak(&theirs) / 1024.0, peak(&ours) / 1024.0);
    rows.push(ResultRow { work: "peak memory, 1,000 parts", unit, theirs, ours, required: 1.0, aim: 2.0 });
    Ok(rows)
}
