//! What the black-box tests share: a directory of its own for each test, in which the real binary runs.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

pub(crate) mod blocks;
pub(crate) mod lying;
pub(crate) mod registry;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

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

/// A temporary directory that stands for `/tmp`, with a buildout directory `sample-buildout` in it.
pub(crate) struct Space {
    root: tempfile::TempDir,
}

impl Space {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        let space = Self { root };
        std::fs::create_dir(space.buildout()).expect("the buildout directory");
        space
    }

    /// What the tests call `/tmp`.
    pub(crate) fn root(&self) -> PathBuf {
        self.root.path().canonicalize().expect("the temporary directory")
    }

    /// The buildout directory.
    pub(crate) fn buildout(&self) -> PathBuf {
        self.root().join("sample-buildout")
    }

    /// Writes a file below the buildout directory, with the directories that it needs.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.buildout().join(self.real(path));
        std::fs::create_dir_all(path.parent().expect("a file's directory")).expect("the file's directory");
        std::fs::write(path, self.real(text)).expect("the file");
    }

    /// Reads a file below the buildout directory.
    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.buildout().join(self.real(path));
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.buildout().join(self.real(path)).symlink_metadata().is_ok()
    }

    /// A command in the buildout directory, with a home of its own and the binary on its PATH.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let real_home = std::env::var("HOME").unwrap_or_default();
        let keep = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| format!("{real_home}/{default}"));
        let path = std::env::var("PATH").unwrap_or_default();
        let host = host();
        let mut command = Command::new(program);
        command
            .current_dir(self.buildout())
            .env("CARGO_HOME", keep("CARGO_HOME", ".cargo"))
            .env("RUSTUP_HOME", keep("RUSTUP_HOME", ".rustup"))
            .env("CARGO_TARGET_DIR", target_directory().join("developed"))
            .env("HOME", self.root().join("home"))
            .env_remove("XDG_CACHE_HOME")
            .env_remove("BUILDOUT_HOME")
            .env("NO_COLOR", "1")
            .env("PATH", format!("{}:{path}", host.parent().expect("the binary's directory").display()))
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary with arguments.
    pub(crate) fn host(&self, arguments: &[&str]) -> Output {
        self.command(host()).args(arguments).output().expect("the host runs")
    }

    /// Runs a shell command; gives what it printed (both outputs, as they came) and its exit code.
    pub(crate) fn shell(&self, line: &str) -> (String, i32) {
        let output =
            self.command("sh").arg("-c").arg(format!("exec 2>&1\n{}", self.real(line))).output().expect("sh runs");
        (self.shown(&String::from_utf8_lossy(&output.stdout)), output.status.code().unwrap_or(-1))
    }

    /// The entries of a directory as `buildouts-1.0.txt` lists them: `d  bin`, `-  buildout.cfg`.
    pub(crate) fn list(&self, path: &str) -> String {
        let directory = self.buildout().join(self.real(path));
        let mut entries: Vec<(String, char)> = std::fs::read_dir(&directory)
            .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
            .map(|entry| {
                let entry = entry.expect("an entry");
                let kind = entry.file_type().expect("its type");
                let kind = if kind.is_symlink() {
                    'l'
                } else if kind.is_dir() {
                    'd'
                } else {
                    '-'
                };
                (entry.file_name().to_string_lossy().into_owned(), kind)
            })
            .collect();
        entries.sort();
        entries.into_iter().map(|(name, kind)| format!("{kind}  {name}\n")).collect()
    }

    /// A text of a test, with real paths.
    pub(crate) fn real(&self, text: &str) -> String {
        let root = self.root();
        text.replace("[REPOSITORY]", &repository().to_string_lossy()).replace("/tmp/", &format!("{}/", root.display()))
    }

    /// A text of the program, with the paths and signatures that tests show.
    pub(crate) fn shown(&self, text: &str) -> String {
        let text = text.replace(&format!("{}/", self.root().display()), "/tmp/");
        let text = text.replace(&self.root().display().to_string(), "/tmp");
        let text = text.replace(&repository().display().to_string(), "[REPOSITORY]");
        text.lines().map(|line| shown_signature(line) + "\n").collect()
    }
}

/// The name of the package, and what follows it.
fn signed_package(signature: &str) -> Option<(&str, &str)> {
    let recipe = signature.split(' ').next()?;
    signature.split_at_checked(recipe.rfind('-')?)
}

/// Digests of recipes differ from build to build.
fn shown_signature(line: &str) -> String {
    match line.strip_prefix("__buildout_signature__ = ").and_then(signed_package) {
        Some((package, rest)) => {
            let references = rest.split(' ').skip(1).filter_map(|word| Some(word.split_once('=')?.0));
            let references: String = references.map(|part| format!(" {part}=DIGEST")).collect();
            format!("__buildout_signature__ = {package}-DIGEST{references}")
        }
        None if line.starts_with("executable = ") => "executable = PYTHON".to_owned(),
        None => line.to_owned(),
    }
}
