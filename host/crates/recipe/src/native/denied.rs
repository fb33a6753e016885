//! Which path a command was kept from writing, as far as it printed that: many commands fail because of it, or go on as if
//! nothing had happened.

use std::path::{Path, PathBuf};

use confine::{CommandPolicy, ConfinementLevel};

use crate::grants::mounts::normalize;

/// What programs print when the confinement refuses a write.
const MARKS: [&str; 3] = ["Read-only file system", "Permission denied", "Operation not permitted"];

/// Quotation marks around paths in messages.
const QUOTES: [(char, char); 3] = [('\'', '\''), ('"', '"'), ('\u{2018}', '\u{2019}')];

/// The last path that the lines of a command report as not writable, if the policy is the reason.
pub(crate) fn refused<'a>(
    lines: impl DoubleEndedIterator<Item = &'a str>,
    directory: &Path,
    policy: &CommandPolicy,
) -> Option<PathBuf> {
    if policy.level == ConfinementLevel::None {
        return None;
    }
    let mut marked = lines.rev().filter(|line| MARKS.iter().any(|mark| line.contains(mark)));
    marked.find_map(|line| {
        let path = normalize(&directory.join(path_in(line)?));
        let is_writable = policy.write.iter().any(|writable| path.starts_with(writable));
        // A path that nothing can be granted for, or that the command may write: there is another reason.
        let is_private = ["/dev", "/proc"].iter().any(|private| path.starts_with(private));
        (!is_writable && !is_private && path.parent().is_some()).then_some(path)
    })
}

/// The path that a message is about: in quotation marks, or the last word that looks like one.
fn path_in(line: &str) -> Option<&str> {
    for (open, close) in QUOTES {
        if let Some((inside, _)) = line.split_once(open).and_then(|(_, rest)| rest.split_once(close)) {
            return Some(inside).filter(|inside| !inside.is_empty());
        }
    }
    let before = MARKS.iter().find_map(|mark| line.split_once(mark)).map(|(before, _)| before)?;
    // The first word is the program.
    let (_, rest) = before.split_once(' ')?;
    let mut words = rest.split_whitespace().map(|word| word.trim_end_matches(':')).rev();
    match before.contains("cannot create ") {
        true => words.next(),
        false => words.find(|word| word.contains('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(lines: &[&str], expected: Option<&str>) {
        let policy = CommandPolicy { write: vec!["/b/parts/c".into()], ..CommandPolicy::default() };
        let found = refused(lines.iter().copied(), Path::new("/b"), &policy);
        assert_eq!(found.as_deref(), expected.map(Path::new), "{lines:?}");
    }

    #[test]
    fn finds_the_path_in_messages_of_programs() {
        t(&["mkdir: cannot create directory '/b/var': Read-only file system"], Some("/b/var"));
        t(&["mkdir: cannot create directory \u{2018}var/log\u{2019}: Permission denied"], Some("/b/var/log"));
        t(&["sh: 1: cannot create /b/var/x: Read-only file system"], Some("/b/var/x"));
        t(&["/bin/sh: 1: cannot create x: Read-only file system"], Some("/b/x"));
        t(&["bash: line 1: /b/my/x: Read-only file system", "done"], Some("/b/my/x"));
        t(&["OSError: [Errno 30] Read-only file system: '/b/x'"], Some("/b/x"));
    }

    #[test]
    fn reports_nothing_that_has_another_reason() {
        t(&["mkdir: cannot create directory '/b/parts/c/x': Permission denied"], None);
        t(&["sh: 1: cannot create /dev/x: Permission denied"], None);
        t(&["Permission denied"], None);
        t(&["mkdir: cannot create directory '/b/var': File exists"], None);
    }
}
