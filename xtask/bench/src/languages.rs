//! A run that has nothing to do, with a component written in Python: what its 18 MB cost against a recipe in Rust.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::compare::{ComparedTools, ROUNDS, RunMode};
use crate::measure::MeasuredCost;
use crate::table::ResultRow;
use crate::tool::Tool;
use crate::work;
use xtask::toolchains;
use xtask::workspace::{CommandFailure, Workspace, run as run_to_end};

/// What the component written in Python may cost more, in seconds.
const BUDGET: f64 = 0.030;

/// Longer than the host takes before it believes that a file will not change under its eyes.
pub(crate) const SETTLE: Duration = Duration::from_secs(3);

/// The row: what takes the place of zc.buildout's column is the recipe in Rust, and the budget.
pub(crate) fn rows(workspace: &Workspace, host: &Path, directory: &Path) -> Result<Vec<ResultRow>, CommandFailure> {
    toolchains::toolchains(workspace)?;
    let tools = ComparedTools { reference: PathBuf::new(), host: host.to_owned(), directory: directory.to_owned() };
    let rust = tool(workspace, &tools, "rust")?;
    let python = tool(workspace, &tools, "python")?;
    let pair = [rust, python];
    tools.once(&pair, &[])?;
    std::thread::sleep(SETTLE);
    let [mut rust, python] = tools.compare(&pair, ROUNDS, &[], RunMode::Again)?;
    rust.iter_mut().for_each(|MeasuredCost { seconds, .. }| *seconds += BUDGET);
    let work = "nothing to do, component in Python, against one in Rust and 30 ms";
    Ok(vec![ResultRow::time(work, &rust, &python, 1.0, 1.0)])
}

/// A buildout with one part, made by the recipe of a new project.
fn tool<'a>(
    workspace: &Workspace,
    tools: &'a ComparedTools,
    language: &'static str,
) -> Result<Tool<'a>, CommandFailure> {
    let project = tools.directory.join(format!("recipe-{language}"));
    let buildout = tools.directory.join(format!("run-{language}"));
    // What was built before, of the same template, is taken again.
    if !project.join("README.md").exists() {
        let new = ["recipe", "new", "bench-note", "--language", language, "--directory"];
        run_to_end(workspace.program(&tools.host.to_string_lossy(), new).arg(&project))?;
    }
    let compilers = toolchains::directory(workspace).join("bin");
    let path = format!("{}:{}", compilers.display(), std::env::var("PATH").unwrap_or_default());
    let mut build = workspace.program(&tools.host.to_string_lossy(), ["recipe", "build"]);
    let built = project.join("target");
    run_to_end(build.arg(&project).env("PATH", path).env("CARGO_TARGET_DIR", &built))?;
    let component = match language {
        "rust" => built.join("wasm32-wasip2/release/bench_note.wasm"),
        _ => project.join("build/bench-note.wasm"),
    };
    let configuration = "[buildout]\nparts = data\n\n[data]\nrecipe = bench-note\npath = var\n".to_owned();
    let recipes = format!("[recipe.bench-note]\npath = {component:?}\n");
    work::write(&buildout, &[("buildout.cfg".to_owned(), configuration), ("recipes.toml".to_owned(), recipes)])?;
    let command = vec![tools.host.as_path(), Path::new("run")];
    Ok(Tool { name: language, command, buildout })
}
