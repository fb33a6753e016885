//! The location of a configuration file: a path or a URL.

use std::fmt;
use std::path::{Path, PathBuf};

use base::source::redact;

/// A configuration file, as a path or URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// An absolute path.
    Path(PathBuf),
    /// A URL, as written (including credentials).
    Url(String),
}

impl Location {
    /// Resolves `name` in a file of `directory`: a URL, a path, or a name relative to `directory`.
    ///
    /// As in zc.buildout, an absolute path in a downloaded file is a local path.
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

    /// The directory, or the URL up to its last slash (exclusive).
    pub fn directory(&self) -> Self {
        match self {
            Self::Path(path) => Self::Path(path.parent().unwrap_or(path).to_owned()),
            Self::Url(url) => Self::Url(url.rsplit_once('/').map_or("", |(base, _)| base).to_owned()),
        }
    }

    /// The location as used in values (`_profile_base_location_`), including any credentials.
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

/// For display: without credentials.
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
