//! Runs the scenarios in `tests/scenarios/**.md`: files that a newcomer can read as documentation.
//!
//! Prose is prose; what stands in a fenced block is done or checked, by the word behind the fence:
//! - a language and a path (`cfg buildout.cfg`, `rust recipes/src/lib.rs`): the file is written;
//! - `console`: each line that begins with `$ ` is run by a shell in the buildout directory, and must print the lines that
//!   follow (standard output and standard error as they come); a last line `[1]` is a non-zero exit code;
//! - `tree PATH`: the directory holds these entries; `shows PATH`: the file holds this text.
//!
//! `/tmp/` stands for a directory of the scenario's own, `[REPOSITORY]` for the project's, `DIGEST` for a recipe's digest.
//! `BLESS=1` rewrites what is expected.

mod support;

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use support::{Space, repository};

fn main() {
    let arguments = Arguments::from_args();
    let directory = repository().join("tests/scenarios");
    let mut files = Vec::new();
    collect(&directory, &mut files);
    files.sort();
    assert!(!files.is_empty(), "no scenarios in {}", directory.display());
    let trials = files.into_iter().map(|file| {
        let name = file.strip_prefix(&directory).expect("below the directory").display().to_string();
        Trial::test(name, move || run(&file))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("the scenarios") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
}

/// Runs one scenario to its end and reports every difference.
fn run(file: &Path) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file)?;
    let space = Space::new();
    let mut outcome = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        outcome.push_str(line);
        outcome.push('\n');
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let body: String = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        outcome.push_str(&step(&space, info, &body));
        outcome.push_str("```\n");
    }
    if outcome == text {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, outcome)?;
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(text.as_str(), outcome.as_str());
    let diff = diff.unified_diff().header("expected", "what happened").to_string();
    Err(format!("{} differs (BLESS=1 rewrites it)\n{diff}", file.display()).into())
}

/// Does one block; gives the block as it should read.
fn step(space: &Space, info: &str, body: &str) -> String {
    match info.split_once(' ') {
        None if info == "console" => console(space, body),
        Some(("tree", path)) => space.list(path),
        Some(("shows", path)) => space.shown(&space.read(path)),
        Some((_, path)) => {
            space.write(path, body);
            body.to_owned()
        }
        None => body.to_owned(),
    }
}

fn console(space: &Space, body: &str) -> String {
    let mut outcome = String::new();
    for command in body.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let (printed, code) = space.shell(command);
        outcome.push_str(&format!("$ {command}\n{printed}"));
        if code != 0 {
            outcome.push_str(&format!("[{code}]\n"));
        }
    }
    outcome
}
