//! Whether an upgrade is a downgrade: a registry can serve any artifact under a tag that its signers have ever signed.

use std::str::FromStr as _;

use pep440_rs::Version;

use super::lock::LockChange;

impl LockChange {
    /// Whether the same package now has a lower version. If versions cannot be compared, it does not.
    #[must_use]
    pub(crate) fn lowers_version(&self) -> bool {
        let (Some(before), Some(after)) = (&self.before, &self.after) else { return false };
        is_lower(&before.version, &after.version)
    }
}

/// Both strings are a package's name and version.
fn is_lower(before: &str, after: &str) -> bool {
    let split = |text: &str| {
        let (name, version) = text.rsplit_once(' ')?;
        // Also parses version formats of crates and npm packages.
        Some((name.to_owned(), Version::from_str(version).ok()?))
    };
    match (split(before), split(after)) {
        (Some((old_name, old)), Some((name, new))) => old_name == name && new < old,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_lower;

    #[test]
    fn versions_of_one_package_are_compared() {
        let t = |before: &str, after: &str, expected: bool| {
            assert_eq!(is_lower(before, after), expected, "{before} → {after}");
        };
        t("acme 0.10.0", "acme 0.9.0", true);
        t("acme 1.0.0", "acme 1.0.0-rc.1", true);
        t("acme 0.9.0", "acme 0.10.0", false);
        t("acme 1.0.0", "acme 1.0.0", false);
        t("acme 2.0.0", "other 1.0.0", false);
        t("acme 2.0.0", "acme newest", false);
        t("acme", "acme", false);
    }
}
