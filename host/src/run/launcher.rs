//! `bin/buildout`: the launcher, a shell script that runs the host. It also stores which Python the buildout uses.
//!
//! A user may have edited or replaced the file. So it is read only if this host may have written it, and only the lines
//! with the Pythons are changed.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use base::files::{self, FileError};
use base::shell::quoted;
use base::source::Explain;

use super::python::program::is_program;

/// The second line of every launcher starts with this.
const MARK: &str = "# Runs this buildout. Written by `buildout-host";

/// Start of the line with the path of the host.
const HOST: &str = "host=";

/// Start of the line with the path of the launcher itself, by which a copy is detected.
const LAUNCHER: &str = "launcher=";

/// A directory at the launcher's path.
const DIRECTORY: &str = "a directory";

/// Maximum size of a launcher, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The Pythons stored in a launcher.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::run) struct Kept {
    /// The Python that the buildout made.
    pub(crate) python: Option<String>,
    /// The original Python. A user may have removed the line.
    pub(crate) original: Option<String>,
}

/// What exists at the launcher's path.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::run) enum ExistingLauncher {
    /// Nothing.
    Nothing,
    /// A launcher: its text, and what it keeps.
    Launcher(String, Kept),
    /// Something else, and what it is.
    Foreign(&'static str),
}

/// Something else is at the launcher's path.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be this buildout's launcher: it is {what}", path.display())]
pub(in crate::run) struct Foreign {
    path: PathBuf,
    what: &'static str,
}

impl Explain for Foreign {
    fn hints(&self) -> Vec<String> {
        let directory = self.what == DIRECTORY;
        let bootstrap = if directory { "" } else { "; or run `bootstrap`, which replaces the file with the launcher" };
        vec![format!("Move it away, then run again{bootstrap}.")]
    }
}

impl Kept {
    /// The Pythons stored in the launcher at `path`; none if it does not exist. A launcher that was copied from another
    /// buildout stores no Python of this one.
    pub(in crate::run) fn of(path: &Path) -> Self {
        match find(path) {
            Ok(ExistingLauncher::Launcher(text, kept)) if is_written_for(&text, path) => kept,
            Ok(ExistingLauncher::Launcher(_, kept)) => Self { python: None, ..kept },
            _ => Self::default(),
        }
    }

    /// The Python that the buildout made, if any.
    pub(in crate::run) fn own(&self) -> Option<&str> {
        self.python.as_deref()
    }

    fn of_text(text: &str) -> Self {
        Self { python: value(text, "python="), original: value(text, "original=") }
    }

    fn lines(&self) -> String {
        let line = |name: &str, value: &Option<String>| {
            value.as_ref().map_or_else(String::new, |value| format!("{name}={}\n", quoted(value)))
        };
        line("python", &self.python) + &line("original", &self.original)
    }
}

/// Determines what is at `path`. A symbolic link is not followed, and no large file is read.
fn find(path: &Path) -> io::Result<ExistingLauncher> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(ExistingLauncher::Nothing),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Ok(ExistingLauncher::Foreign("a symbolic link"));
        }
        Err(error) => return Err(error),
    };
    read(file)
}

fn read(file: File) -> io::Result<ExistingLauncher> {
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Ok(ExistingLauncher::Foreign(DIRECTORY));
    }
    if !metadata.is_file() {
        return Ok(ExistingLauncher::Foreign("not a regular file"));
    }
    let other = ExistingLauncher::Foreign("a file that buildout-host has not written");
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes)?;
    let text = if bytes.len() as u64 > LONGEST { None } else { String::from_utf8(bytes).ok() };
    Ok(match text {
        Some(text) if text.lines().nth(1).is_some_and(|line| line.starts_with(MARK)) => {
            let kept = Kept::of_text(&text);
            ExistingLauncher::Launcher(text, kept)
        }
        _ => other,
    })
}

/// Checks that the launcher at `path` can store Pythons.
///
/// # Errors
/// When something else is at its path, or it cannot be read.
pub(in crate::run) fn check(path: &Path) -> Result<(), Box<dyn Explain + Send + Sync>> {
    match find(path) {
        Ok(ExistingLauncher::Foreign(what)) => Err(Box::new(Foreign { path: path.to_owned(), what })),
        Ok(_) => Ok(()),
        Err(error) => Err(Box::new(FileError::of("read", path)(error))),
    }
}

/// Stores these Pythons in the launcher at `path`. A new launcher runs `host`.
///
/// # Errors
/// As [`check`], or when it cannot be written.
pub(in crate::run) fn keep(path: &Path, host: &Path, kept: &Kept) -> Result<(), Box<dyn Explain + Send + Sync>> {
    check(path)?;
    let text = match find(path) {
        Ok(ExistingLauncher::Launcher(text, _)) => with_pythons(&where_it_is(&text, path, host), kept),
        _ => text(host, path, kept),
    };
    let written = files::replace_executable(path, text.as_bytes());
    written.map(drop).map_err(|error| Box::new(error) as Box<_>)
}

/// Writes a new launcher, replacing any file. The Pythons stored in the old one are kept if they are programs; if this
/// buildout is a copy of another one, the Python which that one made is dropped.
///
/// # Errors
/// When a directory is at its path, or it cannot be written.
pub(in crate::run) fn write(path: &Path, host: &Path) -> Result<(), Box<dyn Explain + Send + Sync>> {
    if let Ok(ExistingLauncher::Foreign(what @ DIRECTORY)) = find(path) {
        return Err(Box::new(Foreign { path: path.to_owned(), what }));
    }
    let kept = Kept::of(path);
    let stays = |python: Option<String>| python.filter(|python| is_program(python));
    let kept = Kept { python: stays(kept.python), original: stays(kept.original) };
    let written = files::replace_executable(path, text(host, path, &kept).as_bytes());
    written.map(drop).map_err(|error| Box::new(error) as Box<_>)
}

/// The value of a line `NAME='…'` of a launcher.
fn value(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| unquote(line.strip_prefix(name)?))
}

/// Whether the launcher was written for this path.
fn is_written_for(text: &str, path: &Path) -> bool {
    let same = |launcher: &Path| launcher == path || same_file(launcher, path);
    value(text, LAUNCHER).is_some_and(|launcher| same(Path::new(&launcher)))
}

fn same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// The launcher with its current path, and with `host` if the program in it no longer exists.
fn where_it_is(text: &str, path: &Path, host: &Path) -> String {
    let runs = value(text, HOST).is_some_and(is_program);
    let line = |line: &str| match line {
        line if line.starts_with(LAUNCHER) => format!("{LAUNCHER}{}\n", quoted(&path.to_string_lossy())),
        line if line.starts_with(HOST) && !runs => format!("{HOST}{}\n", quoted(&host.to_string_lossy())),
        line => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

/// The launcher with other Pythons; everything else is unchanged.
fn with_pythons(text: &str, kept: &Kept) -> String {
    let pythons = |line: &&str| line.starts_with("python=") || line.starts_with("original=");
    let mut lines: Vec<&str> = text.split_inclusive('\n').filter(|line| !pythons(line)).collect();
    let named = lines.iter().rposition(|line| line.starts_with(HOST) || line.starts_with(LAUNCHER));
    let pythons = kept.lines();
    lines.insert(named.unwrap_or(1) + 1, &pythons);
    lines.concat()
}

/// A shell script that runs the host. If the host or the buildout was moved, the script reports that, and how to
/// rewrite it.
fn text(host: &Path, path: &Path, kept: &Kept) -> String {
    let (host, launcher) = (quoted(&host.to_string_lossy()), quoted(&path.to_string_lossy()));
    let pythons = kept.lines();
    format!(
        "#!/bin/sh\n\
         {MARK} run bootstrap`; run that again after buildout-host or this directory has moved.\n\
         {HOST}{host}\n\
         {LAUNCHER}{launcher}\n\
         {pythons}\
         if [ ! -x \"$host\" ]; then\n\
         \x20 echo \"Hint: Install buildout-host, then run in this directory: buildout-host run bootstrap\" >&2\n\
         \x20 echo \"Error: $host, which made this buildout, no longer exists\" >&2\n\
         \x20 exit 1\n\
         fi\n\
         if [ ! \"$0\" -ef \"$launcher\" ]; then\n\
         \x20 echo \"Hint: Run in this directory: $host run bootstrap\" >&2\n\
         \x20 echo \"Error: This buildout was moved or copied: $0 was written as $launcher\" >&2\n\
         \x20 exit 1\n\
         fi\n\
         exec \"$host\" run \"$@\"\n"
    )
}

/// Reverses [`quoted`]; also accepts an absolute path without quotes.
fn unquote(word: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte);
    if word.starts_with('/') && word.bytes().all(is_plain) {
        return Some(word.to_owned());
    }
    let inner = word.strip_prefix('\'')?.strip_suffix('\'')?;
    let plain = inner.replace(r"'\''", "'");
    (quoted(&plain) == word).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quoted("/a b/it's"), r"'/a b/it'\''s'");
        for word in ["", "/a b/it's", "''", r"\'"] {
            assert_eq!(unquote(&quoted(word)).as_deref(), Some(word));
        }
        assert_eq!(unquote("/usr/bin/python3.11").as_deref(), Some("/usr/bin/python3.11"));
        for word in ["", "'", "/a b", "'/a", "/a'", "'a'b'", "$HOME/a"] {
            assert_eq!(unquote(word), None, "{word}");
        }
    }

    #[test]
    fn pythons_change_and_edits_stay() {
        let directory = tempfile::tempdir().unwrap();
        let (path, host) = (directory.path().join("buildout"), Path::new("/h"));
        let kept = |python: &str| Kept { python: Some(python.into()), original: Some("/usr/bin/python3".into()) };
        keep(&path, host, &kept("/b/it's")).unwrap();
        assert_eq!(Kept::of(&path), kept("/b/it's"));
        let edited = std::fs::read_to_string(&path).unwrap().replace("exec ", "umask 077\nexec ");
        std::fs::write(&path, &edited).unwrap();
        keep(&path, Path::new("/other"), &kept("/c")).unwrap();
        let expected = edited.replace(r"/b/it'\''s", "/c").replace("host='/h'", "host='/other'");
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            expected,
            "the host no longer exists: the other replaces it"
        );
        keep(&path, host, &Kept::default()).unwrap();
        assert_eq!(Kept::of(&path), Kept::default());
        std::fs::write(&path, edited.replace("python='/b", "python=/b")).unwrap();
        assert_eq!(Kept::of(&path).python, None, "an edit that makes no sense");
    }

    #[test]
    fn a_copy_keeps_no_python_of_another_buildout() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let pythons = Kept { python: Some("/bin/true".into()), original: Some("/bin/sh".into()) };
        keep(&at("one"), Path::new("/bin/cat"), &pythons).unwrap();
        std::fs::copy(at("one"), at("two")).unwrap();
        keep(&at("two"), Path::new("/bin/ls"), &pythons).unwrap();
        let text = std::fs::read_to_string(at("two")).unwrap();
        assert_eq!(
            (value(&text, HOST).as_deref(), is_written_for(&text, &at("two"))),
            (Some("/bin/cat"), true),
            "{text}"
        );
        std::fs::copy(at("one"), at("two")).unwrap();
        write(&at("two"), Path::new("/bin/ls")).unwrap();
        assert_eq!(Kept::of(&at("two")), Kept { python: None, ..pythons.clone() });
        write(&at("one"), Path::new("/bin/ls")).unwrap();
        assert_eq!(Kept::of(&at("one")), pythons);
    }

    #[test]
    fn leaves_other_files_alone() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::create_dir(at("directory")).unwrap();
        std::fs::write(at("script"), "#!/usr/bin/python\nimport zc.buildout.buildout\n").unwrap();
        std::os::unix::fs::symlink(at("script"), at("link")).unwrap();
        std::fs::write(at("binary"), [0xff; 100]).unwrap();
        std::fs::write(at("large"), text(Path::new("/h"), Path::new("/b"), &Kept::default()) + &"#".repeat(70_000))
            .unwrap();
        for (name, what) in [
            ("directory", "a directory"),
            ("link", "a symbolic link"),
            ("script", "a file that"),
            ("binary", "a file that"),
            ("large", "a file that"),
        ] {
            let error = keep(&at(name), Path::new("/h"), &Kept::default()).unwrap_err().to_string();
            assert!(error.contains(what), "{name}: {error}");
            assert_eq!(Kept::of(&at(name)), Kept::default());
        }
        assert!(std::fs::read_to_string(at("script")).unwrap().contains("zc.buildout"));
    }
}
