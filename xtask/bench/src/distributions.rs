//! Sixty pinned Python distributions: installed into an empty eggs directory from files that are on this machine, and then
//! once more with nothing to do. Compared with zc.buildout, and with `uv pip install --target`.
//!
//! The distributions are those of Zope 5.13, as its released pins name them. They come from the index of the machine's pip,
//! once; after that, each tool has them in its own cache or download cache.

use std::path::{Path, PathBuf};

use crate::compare::{ComparedTools, ROUNDS, RunMode};
use crate::measure::{self, Measured, MeasuredCost};
use crate::table::{self, ResultRow};
use crate::tool::Tool;
use crate::work;
use xtask::workspace::{CommandFailure, Workspace, run as run_to_end};

/// How often each tool installs everything.
const SLOW_ROUNDS: usize = 3;

/// The pins.
const PINS: &str = include_str!("../../../tests/black_box/distributions/zope-5.13.cfg");

/// What the pins lack.
const FURTHER: &str = "python-gettext = 5.0\nsetuptools = 80.9.0\n";

/// The rows against zc.buildout, then those against uv.
pub(crate) fn rows(workspace: &Workspace, tools: &ComparedTools) -> Result<[Vec<ResultRow>; 2], CommandFailure> {
    let environment = tools.directory.join("environment");
    let python = environment.join("bin/python");
    let install = ["-m", "pip", "install", "--quiet", "zc.recipe.egg==6.0.0", "uv"];
    run_to_end(&mut workspace.program(&python.to_string_lossy(), install))?;
    let downloads = tools.directory.join("downloads");
    std::fs::create_dir_all(&downloads)
        .map_err(|error| CommandFailure::new(format!("{}: {error}", downloads.display())))?;
    let pair = tools.both("distributions", &configuration(&python))?;
    // Fills the caches.
    tools.once(&pair, &[])?;
    let first = tools.compare(&pair, SLOW_ROUNDS, &[], RunMode::Fresh)?;
    tools.once(&pair, &[])?;
    let [theirs, ours] = tools.compare(&pair, ROUNDS, &[], RunMode::Again)?;
    let again = ResultRow::time("the same, nothing to do", &theirs, &ours, 50.0, 150.0);
    let uv = with_uv(tools, &environment, &pair[1])?;
    let row = ResultRow::time("60 distributions pinned, empty eggs directory", &first[0], &first[1], 10.0, 10.0);
    let against_uv = ResultRow::time("the same against `uv pip install --target`", &uv, &first[1], 0.5, 1.0);
    Ok([vec![row, again], vec![against_uv]])
}

fn configuration(python: &Path) -> Vec<(String, String)> {
    let text = format!(
        "[buildout]\nextends = versions.cfg\nparts = zope\nexecutable = {}\ndownload-cache = ${{buildout:directory}}/../downloads\n\n\
         [zope]\nrecipe = zc.recipe.egg\neggs = Zope[wsgi]\n",
        python.display()
    );
    vec![("buildout.cfg".to_owned(), text), ("versions.cfg".to_owned(), format!("{PINS}{FURTHER}"))]
}

/// The time that uv takes for the same distributions, from its own cache.
fn with_uv(tools: &ComparedTools, environment: &Path, ours: &Tool<'_>) -> Result<Vec<MeasuredCost>, CommandFailure> {
    let buildout = tools.directory.join("distributions-uv");
    let pins = PINS.lines().chain(FURTHER.lines()).filter_map(|line| line.split_once(" = "));
    let constraints: String = pins.map(|(name, version)| format!("{name}=={version}\n")).collect();
    work::write(&buildout, &[("constraints.txt".to_owned(), constraints)])?;
    let uv: PathBuf = environment.join("bin/uv");
    let python = environment.join("bin/python");
    let mut arguments = vec!["pip", "install", "--quiet", "--target", "target", "-c", "constraints.txt", "--python"];
    let shown = python.to_string_lossy().into_owned();
    arguments.extend([shown.as_str(), "Zope[wsgi]"]);
    let command = vec![uv.as_path()];
    let tool = Tool { name: "uv", command, buildout };
    let mut costs = Vec::new();
    for round in 0..=SLOW_ROUNDS {
        let target = tool.buildout.join("target");
        if target.exists() {
            std::fs::remove_dir_all(&target)
                .map_err(|error| CommandFailure::new(format!("{}: {error}", target.display())))?;
        }
        table::progress(tool.name, &ours.buildout, round, SLOW_ROUNDS);
        let cost = measure::run(&tool, &tools.directory, &arguments, Measured::Time)?.0;
        // The first round fills its cache.
        costs.extend((round > 0).then_some(cost));
    }
    Ok(costs)
}
