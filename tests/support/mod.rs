//! What the black-box tests share: a directory of its own for each test, in which the real binary runs.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

pub(crate) mod blocks;
pub(crate) mod lying;
pub(crate) mod publisher;
pub(crate) mod registry;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use buildout_host::scenario::Stage;

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("host/ lies in the repository").to_owned()
}

/// Cargo's target directory, whichever setting chose it: Cargo keeps the tests' own directory in it.
pub(crate) fn target_directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("tmp lies in the target directory").to_owned()
}

/// The binary under test.
pub(crate) fn host() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_buildout-host"))
}

/// A temporary directory that stands for `/tmp`, with a buildout directory `sample-buildout` in it. `[REPOSITORY]` in its texts
/// stands for the project's directory.
pub(crate) struct Space(Stage);

impl std::ops::Deref for Space {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.0
    }
}

impl Space {
    pub(crate) fn new() -> Self {
        let words = vec![("[REPOSITORY]".to_owned(), repository().to_string_lossy().into_owned())];
        Self(Stage::new(variables(), words).expect("a temporary directory"))
    }

    /// Writes a file below the buildout directory, with the directories that it needs.
    pub(crate) fn write(&self, path: &str, text: &str) {
        self.0.write(path, text).expect("the file is written");
    }

    /// Reads a file below the buildout directory.
    pub(crate) fn read(&self, path: &str) -> String {
        self.0.read(path).expect("the file is read")
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Runs the binary with arguments.
    pub(crate) fn host(&self, arguments: &[&str]) -> Output {
        self.command(host()).args(arguments).output().expect("the host runs")
    }

    /// Runs a shell command; gives what it printed (both outputs, as they came) and its exit code.
    pub(crate) fn shell(&self, line: &str) -> (String, i32) {
        self.0.shell(line).expect("sh runs")
    }
}

/// The test's own variables, with the binary and the compilers of `cargo xtask toolchains` on the `PATH`, and without those that would lead to the user's settings.
fn variables() -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = std::env::vars().collect();
    let real_home = variables.get("HOME").cloned().unwrap_or_default();
    for (name, default) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        variables.entry(name.to_owned()).or_insert_with(|| format!("{real_home}/{default}"));
    }
    for name in ["XDG_CACHE_HOME", "BUILDOUT_HOME"] {
        variables.remove(name);
    }
    let developed = target_directory().join("developed").to_string_lossy().into_owned();
    variables.insert("CARGO_TARGET_DIR".to_owned(), developed);
    let host = host();
    let programs = host.parent().expect("the binary's directory").display();
    let toolchains = target_directory().join("toolchains");
    let path = variables.get("PATH").cloned().unwrap_or_default();
    variables.insert("PATH".to_owned(), format!("{programs}:{}:{path}", toolchains.join("bin").display()));
    variables.insert("ZIG_GLOBAL_CACHE_DIR".to_owned(), toolchains.join("zig-cache").to_string_lossy().into_owned());
    variables
}
