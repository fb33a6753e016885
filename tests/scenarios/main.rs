//! Runs texts with fenced blocks: the scenarios in `tests/scenarios/**.md`, files that a newcomer can read as documentation,
//! and the documentation itself. The crate `scenario` defines what the blocks mean.
//!
//! `/tmp/` stands for the directory that each text gets, `[REPOSITORY]` for the project's, `[TARGET]` for Cargo's target
//! directory, `DIGEST` for a recipe's digest.
//! `BLESS=1` rewrites what is expected.

mod blocks;
mod docs;

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Trial};
use scenario::Dialect;
use test_support::{Space, repository};

fn main() {
    let arguments = Arguments::from_args();
    let directory = repository().join("tests/scenarios");
    let mut files = Vec::new();
    collect(&directory, &mut files);
    files.sort();
    assert!(!files.is_empty(), "no scenarios in {}", directory.display());
    let scenarios = files.into_iter().map(|file| {
        let python = directory.join("python-recipes");
        let name = file.strip_prefix(&directory).expect("below the directory").display().to_string();
        Trial::test(name, move || {
            blocks::runs_a_command(&file)?;
            let space = if file.starts_with(&python) || file.ends_with("errors/recipes.md") {
                Space::for_python()
            } else {
                Space::new()
            };
            blocks::run(&file, &space, Dialect::PLAIN)
        })
    });
    // Documents take longest: one after the other, next to the scenarios.
    let trials = docs::trials().chain(scenarios).collect();
    libtest_mimic::run(&arguments, trials).exit();
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
