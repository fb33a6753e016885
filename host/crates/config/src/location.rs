//! Where a configuration file is: a path or a URL.

use std::fmt;
use std::path::{Path, PathBuf};

use base::source::redact;

/// A file or URL that holds configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// An absolute path.
    Path(PathBuf),
    /// A URL, as it was written (with credentials, where it has them).
    Url(String),
}

impl Location {
    /// What `name` means in a file of `directory`: a URL, a path, or a name relative to `directory`.
    ///
    /// An absolute path named by a file that was itself downloaded is a path, as in zc.buildout.
    pub fn resolve(directory: &Self, name: &str) -> Self {
        if is_url(name) {
            return Self::Url(name.to_owned());
        }
        match directory {
            Self::Path(directory) => Self::Path(directory.join(name)),
            Self::Url(_) if Path::new(name).is_absolute() => Self::Path(PathBuf::from(name)),
            Self::Url(base) => Self::Url(format!("{base}/{name}")),
        }
    }

    /// The directory, or the URL up to its last slash (without it).
    pub fn directory(&self) -> Self {
        match self {
            Self::Path(path) => Self::Path(path.parent().unwrap_or(path).to_owned()),
            Self::Url(url) => Self::Url(url.rsplit_once('/').map_or("", |(base, _)| base).to_owned()),
        }
    }

    /// The location as it is used in a value (`_profile_base_location_`): with whatever credentials it has.
    pub(crate) fn as_written(&self) -> String {
        match self {
            Self::Path(path) => path.to_string_lossy().into_owned(),
            Self::Url(url) => url.clone(),
        }
    }
}

/// Whether `name` is a URL rather than a path: `scheme://`, zc.buildout's rule.
pub(super) fn is_url(name: &str) -> bool {
    name.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
    })
}

/// As a person should see it: without credentials.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(formatter),
            Self::Url(url) => formatter.write_str(&redact(url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_file_that_names_them() {
        let t = |directory: &Location, name: &str, expected: &str| {
            assert_eq!(Location::resolve(directory, name).as_written(), expected);
        };
        let path = Location::Path("/a/b".into());
        let url = Location::Url("https://host/a/b".into());
        t(&path, "c.cfg", "/a/b/c.cfg");
        t(&path, "/c.cfg", "/c.cfg");
        t(&path, "http://x/c.cfg", "http://x/c.cfg");
        t(&url, "c.cfg", "https://host/a/b/c.cfg");
        t(&url, "/c.cfg", "/c.cfg");
        assert_eq!(Location::Url("https://host/a/c.cfg".into()).directory().as_written(), "https://host/a");
    }

    #[test]
    fn credentials_are_not_shown() {
        assert_eq!(Location::Url("https://u:p@h/x".into()).to_string(), "https://***@h/x");
    }
}
