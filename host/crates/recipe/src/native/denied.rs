//! Which path a command was kept from using, as far as it printed that: many commands fail because of it, or go on as if
//! nothing had happened.
//!
//! What a message names is compared with the files of the machine. A recipe does not learn the answer: only the user sees it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use confine::{CommandPolicy, ConfinementLevel, is_seen};

use crate::grants::mounts::{Access, normalize};
use crate::grants::needed::named_below;

/// What programs print when the system refuses something.
const REFUSED: [&str; 3] = [READ_ONLY, "Permission denied", "Operation not permitted"];
/// What they print when a file is read-only for everyone there.
const READ_ONLY: &str = "Read-only file system";

/// What they print about what does not exist. The confinement does not show what is on the machine.
const MISSING: [&str; 8] = [
    "No such file or directory",
    "Directory nonexistent",
    "does not appear to be a git repository",
    "does not exist",
    "not found",
    "Unable to open repository",
    "No rule to make target",
    "can't cd to",
];

/// What messages contain if a file was to be made or changed.
const WRITING: [&str; 8] = [
    "cannot create",
    "can't create",
    "could not create",
    "failed to create",
    "cannot touch",
    "cannot remove",
    "cannot overwrite",
    "tee: ",
];

/// Quotation marks around paths in messages.
const QUOTES: [(char, char); 3] = [('\'', '\''), ('"', '"'), ('\u{2018}', '\u{2019}')];

/// A command that has ended.
pub(crate) struct EndedCommand<'a> {
    /// Its working directory.
    pub(crate) directory: &'a Path,
    pub(crate) arguments: &'a [OsString],
    pub(crate) policy: &'a CommandPolicy,
    /// What it may write in addition to what the policy contains.
    pub(crate) makes: Vec<PathBuf>,
}

/// A path that it was kept from using.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RefusedPath {
    pub(crate) path: PathBuf,
    pub(crate) access: Access,
    /// Whether it was to become a directory.
    pub(crate) is_directory: bool,
}

impl EndedCommand<'_> {
    /// The last path that its lines report as not usable, if the policy is the reason.
    pub(crate) fn refused<'a>(&self, lines: impl DoubleEndedIterator<Item = &'a str>) -> Option<RefusedPath> {
        if self.policy.level == ConfinementLevel::None {
            return None;
        }
        lines.rev().find_map(|line| self.refused_by(line))
    }

    fn refused_by(&self, line: &str) -> Option<RefusedPath> {
        let find = |marks: &[&'static str]| marks.iter().find(|mark| line.contains(**mark)).copied();
        let (mark, is_missing) = match find(&REFUSED) {
            Some(mark) => (mark, false),
            None => (find(&MISSING)?, true),
        };
        let named = path_in(line, mark, is_missing)?;
        let path = normalize(&self.directory.join(named.strip_prefix("file://").unwrap_or(named)));
        // A path that nothing can be granted for, or that the command may write: there is another reason.
        let is_private = ["/dev", "/proc"].iter().any(|private| path.starts_with(private));
        if is_private || path.parent().is_none() || self.may_write(&path) {
            return None;
        }
        let is_writing = WRITING.iter().any(|text| line.contains(text)) || self.redirects_to(named);
        match is_missing {
            true => self.of_missing(path, is_writing),
            // Without namespaces, a command sees that what it may not read exists.
            false if mark != READ_ONLY && !is_writing && self.hides(&path) => Some(read(path)),
            false => {
                let words = self.arguments.iter().map(|word| word.to_string_lossy().into_owned());
                let is_directory = line.contains("create directory");
                Some(RefusedPath { path: named_below(path, words), access: Access::Write, is_directory })
            }
        }
    }

    /// What does not exist for the command, and does on the machine.
    fn of_missing(&self, path: PathBuf, is_writing: bool) -> Option<RefusedPath> {
        if is_writing {
            let is_hidden = path.parent().is_some_and(|parent| parent.is_dir() && !is_seen(parent, self.policy));
            return is_hidden.then_some(RefusedPath { path, access: Access::Write, is_directory: false });
        }
        if self.hides(&path) {
            return Some(read(path));
        }
        // A link in the buildout leads to what the command does not see.
        let real = path.canonicalize().ok().filter(|real| self.hides(real))?;
        Some(read(real))
    }

    /// Whether the path exists on the machine, and the command may not read it.
    fn hides(&self, path: &Path) -> bool {
        path.exists() && !is_seen(path, self.policy)
    }

    fn may_write(&self, path: &Path) -> bool {
        self.policy.write.iter().chain(&self.makes).any(|writable| path.starts_with(writable))
    }

    /// Whether a script writes its output there: the message of some shells does not say what failed.
    fn redirects_to(&self, named: &str) -> bool {
        let is_redirection = |word: &OsString| {
            let word = word.to_string_lossy();
            [">", "> "].iter().any(|sign| word.contains(&format!("{sign}{named}")))
        };
        self.arguments.iter().any(is_redirection)
    }
}

fn read(path: PathBuf) -> RefusedPath {
    RefusedPath { path, access: Access::Read, is_directory: false }
}

/// The path that a message is about: in quotation marks, or the last word before the mark that looks like one, or the first one
/// after it. `or_word`: any word can be one.
fn path_in<'a>(line: &'a str, mark: &str, or_word: bool) -> Option<&'a str> {
    for (open, close) in QUOTES {
        if let Some((inside, _)) = line.split_once(open).and_then(|(_, rest)| rest.split_once(close)) {
            return Some(inside).filter(|inside| !inside.is_empty());
        }
    }
    let (before, after) = line.split_once(mark)?;
    let plain = |word: &'a str| word.trim_end_matches([':', ';', '.', '!', ',']);
    let mut after = after.split_whitespace().map(plain).filter(|word| word.starts_with('/'));
    // The first word is the program.
    let Some((_, rest)) = before.split_once(' ') else { return after.next() };
    let mut words = rest.split_whitespace().map(plain).rev();
    match before.contains("cannot create ") {
        true => words.next(),
        false => {
            let last = words.clone().next().filter(|_| or_word);
            words.find(|word| word.contains('/')).or_else(|| after.next()).or(last)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&str], script: &str, policy: CommandPolicy) -> Option<(String, Access)> {
        let policy = CommandPolicy { write: vec!["/b/parts/c".into()], read: vec!["/b".into()], ..policy };
        let arguments = ["-c".into(), script.into()];
        let command =
            EndedCommand { directory: Path::new("/b"), arguments: &arguments, policy: &policy, makes: Vec::new() };
        let refused = command.refused(lines.iter().copied())?;
        Some((refused.path.display().to_string(), refused.access))
    }

    fn t(lines: &[&str], expected: Option<&str>) {
        let expected = expected.map(|path| (path.to_owned(), Access::Write));
        assert_eq!(found(lines, "true", CommandPolicy::default()), expected, "{lines:?}");
    }

    #[test]
    fn finds_the_path_in_messages_of_programs() {
        t(&["mkdir: cannot create directory '/b/var': Read-only file system"], Some("/b/var"));
        t(&["mkdir: cannot create directory \u{2018}var/log\u{2019}: Permission denied"], Some("/b/var/log"));
        t(&["sh: 1: cannot create /b/var/x: Read-only file system"], Some("/b/var/x"));
        t(&["/bin/sh: 1: cannot create x: Read-only file system"], Some("/b/x"));
        t(&["bash: line 1: /b/my/x: Read-only file system", "done"], Some("/b/my/x"));
        t(&["OSError: [Errno 30] Read-only file system: '/b/x'"], Some("/b/x"));
        t(&["/bin/sh: 1: cannot create /var/x.txt: Directory nonexistent"], Some("/var/x.txt"));
        t(&["touch: cannot touch '/var/x': No such file or directory"], Some("/var/x"));
    }

    #[test]
    fn reports_nothing_that_has_another_reason() {
        t(&["mkdir: cannot create directory '/b/parts/c/x': Permission denied"], None);
        t(&["sh: 1: cannot create /dev/x: Permission denied"], None);
        t(&["Permission denied"], None);
        t(&["mkdir: cannot create directory '/b/var': File exists"], None);
        t(&["cat: /no/such/file: No such file or directory"], None);
        t(&["sh: 1: cannot create /no/such/file: Directory nonexistent"], None);
        t(&["cat: /usr/no-such-file: No such file or directory"], None);
        t(&["sh: 1: frobnicate: not found"], None);
    }

    #[test]
    fn what_exists_on_the_machine_was_hidden() {
        let space = tempfile::tempdir().unwrap();
        let file = space.path().canonicalize().unwrap().join("file");
        std::fs::write(&file, "").unwrap();
        let file = file.display().to_string();
        for message in [
            "cp: cannot stat '@': No such file or directory",
            "cat: @: No such file or directory",
            "tar: @: Cannot open: No such file or directory",
            "fatal: '@' does not appear to be a git repository",
            "fatal: repository '@' does not exist",
            "abort: repository @ not found!",
            "sh: 1: @: not found",
            "sh: 1: cd: can't cd to @",
            "svn: E180001: Unable to open repository 'file://@'",
            "FileNotFoundError: [Errno 2] No such file or directory: '@'",
        ] {
            let line = message.replace('@', &file);
            let expected = Some((file.clone(), Access::Read));
            assert_eq!(found(&[&line], "true", CommandPolicy::default()), expected, "{line}");
        }
        let line = format!("bash: line 1: {file}: No such file or directory");
        let written = Some((file.clone(), Access::Write));
        // A link where the command runs leads to it.
        let link = Path::new(&file).with_file_name("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let read = vec![link.clone()];
        let named = format!("cat: {}: No such file or directory", link.display());
        let policy = CommandPolicy { written: read, ..CommandPolicy::default() };
        assert_eq!(found(&[&named], "true", policy), Some((link.display().to_string(), Access::Read)));
        assert_eq!(found(&[&line], &format!("echo > {file}"), CommandPolicy::default()), written);
        // Without namespaces, it is visible.
        let partial = || CommandPolicy { level: ConfinementLevel::Partial, ..CommandPolicy::default() };
        let line = format!("cat: {file}: Permission denied");
        assert_eq!(found(&[&line], "true", partial()), Some((file.clone(), Access::Read)));
        let line = format!("sh: 1: cannot create {file}: Permission denied");
        assert_eq!(found(&[&line], "true", partial()), Some((file, Access::Write)));
    }
}
