//! Runs the scenarios in `tests/scenarios/**.md`: files that a newcomer can read as documentation (`support/blocks.rs`
//! says what their fenced blocks mean).
//!
//! `/tmp/` stands for a directory of the scenario's own, `[REPOSITORY]` for the project's, `DIGEST` for a recipe's digest.
//! `BLESS=1` rewrites what is expected.

mod support;

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Trial};
use support::blocks::{self, Dialect};
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
        Trial::test(name, move || blocks::run(&file, &Space::new(), Dialect::PLAIN))
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
