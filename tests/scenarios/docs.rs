//! Runs what the documentation shows: README.md, `docs/*.md` and `docs/recipes/*.md`.
//!
//! Each document has a directory with the project's `examples/` in it, as a clone would have them. There `cargo xtask run
//! ARGUMENTS` is run as `buildout-host run ARGUMENTS`: what xtask does before, building, is done when tests run.
//! `/path/to/buildout-host` means the repository, and `registry.example` a registry that runs on this machine as long as the
//! document that names it. Commands in `sh` blocks are not run: only those that this file lists may stand there. But the commands
//! that start a remote cache are run as they are written, except for the port.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use libtest_mimic::{Failed, Trial};
use scenario::Dialect;
use test_support::casd::ShownServer;
use test_support::registry::Registry;
use test_support::{Space, copy_tracked, repository};

use crate::blocks;

/// Commands that change the machine, or that run this test.
const NOT_RUN: [&str; 7] = [
    "git clone ",
    "cd buildout-host",
    "cargo xtask ",
    "./.ci/run",
    "rustup ",
    "python3 -m pip install --no-deps --target casd ",
    SERVER,
];

const DIALECT: Dialect = Dialect {
    execute: |text| {
        let text =
            text.replace("cargo xtask run", "buildout-host run").replace("/path/to/buildout-host", "[REPOSITORY]");
        let text = with_registry(|host| text.replace(REGISTRY, host)).unwrap_or(text);
        with_cache(|address| text.replace(CACHE, address)).unwrap_or(text)
    },
    show: |text| {
        let text = text.replace("[REPOSITORY]", "/path/to/buildout-host");
        let text = with_registry(|host| text.replace(host, REGISTRY)).unwrap_or(text);
        with_cache(|address| text.replace(address, CACHE)).unwrap_or(text)
    },
};

/// What documents call the registry.
const REGISTRY: &str = "registry.example";
/// Where documents start a remote cache.
const CACHE: &str = "127.0.0.1:9092";
/// How commands begin that start one.
const SERVER: &str = "casd/";

thread_local! {
    /// Where the registry of the document is that this thread runs.
    static REGISTRY_HOST: RefCell<Option<String>> = const { RefCell::new(None) };
    /// The address of its remote cache.
    static CACHE_ADDRESS: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn with_registry(use_host: impl FnOnce(&str) -> String) -> Option<String> {
    REGISTRY_HOST.with_borrow(|host| host.as_deref().map(use_host))
}

fn with_cache(use_address: impl FnOnce(&str) -> String) -> Option<String> {
    CACHE_ADDRESS.with_borrow(|address| address.as_deref().map(use_address))
}

pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    documents().into_iter().map(|file| {
        let name = file.strip_prefix(repository()).expect("in the repository").display().to_string();
        Trial::test(name, move || check(&file))
    })
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
    /// Two documents develop a crate of the same name: in the target directory that all tests share, one would take the
    /// other's component if they ran at once.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // Some documents have Python recipes.
    let space = Space::for_python();
    copy_tracked("examples", &space.buildout());
    let text = std::fs::read_to_string(file)?;
    only_listed_commands(&text)?;
    let registry = text.contains(&format!("oci://{REGISTRY}/")).then(Registry::start);
    REGISTRY_HOST.set(registry.as_ref().map(|registry| registry.host().to_owned()));
    let mut server = None;
    for (number, (at, command)) in server_commands(&text).into_iter().enumerate() {
        if number > 0 {
            // What is shown before this server is started works with the one before.
            blocks::run_text(file, &text[..at], &Space::new(), DIALECT)?;
        }
        drop(server.take());
        let started = ShownServer::start(command, CACHE);
        CACHE_ADDRESS.set(Some(started.authority()));
        server = Some(started);
    }
    blocks::run(file, &space, DIALECT)
}

/// The commands that start a remote cache, with the places of their blocks.
fn server_commands(text: &str) -> Vec<(usize, &str)> {
    let blocks = text.match_indices("```sh\n").map(|(at, fence)| (at, &text[at + fence.len()..]));
    blocks
        .filter_map(|(at, block)| {
            let mut lines = block.lines().take_while(|line| *line != "```");
            Some((at, lines.find(|line| line.starts_with(SERVER))?))
        })
        .collect()
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
