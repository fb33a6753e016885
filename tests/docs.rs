//! Runs what the documentation shows: README.md, `docs/*.md` and `docs/recipes/*.md`, with the blocks that `support/blocks.rs` describes.
//!
//! Each document has a directory of its own, which holds a copy of `examples/`, as a clone of the repository would. There
//! `cargo xtask run ARGUMENTS` is run as `buildout-host run ARGUMENTS`: what xtask does first, building, has been done by
//! whoever runs this test. `/path/to/buildout-host` means the repository, and `registry.example` a registry that runs on this
//! machine as long as the document that names it. Commands in `sh` blocks are not run: only those
//! that this file lists may stand there.

mod support;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use support::blocks::{self, Dialect};
use support::registry::Registry;
use support::{Space, repository};

/// Commands that change the machine, or that run this test.
const NOT_RUN: [&str; 5] = ["git clone ", "cd buildout-host", "cargo xtask ", "./.ci/run", "rustup "];

const DIALECT: Dialect = Dialect {
    execute: |text| {
        let text =
            text.replace("cargo xtask run", "buildout-host run").replace("/path/to/buildout-host", "[REPOSITORY]");
        if let Some(host) = &*registry_host() { text.replace(REGISTRY, host) } else { text }
    },
    show: |text| {
        let text = text.replace("[REPOSITORY]", "/path/to/buildout-host");
        if let Some(host) = &*registry_host() { text.replace(host, REGISTRY) } else { text }
    },
};

/// What documents call the registry.
const REGISTRY: &str = "registry.example";

/// Where it is, for the document that is being run.
fn registry_host() -> MutexGuard<'static, Option<String>> {
    static HOST: Mutex<Option<String>> = Mutex::new(None);
    HOST.lock().unwrap_or_else(PoisonError::into_inner)
}

fn main() {
    let mut arguments = Arguments::from_args();
    // Two documents develop a crate of the same name: in the target directory that all tests share, one would take the
    // other's component if they ran at once.
    arguments.test_threads = Some(1);
    let trials = documents().into_iter().map(|file| {
        let name = file.strip_prefix(repository()).expect("in the repository").display().to_string();
        Trial::test(name, move || check(&file))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn documents() -> Vec<PathBuf> {
    let mut files = vec![repository().join("README.md")];
    for directory in ["docs", "docs/recipes"] {
        let entries = std::fs::read_dir(repository().join(directory)).expect(directory);
        files.extend(entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some()));
    }
    files.sort();
    files
}

fn check(file: &Path) -> Result<(), Failed> {
    let space = Space::new();
    let copy = "cp -r [REPOSITORY]/examples examples";
    assert_eq!(space.shell(copy).1, 0, "{copy}");
    let text = std::fs::read_to_string(file)?;
    only_listed_commands(&text)?;
    let registry = text.contains(&format!("oci://{REGISTRY}/")).then(Registry::start);
    *registry_host() = registry.as_ref().map(|registry| registry.host().to_owned());
    blocks::run(file, &space, DIALECT)
}

/// What is not run must be one of [`NOT_RUN`].
fn only_listed_commands(text: &str) -> Result<(), Failed> {
    for block in text.split("```sh\n").skip(1) {
        for line in block.lines().take_while(|line| *line != "```").filter(|line| !line.is_empty()) {
            if !line.starts_with('#') && !NOT_RUN.iter().any(|command| line.starts_with(command)) {
                return Err(format!("`{line}` is shown but not run: use a console block").into());
            }
        }
    }
    Ok(())
}
