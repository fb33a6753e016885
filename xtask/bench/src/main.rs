//! The benchmark against zc.buildout: both do the same work in one run, on the same machine, taking turns; the table says
//! whether the budgets hold (`docs/benchmark.md`). Timings are never asserted: the exit code is 0 whatever they are.

mod cached;
mod compare;
mod configurations;
mod distributions;
mod languages;
mod measure;
mod native;
mod reference;
mod shared;
mod table;
mod tool;
mod unedited;
mod work;

use std::process::ExitCode;

use xtask::build::dist;
use xtask::workspace::{CommandFailure, Workspace};

use compare::ComparedTools;
use reference::install_reference;
use table::{print_json, print_table};

const USAGE: &str = "Usage: cargo xtask bench [--json] [configurations|builds|distributions|recipes|sharing]";

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
            "configurations" | "builds" | "distributions" | "recipes" | "sharing" if only.is_none() => {
                only = Some(argument.as_str());
            }
            _ => return Err(CommandFailure::usage(USAGE)),
        }
    }
    let host = dist(workspace)?;
    let directory = workspace.target.join("bench");
    let mut tables = Vec::new();
    let wants = |table| only.is_none_or(|only| only == table);
    if wants("configurations") {
        let reference = install_reference(workspace, &directory)?;
        let tools = ComparedTools { reference, host: host.clone(), directory: directory.clone() };
        tables.push(("zc.buildout", configurations::rows(&tools)?));
    }
    if wants("builds") {
        tables.push(("compared with", native::rows(workspace, &host, &directory)?));
    }
    if wants("distributions") {
        let reference = install_reference(workspace, &directory)?;
        let tools = ComparedTools { reference, host: host.clone(), directory: directory.clone() };
        let [against_reference, against_uv] = distributions::rows(workspace, &tools)?;
        tables.extend([("zc.buildout", against_reference), ("uv", against_uv)]);
    }
    if wants("recipes") {
        let mut rows = languages::rows(workspace, &host, &directory)?;
        rows.extend(unedited::rows(&host, &directory)?);
        tables.push(("Rust and budget", rows));
    }
    if wants("sharing") {
        tables.push(("built in", shared::rows(workspace, &host, &directory)?));
        tables.push(("local cache", vec![cached::row(workspace, &host, &directory)?]));
    }
    if json {
        print_json(&tables);
    } else {
        tables.iter().for_each(|(theirs, rows)| print_table(theirs, rows));
    }
    Ok(())
}
