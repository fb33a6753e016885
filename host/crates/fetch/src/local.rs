//! URLs of local files.

use std::path::{Path, PathBuf};

/// The path of a `file:` URL. As in zc.buildout, its host is ignored, and `%` is an ordinary character.
pub(crate) fn path_of_file_url(url: &str) -> Option<PathBuf> {
    let (scheme, rest) = url.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.find('/').map_or("", |slash| &rest[slash..]),
        None => rest,
    };
    Some(PathBuf::from(path.split(['?', '#']).next().unwrap_or_default()))
}

/// The path of `source`, a `file:` URL or a path relative to `directory`; `None` for other URLs.
pub(crate) fn path_of(source: &str, directory: &Path) -> Option<PathBuf> {
    match path_of_file_url(source) {
        Some(path) => Some(directory.join(path)),
        None if is_url(source) => None,
        None => Some(directory.join(source)),
    }
}

/// Whether `source` starts with a URL scheme (RFC 3986, section 3.1).
fn is_url(source: &str) -> bool {
    source.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_buildout() {
        let t = |source: &str, expected: Option<&str>| {
            assert_eq!(path_of(source, Path::new("/b")), expected.map(PathBuf::from), "{source}");
        };
        t("a.tar", Some("/b/a.tar"));
        t("../a:b", Some("/b/../a:b"));
        t("/c/a.tar", Some("/c/a.tar"));
        t("file:///c/a%20.tar#x", Some("/c/a%20.tar"));
        t("file://host/c", Some("/c"));
        t("file:c/a.tar", Some("/b/c/a.tar"));
        t("FILE:/c", Some("/c"));
        t("http://host/c", None);
        t("ftp:c", None);
    }
}
