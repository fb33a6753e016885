//! Where a scenario runs: a temporary directory that replaces `/tmp`, with a buildout directory in it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

/// The buildout directory's name.
pub const BUILDOUT: &str = "sample-buildout";

/// A temporary directory, with the environment of its commands.
#[derive(Debug)]
pub struct ScenarioDirectory {
    root: tempfile::TempDir,
    variables: BTreeMap<String, String>,
    /// Words of the scenario, and their replacements.
    words: Vec<(String, String)>,
    /// Paths that scenarios show differently, and how.
    shown: Vec<(String, String)>,
}

impl ScenarioDirectory {
    /// Creates an empty buildout directory. Commands get these variables and a private `HOME`; in scenarios, the first
    /// string of each pair in `words` is replaced by the second.
    ///
    /// # Errors
    /// When the directories cannot be created.
    pub fn new(variables: BTreeMap<String, String>, words: Vec<(String, String)>) -> io::Result<Self> {
        let stage = Self { root: tempfile::tempdir()?, variables, words, shown: Vec::new() };
        std::fs::create_dir(stage.buildout())?;
        Ok(stage)
    }

    /// Sets a variable for commands.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// Links something outside to `path` (relative to the scenario's `/tmp`), where scenarios show it.
    ///
    /// # Errors
    /// When the link cannot be created.
    pub fn lend(&mut self, original: &Path, path: &str) -> io::Result<()> {
        let link = self.root().join(path);
        if let Some(parent) = link.parent() {
            std::fs::create_dir_all(parent).map_err(|error| named(parent, error))?;
        }
        std::os::unix::fs::symlink(original, &link).map_err(|error| named(&link, error))?;
        self.shown.push((original.display().to_string(), format!("/tmp/{path}")));
        Ok(())
    }

    /// The directory that scenarios call `/tmp`.
    pub fn root(&self) -> PathBuf {
        let path = self.root.path();
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }

    /// The buildout directory.
    pub fn buildout(&self) -> PathBuf {
        self.root().join(BUILDOUT)
    }

    /// Resolves a path of a scenario: relative to the buildout directory, unless it is absolute.
    pub fn path(&self, path: &str) -> PathBuf {
        self.buildout().join(self.real(path))
    }

    /// Writes a file, and creates its parent directories.
    ///
    /// # Errors
    /// When it cannot be written, or is outside the stage.
    pub fn write(&self, path: &str, text: &str) -> io::Result<()> {
        let path = self.path(path);
        if !plain(&path).starts_with(self.root()) {
            return Err(named(&path, io::Error::other("it is outside the scenario's directory")));
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| named(parent, error))?;
        }
        std::fs::write(&path, self.real(text)).map_err(|error| named(&path, error))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, path: &str) -> io::Result<String> {
        let path = self.path(path);
        let bytes = std::fs::read(&path).map_err(|error| named(&path, error))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A command in the buildout directory.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.buildout()).env_clear().envs(&self.variables);
        command.env("HOME", self.root().join("home")).env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    /// Runs a shell command; returns its output (both streams, interleaved) and its exit code.
    ///
    /// # Errors
    /// When no shell is available.
    pub fn shell(&self, line: &str) -> io::Result<(String, i32)> {
        let output = self.command("sh").arg("-c").arg(format!("exec 2>&1\n{}", self.real(line))).output()?;
        Ok((self.shown(&String::from_utf8_lossy(&output.stdout)), output.status.code().unwrap_or(-1)))
    }

    /// The entries of a directory as `buildouts-1.0.txt` lists them: `d  bin`, `-  buildout.cfg`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn list(&self, path: &str) -> io::Result<String> {
        let directory = self.path(path);
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&directory).map_err(|error| named(&directory, error))? {
            let entry = entry?;
            let kind = match entry.file_type()? {
                kind if kind.is_symlink() => 'l',
                kind if kind.is_dir() => 'd',
                _ => '-',
            };
            entries.push((entry.file_name().to_string_lossy().into_owned(), kind));
        }
        entries.sort();
        Ok(entries.into_iter().map(|(name, kind)| format!("{kind}  {name}\n")).collect())
    }

    /// Text of a scenario, with real paths.
    pub fn real(&self, text: &str) -> String {
        let text = self.words.iter().fold(text.to_owned(), |text, (word, real)| text.replace(word, real));
        text.replace("/tmp/", &format!("{}/", self.root().display()))
    }

    /// Output of the program, with the paths and signatures that scenarios show.
    pub fn shown(&self, text: &str) -> String {
        let root = self.root().display().to_string();
        let text = text.replace(&format!("{root}/"), "/tmp/").replace(&root, "/tmp");
        let words = self.words.iter().map(|(word, real)| (real, word));
        let lent = self.shown.iter().map(|(original, shown)| (original, shown));
        let text = lent.chain(words).fold(text, |text, (real, word)| text.replace(real, word));
        text.lines().map(|line| shown_signature(line) + "\n").collect()
    }
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The name of the package, and the rest of the signature.
fn signed_package(signature: &str) -> Option<(&str, &str)> {
    let recipe = signature.split(' ').next()?;
    signature.split_at_checked(recipe.rfind('-')?)
}

/// Digests of recipes differ from build to build, the Python differs from machine to machine.
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

/// The path without `..`, resolved lexically.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for step in path.components() {
        match step {
            Component::ParentDir => drop(plain.pop()),
            step => plain.push(step),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_scenario_writes_lies_in_its_directory() {
        assert_eq!(plain(Path::new("/stage/buildout/../edit")), Path::new("/stage/edit"));
        assert_eq!(plain(Path::new("/stage/../../etc/passwd")), Path::new("/etc/passwd"));
    }
}
