//! Names of projects: the forms in which Python tools write one name.
//!
//! Knows nothing of versions and files.

pub use base::distribution_name::canonical;

/// The form in which setuptools shows a name from a file name (`pkg_resources.safe_name`): characters other than ASCII
/// letters, digits and `.` become `-`.
pub fn safe(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '.' => safe.push(c),
            _ if safe.ends_with('-') => {}
            _ => safe.push('-'),
        }
    }
    safe
}

/// The form of an extra (`pkg_resources.safe_extra`), also for comparison: lower case, with `_` and `.` as `-`, because
/// old and new metadata write them differently.
pub(crate) fn canonical_extra(extra: &str) -> String {
    canonical(extra)
}

/// The form of a name or version in the name of an egg (`pkg_resources.to_filename`).
pub(crate) fn to_filename(text: &str) -> String {
    text.replace('-', "_")
}

/// Whether `name` can be the name of a project (PEP 508).
pub(crate) fn is_valid(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric();
    name.starts_with(plain) && name.ends_with(plain) && name.chars().all(|c| plain(c) || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_name() {
        let t =
            |name: &str, expected: [&str; 3]| assert_eq!([canonical(name), safe(name), to_filename(name)], expected);
        t("Zope.Interface", ["zope-interface", "Zope.Interface", "Zope.Interface"]);
        t("charset_normalizer", ["charset-normalizer", "charset-normalizer", "charset_normalizer"]);
        t("a-_.b", ["a-b", "a-.b", "a__.b"]);
        t("foo bar", ["foo bar", "foo-bar", "foo bar"]);
    }

    #[test]
    fn valid_names() {
        assert!(["a", "zope.interface", "A-1_b"].into_iter().all(is_valid));
        assert!(!["", ".a", "a-", "a b", "a/b", "ä"].into_iter().any(is_valid));
    }
}
