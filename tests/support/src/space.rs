//! A directory for one test, in which the program under test runs.

use std::collections::BTreeMap;
use std::process::Output;

use scenario::ScenarioDirectory;

use crate::paths::{host, repository, target_directory};
use crate::process::RunningProcess;

/// A temporary directory that stands for `/tmp`, with a buildout directory `sample-buildout` in it. `[REPOSITORY]` in its
/// texts stands for the project's directory, `[TARGET]` for Cargo's target directory.
#[derive(Debug)]
pub struct Space(ScenarioDirectory);

impl std::ops::Deref for Space {
    type Target = ScenarioDirectory;

    fn deref(&self) -> &ScenarioDirectory {
        &self.0
    }
}

impl Default for Space {
    fn default() -> Self {
        Self::new()
    }
}

impl Space {
    /// An empty buildout directory.
    pub fn new() -> Self {
        // The target directory first: it may lie in the repository.
        let words = [("[TARGET]", target_directory()), ("[REPOSITORY]", repository())];
        let words = words.map(|(word, path)| (word.to_owned(), path.to_string_lossy().into_owned())).to_vec();
        Self(ScenarioDirectory::new(variables(), words).expect("a temporary directory"))
    }

    /// Writes a file below the buildout directory, with the directories that it needs.
    pub fn write(&self, path: &str, text: &str) {
        self.0.write(path, text).expect("the file is written");
    }

    /// Reads a file below the buildout directory.
    pub fn read(&self, path: &str) -> String {
        self.0.read(path).expect("the file is read")
    }

    /// Whether something has this path, be it a link that leads nowhere.
    pub fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Runs the program to its end.
    pub fn host(&self, arguments: &[&str]) -> Output {
        self.command(host()).args(arguments).output().expect("the host runs")
    }

    /// Starts the program.
    pub fn start(&self, arguments: &[&str]) -> RunningProcess {
        RunningProcess::start(self.command(host()).args(arguments))
    }

    /// Runs the program, which must succeed; gives what it printed.
    #[track_caller]
    pub fn succeeds(&self, arguments: &[&str]) -> String {
        self.ends_with(arguments, 0)
    }

    /// Runs the program, which must fail as after a user's mistake; gives what it printed.
    #[track_caller]
    pub fn fails(&self, arguments: &[&str]) -> String {
        self.ends_with(arguments, 1)
    }

    #[track_caller]
    fn ends_with(&self, arguments: &[&str], code: i32) -> String {
        let output = self.host(arguments);
        let printed = printed(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {printed}");
        printed
    }

    /// Runs a shell command; gives what it printed (both outputs, as they came) and its exit code.
    pub fn shell(&self, line: &str) -> (String, i32) {
        self.0.shell(line).expect("sh runs")
    }
}

/// What a program printed, standard output first.
pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// Names of variables, by their beginnings, that would lead to the user's settings, or that Cargo sets for this test.
const REMOVED: [&str; 14] = [
    "BUILDOUT_",
    "CARGO_BIN_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "COSIGN_",
    "DOCKER_CONFIG",
    "LC_",
    "MAKEFLAGS",
    "MAKELEVEL",
    "NO_COLOR",
    "PYTHON",
    "REGISTRY_AUTH_FILE",
    "SOURCE_DATE_EPOCH",
    "XDG_",
];

/// The test's own variables, with the program and the compilers of `cargo xtask toolchains` on the `PATH`.
fn variables() -> BTreeMap<String, String> {
    let is_kept = |(name, _): &(String, String)| !REMOVED.iter().any(|removed| name.starts_with(removed));
    let mut variables: BTreeMap<String, String> = std::env::vars().filter(is_kept).collect();
    let real_home = variables.get("HOME").cloned().unwrap_or_default();
    for (name, default) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        variables.entry(name.to_owned()).or_insert_with(|| format!("{real_home}/{default}"));
    }
    let target = target_directory();
    let host = host();
    let programs = host.parent().expect("the program's directory").display();
    let toolchains = target.join("toolchains");
    let path = variables.get("PATH").cloned().unwrap_or_default();
    for (name, value) in [
        ("CARGO_TARGET_DIR", target.join("developed").to_string_lossy().into_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
        ("PATH", format!("{programs}:{}:{path}", toolchains.join("bin").display())),
        ("ZIG_GLOBAL_CACHE_DIR", toolchains.join("zig-cache").to_string_lossy().into_owned()),
    ] {
        variables.insert(name.to_owned(), value);
    }
    variables
}
