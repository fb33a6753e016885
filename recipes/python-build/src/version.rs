//! Python versions: where to find them, and which version includes which.

use std::fmt;

use buildout_recipe::{Error, Init};
use shared_parts::{filled, join};

/// Prints the version of the Python that runs it.
pub(crate) const SCRIPT: &str = "import sys; print(sys.version.split()[0])";

/// A version, such as `3.11.2`, `3.14.0rc1`, or `3.11` for all versions that start with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Version(String);

impl Version {
    /// The version in the part's option, or else in the name or the files of its sources.
    pub(crate) fn of(init: &Init<'_>) -> Result<Option<Self>, Error> {
        let options = init.options();
        if let Some(written) = filled(options, "version")? {
            if !written.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(Error::user(format!(
                    "Invalid value for option version: {written:?} (expected a version such as 3.11.2)"
                )));
            }
            return Ok(Some(Self::new(&written)));
        }
        if let Some(url) = filled(options, "url")? {
            return Ok(Self::of_name(&url));
        }
        let base = init.buildout().directory()?;
        Ok(filled(options, "path")?.and_then(|path| Self::of_sources(&join(&base, &path))))
    }

    /// The version in the name of an archive of Python, if it has three numbers.
    fn of_name(url: &str) -> Option<Self> {
        let address = url.split(['?', '#']).next()?;
        if !address.to_ascii_lowercase().contains("python") {
            return None;
        }
        let name = address.rsplit('/').next()?;
        name.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').rev().find_map(|word| {
            // `v3.11.2`, `Python3.11.2`; `3.11.2.tar.gz`.
            let word = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            let numbers: Vec<&str> = word.splitn(4, '.').take(3).collect();
            let is_number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
            match numbers[..] {
                [major, minor, last] if is_number(major) && is_number(minor) && is_last(last) => {
                    Some(Self::new(&numbers.join(".")))
                }
                _ => None,
            }
        })
    }

    /// The version of CPython's sources, or none for other sources.
    pub(crate) fn of_sources(directory: &str) -> Option<Self> {
        let header = std::fs::read_to_string(format!("{directory}/Include/patchlevel.h")).ok()?;
        let line =
            header.lines().find_map(|line| line.strip_prefix("#define PY_VERSION")?.strip_prefix([' ', '\t']))?;
        Some(Self::new(line.split('"').nth(1)?))
    }

    /// What [`SCRIPT`] printed.
    pub(crate) fn printed(output: &[u8]) -> Self {
        Self::new(&String::from_utf8_lossy(output))
    }

    /// A `+` means that the sources are newer than the version by an unknown amount, so it is removed.
    fn new(text: &str) -> Self {
        Self(text.trim().trim_end_matches('+').to_owned())
    }

    /// Whether `other` is this version or starts with it.
    pub(crate) fn includes(&self, other: &Self) -> bool {
        other.0.strip_prefix(&self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// Whether the text is the last number of a version, with an optional pre-release suffix.
fn is_last(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let stage = &rest[..rest.len() - number.len()];
    rest.len() < text.len()
        && (rest.is_empty() || ["a", "b", "rc"].contains(&stage))
        && number.bytes().all(|digit| digit.is_ascii_digit())
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_versions_in_archive_names() {
        for (url, version) in [
            ("https://example.com/3.13.1/Python-3.11.2.tar.xz", Some("3.11.2")),
            ("sources/python3.11_3.11.2.orig.tar.gz", Some("3.11.2")),
            ("Python-3.14.0rc1.tgz?mirror=3.9.9#top", Some("3.14.0rc1")),
            ("https://example.com/cpython/v2.7.18.tar.gz", Some("2.7.18")),
            ("archive-1.2.3.tar.gz", None),
            ("/a/Python-3.11.tar.xz", None),
            ("/python/3.11.2/main.tar.gz", None),
            ("Python-3.11.x.tar.gz", None),
            ("", None),
        ] {
            assert_eq!(Version::of_name(url).map(|version| version.0).as_deref(), version, "{url}");
        }
    }

    #[test]
    fn a_version_includes_its_extensions() {
        let includes = |one: &str, other: &str| Version::new(one).includes(&Version::new(other));
        assert!(includes("3.11", "3.11.2") && includes("3.11.2", "3.11.2") && includes("3.14.0a1", "3.14.0a1+\n"));
        assert!(!includes("3.1", "3.11.2") && !includes("3.11.2", "3.11") && !includes("3.11.2", "3.11.20"));
    }
}
