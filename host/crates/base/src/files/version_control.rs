//! Names of version control: what is there runs with the rights of the user, such as hooks of git.

use std::path::{Path, PathBuf};

/// Directories of version control. A file with such a name says where the directory is.
pub const VERSION_CONTROL: [&str; 5] = [".git", ".hg", ".svn", ".bzr", ".jj"];

/// Whether a directory or file with this name is version control.
pub fn is_version_control(name: &str) -> bool {
    VERSION_CONTROL.contains(&name)
}

/// The outermost directory of version control that a relative path names or is in.
pub fn checkout_in(below: &Path) -> Option<PathBuf> {
    let names: Vec<_> = below.iter().collect();
    let at = names.iter().position(|name| name.to_str().is_some_and(is_version_control))?;
    Some(names[..=at].iter().collect())
}
