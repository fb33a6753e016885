//! The grant that a refused request would need, as written in `recipes.toml`.

use std::path::{Path, PathBuf};

use super::mounts::{Access, holds};
use super::rights::Rights;
use super::system::is_in_system;

/// The grant for this access to `path`. `is_directory` if the path does not exist and is to be a directory.
pub(crate) fn needed_grant(path: &Path, access: Access, is_directory: bool, rights: &Rights) -> String {
    match access {
        Access::Read => format!("read = [{:?}]", to_read(path, rights).display().to_string()),
        Access::Write => format!("write = [{:?}]", to_write(path, is_directory, rights)),
    }
}

/// The path itself if it is a directory or the directory that contains it is too much to grant, otherwise that directory.
fn to_read<'a>(path: &'a Path, rights: &Rights) -> &'a Path {
    if path.is_dir() { path } else { directory_of(path, rights) }
}

/// The same. Of what does not exist, the first name: only that can be made. With a slash if it is to be a directory, because
/// without namespaces, a path is made before the command starts.
fn to_write(path: &Path, is_directory: bool, rights: &Rights) -> String {
    let directory = directory_of(path, rights);
    let missing = directory.ancestors().take_while(|path| path.symlink_metadata().is_err()).last();
    let granted = missing.unwrap_or(directory);
    let is_directory = missing.is_some() && (is_directory || granted != path);
    format!("{}{}", granted.display(), if is_directory { "/" } else { "" })
}

/// The directory that contains `path`, or `path` itself if that directory belongs to the system, contains the host's files, which
/// no grant can open, or is a home directory.
fn directory_of<'a>(path: &'a Path, rights: &Rights) -> &'a Path {
    let parent = path.parent().unwrap_or(path);
    let is_too_much = is_in_system(parent)
        || rights.is_protected(parent)
        || rights.never_granted().iter().any(|kept| holds(parent, kept));
    if is_too_much { path } else { parent }
}

/// What a command names below `path`, a directory of which a program says that it cannot make it: `mkdir -p` names the first one
/// that is missing where the command runs, and on the machine that can be `/var`.
pub(crate) fn named_below(path: PathBuf, words: impl IntoIterator<Item = String>) -> PathBuf {
    if !path.is_dir() {
        return path;
    }
    let is_end = |letter: char| letter.is_whitespace() || "'\"`;|&<>(){}".contains(letter);
    let start = format!("{}/", path.display());
    for word in words {
        let plain = |part: &&str| part.starts_with(&start) && !part.contains(['$', '*', '?', '\\']);
        if let Some(named) = word.split(is_end).find(plain) {
            return super::mounts::normalize(Path::new(named));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_command_is_longer_than_that_of_the_message() {
        let t = |path: &str, words: &[&str], expected: &str| {
            let found = named_below(path.into(), words.iter().map(|word| (*word).to_owned()));
            assert_eq!(found, Path::new(expected), "{words:?}");
        };
        t("/usr", &["-c", "cd x && mkdir -p \"/usr/lib/foo\"; ls"], "/usr/lib/foo");
        t("/usr", &["mkdir", "-p", "/usr/lib/foo/"], "/usr/lib/foo");
        t("/usr", &["-c", "mkdir -p /usr/$NAME /usrlocal/x"], "/usr");
        t("/no/such", &["mkdir", "/no/such/x"], "/no/such");
    }
}
