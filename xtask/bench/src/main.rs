//! The benchmark against zc.buildout: both do the same work in one run, on the same machine, taking turns; the table says
//! whether the budgets hold (`docs/benchmark.md`). Timings are never asserted: the exit code is 0 whatever they are.

mod languages;
mod measure;
mod native;
mod reference;
mod shared;
mod table;
mod work;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use xtask::build::dist;
use xtask::workspace::{CommandFailure, Workspace};

use measure::{Measured, MeasuredCost, median};
use reference::install_reference;
use table::{ResultRow, Unit, print_json, print_table};
use work::{many_parts, one_part, profile};

/// How often each tool does a piece of work; the median counts.
const ROUNDS: usize = 5;

/// The same for work that takes zc.buildout many seconds.
const SLOW_ROUNDS: usize = 3;

const PARTS: usize = 1000;

const USAGE: &str = "Usage: cargo xtask bench [--json] [configurations|builds|recipes|sharing]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = Workspace::find().and_then(|workspace| bench(&workspace, &arguments));
    done.map_or_else(CommandFailure::report, |()| ExitCode::SUCCESS)
}

/// Builds the host, installs zc.buildout, measures, prints the table. `--json` prints it for programs.
fn bench(workspace: &Workspace, arguments: &[String]) -> Result<(), CommandFailure> {
    let (mut json, mut only) = (false, None);
    for argument in arguments {
        match argument.as_str() {
            "--json" => json = true,
            "configurations" | "builds" | "recipes" | "sharing" if only.is_none() => only = Some(argument.as_str()),
            _ => return Err(CommandFailure::usage(USAGE)),
        }
    }
    let host = dist(workspace)?;
    let directory = workspace.target.join("bench");
    let mut tables = Vec::new();
    let wants = |table| only.is_none_or(|only| only == table);
    if wants("configurations") {
        let reference = install_reference(workspace, &directory)?;
        tables.push((
            "zc.buildout",
            ComparedTools { reference, host: host.clone(), directory: directory.clone() }.rows()?,
        ));
    }
    if wants("builds") {
        tables.push(("compared with", native::rows(workspace, &host, &directory)?));
    }
    if wants("recipes") {
        tables.push(("Rust and 30 ms", languages::rows(workspace, &host, &directory)?));
    }
    if wants("sharing") {
        tables.push(("built in", shared::rows(workspace, &host, &directory)?));
    }
    if json {
        print_json(&tables);
    } else {
        tables.iter().for_each(|(theirs, rows)| print_table(theirs, rows));
    }
    Ok(())
}

/// The two programs, and where they work.
struct ComparedTools {
    reference: PathBuf,
    host: PathBuf,
    directory: PathBuf,
}

/// One of the programs, and its buildout directory.
struct Tool<'a> {
    name: &'static str,
    command: Vec<&'a Path>,
    buildout: PathBuf,
}

/// How a tool takes its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunMode {
    /// From an empty buildout.
    Fresh,
    /// Once more.
    Again,
    /// Once more, and its memory is looked at.
    Watched,
}

impl ComparedTools {
    fn rows(&self) -> Result<Vec<ResultRow>, CommandFailure> {
        let one = self.both("one", &one_part())?;
        let [theirs, ours] = self.compare(&one, ROUNDS, &[], RunMode::Again)?;
        let mut rows = vec![ResultRow::time("one part, nothing to do", &theirs, &ours, 50.0, 200.0)];

        let many = self.both("many", &many_parts(PARTS))?;
        let [theirs, ours] = self.compare(&many, SLOW_ROUNDS, &[], RunMode::Fresh)?;
        let first = ResultRow::time("1,000 mkdir parts, first run", &theirs, &ours, 60.0, 200.0);
        let [theirs, ours] = self.compare(&many, ROUNDS, &[], RunMode::Again)?;
        rows.push(ResultRow::time("1,000 parts, nothing to do", &theirs, &ours, 30.0, 100.0));
        rows.push(first);

        let stack = self.both("profile", &profile())?;
        let query = ["query", "versions:total"];
        // zc.buildout makes a directory when it first runs, and says so.
        self.once(&stack, &query)?;
        self.agree(&stack, &query)?;
        let [theirs, ours] = self.compare(&stack, SLOW_ROUNDS, &query, RunMode::Again)?;
        rows.push(ResultRow::time("read a 45-file profile, 359 paths of extends", &theirs, &ours, 500.0, 2000.0));

        let [theirs, ours] = self.compare(&many, SLOW_ROUNDS, &[], RunMode::Watched)?;
        let peak = |costs: &[MeasuredCost]| costs.iter().map(|cost| cost.peak_memory).max().unwrap_or_default() as f64;
        let unit = Unit::Megabytes;
        let (theirs, ours) = (peak(&theirs) / 1024.0, peak(&ours) / 1024.0);
        rows.push(ResultRow { work: "peak memory, 1,000 parts", unit, theirs, ours, required: 1.0, aim: 2.0 });
        Ok(rows)
    }

    /// A buildout directory for each tool with these files.
    fn both(&self, name: &str, files: &[(String, String)]) -> Result<[Tool<'_>; 2], CommandFailure> {
        let tool = |tool: &'static str, command: Vec<&'static str>, program| {
            let buildout = self.directory.join(format!("{name}-{tool}"));
            work::write(&buildout, files)?;
            let arguments = command.into_iter().map(Path::new);
            Ok(Tool { name: tool, command: std::iter::once(program).chain(arguments).collect(), buildout })
        };
        Ok([
            tool("zc.buildout", Vec::new(), self.reference.as_path())?,
            tool("buildout-host", vec!["run"], &self.host)?,
        ])
    }

    /// Runs each tool once, untimed.
    fn once(&self, tools: &[Tool<'_>; 2], arguments: &[&str]) -> Result<(), CommandFailure> {
        for tool in tools {
            measure::run(tool, &self.directory, arguments, Measured::Time)?;
        }
        Ok(())
    }

    /// Lets the tools take turns.
    fn compare(
        &self,
        tools: &[Tool<'_>; 2],
        rounds: usize,
        arguments: &[&str],
        turn: RunMode,
    ) -> Result<[Vec<MeasuredCost>; 2], CommandFailure> {
        let measured = if turn == RunMode::Watched { Measured::Memory } else { Measured::Time };
        let mut costs = [Vec::new(), Vec::new()];
        for round in 1..=rounds {
            for (tool, costs) in tools.iter().zip(&mut costs) {
                table::progress(tool.name, &tool.buildout, round, rounds);
                if turn == RunMode::Fresh {
                    work::clear(&tool.buildout)?;
                } else {
                    // Untimed: the other tool's turn may have driven this one's files out of memory.
                    measure::run(tool, &self.directory, arguments, Measured::Time)?;
                }
                costs.push(measure::run(tool, &self.directory, arguments, measured)?.0);
            }
        }
        Ok(costs)
    }

    /// Both tools must give the same answer, or the comparison means nothing.
    fn agree(&self, tools: &[Tool<'_>; 2], arguments: &[&str]) -> Result<(), CommandFailure> {
        let [theirs, ours] = tools;
        let theirs = measure::run(theirs, &self.directory, arguments, Measured::Time)?.1;
        let ours = measure::run(ours, &self.directory, arguments, Measured::Time)?.1;
        if theirs.trim() == ours.trim() && !ours.trim().is_empty() {
            return Ok(());
        }
        Err(CommandFailure::new(format!(
            "The tools disagree about {arguments:?}:\nzc.buildout: {theirs}\nbuildout-host: {ours}"
        )))
    }
}

impl ResultRow {
    fn time(work: &'static str, theirs: &[MeasuredCost], ours: &[MeasuredCost], required: f64, aim: f64) -> Self {
        let seconds = |costs: &[MeasuredCost]| median(costs.iter().map(|cost| cost.seconds).collect());
        Self { work, unit: Unit::Seconds, theirs: seconds(theirs), ours: seconds(ours), required, aim }
    }
}
