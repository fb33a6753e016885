//! Compares two tools that do the same work: they take turns, and must agree.

use std::path::{Path, PathBuf};

use xtask::workspace::CommandFailure;

use crate::measure::{self, Measured, MeasuredCost, median};
use crate::table::{self, ResultRow, Unit};
use crate::tool::Tool;
use crate::work;

/// How often each tool does a piece of work; the median counts.
pub(crate) const ROUNDS: usize = 5;

/// The two programs, and where they work.
pub(crate) struct ComparedTools {
    pub(crate) reference: PathBuf,
    pub(crate) host: PathBuf,
    pub(crate) directory: PathBuf,
}

/// How a tool takes its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunMode {
    /// From an empty buildout.
    Fresh,
    /// Once more.
    Again,
    /// Once more, and its memory is looked at.
    Watched,
}

impl ComparedTools {
    /// A buildout directory for each tool with these files.
    pub(crate) fn both(&self, name: &str, files: &[(String, String)]) -> Result<[Tool<'_>; 2], CommandFailure> {
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
    pub(crate) fn once(&self, tools: &[Tool<'_>; 2], arguments: &[&str]) -> Result<(), CommandFailure> {
        for tool in tools {
            measure::run(tool, &self.directory, arguments, Measured::Time)?;
        }
        Ok(())
    }

    /// Lets the tools take turns.
    pub(crate) fn compare(
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
    pub(crate) fn agree(&self, tools: &[Tool<'_>; 2], arguments: &[&str]) -> Result<(), CommandFailure> {
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
    /// A row whose figures are the medians of both tools.
    pub(crate) fn time(
        work: &'static str,
        theirs: &[MeasuredCost],
        ours: &[MeasuredCost],
        required: f64,
        aim: f64,
    ) -> Self {
        let seconds = |costs: &[MeasuredCost]| median(costs.iter().map(|cost| cost.seconds).collect());
        Self { work, unit: Unit::Seconds, theirs: seconds(theirs), ours: seconds(ours), required, aim }
    }
}
