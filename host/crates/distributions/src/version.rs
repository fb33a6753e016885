//! Versions and specifiers (PEP 440), using the library `pep440_rs`.
//!
//! Pre-releases match every specifier that their order allows, as in zc.buildout: preferences apply where a version is
//! chosen.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr as _;

pub use pep440_rs::Version;
use pep440_rs::{Operator, VersionSpecifier};

/// Parses a version.
pub fn parse(text: &str) -> Option<Version> {
    Version::from_str(text.trim()).ok()
}

/// The form in which setuptools shows a version (`pkg_resources.safe_version`): normalized, or, if it is invalid,
/// without the characters that separate parts of file names.
pub(crate) fn safe(text: &str) -> String {
    parse(text).map_or_else(|| crate::name::safe(&text.replace(' ', ".")), |version| version.to_string())
}

/// Whether a version is final: neither a pre-release nor a development release.
pub(crate) fn is_final(version: &Version) -> bool {
    !version.any_prerelease()
}

/// One condition on versions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum VersionCondition {
    Compare(VersionSpecifier),
    /// `===`: the text is compared.
    Text(String),
}

/// Conditions on versions, all of which must match: `<3,>=1.26`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Specifiers {
    /// Conditions with their text, which is shown.
    conditions: Vec<(String, VersionCondition)>,
}

/// Invalid conditions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a version specifier")]
pub(crate) struct InvalidSpecifier {
    /// The condition.
    pub(crate) text: String,
}

impl Specifiers {
    /// Parses conditions separated by commas; an empty text has none.
    ///
    /// # Errors
    /// When one of them is invalid.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidSpecifier> {
        let mut conditions = Vec::new();
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        for (index, part) in parts.iter().enumerate() {
            // A comma at the end is accepted, as `packaging` does.
            if part.is_empty() && (parts.len() == 1 || index + 1 == parts.len()) {
                continue;
            }
            conditions.push(condition(part)?);
        }
        Ok(Self { conditions })
    }

    /// Whether a version matches. Pre-releases are treated like other versions.
    pub(crate) fn contains(&self, version: &Version) -> bool {
        self.conditions.iter().all(|(_, condition)| match condition {
            // The library excludes all pre-releases of the same release, also those before the named one.
            VersionCondition::Compare(specifier)
                if *specifier.operator() == Operator::LessThan && specifier.version().any_prerelease() =>
            {
                version < specifier.version()
            }
            VersionCondition::Compare(specifier) => specifier.contains(version),
            VersionCondition::Text(text) => version.to_string().eq_ignore_ascii_case(text),
        })
    }

    /// These conditions and `others`.
    #[must_use]
    pub(crate) fn and(&self, others: &Self) -> Self {
        let mut both = self.clone();
        both.conditions.extend(others.conditions.iter().filter(|one| !self.conditions.contains(one)).cloned());
        both
    }

    /// Whether every version matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether this is a single `==`, which zc.buildout treats as a pin (`==1.*` too).
    pub(crate) fn is_pin(&self) -> bool {
        matches!(&self.conditions[..], [(text, _)] if text.starts_with("==") && !text.starts_with("==="))
    }

    /// Whether no condition is an upper bound.
    pub(crate) fn is_open(&self) -> bool {
        self.conditions.iter().all(|(text, _)| [">", "!="].iter().any(|operator| text.starts_with(operator)))
    }

    /// Whether one of the conditions specifies a version exactly (`==` without `*`, `===`): only then is a yanked
    /// release used.
    pub(crate) fn names_version(&self) -> bool {
        self.conditions.iter().any(|(_, condition)| match condition {
            VersionCondition::Compare(specifier) => *specifier.operator() == Operator::Equal,
            VersionCondition::Text(_) => true,
        })
    }
}

fn condition(text: &str) -> Result<(String, VersionCondition), InvalidSpecifier> {
    let invalid = || InvalidSpecifier { text: text.to_owned() };
    let shown: String = text.split_whitespace().collect();
    if let Some(exact) = text.strip_prefix("===") {
        let exact = exact.trim();
        let valid = !exact.is_empty() && !exact.contains([' ', ';', ')']);
        return valid.then(|| (shown, VersionCondition::Text(exact.to_owned()))).ok_or_else(invalid);
    }
    let specifier = VersionSpecifier::from_str(text).map_err(|_| invalid())?;
    Ok((shown, VersionCondition::Compare(specifier)))
}

/// As `packaging` writes them: sorted by their text, without spaces.
impl fmt::Display for Specifiers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: BTreeSet<&str> = self.conditions.iter().map(|(text, _)| text.as_str()).collect();
        formatter.write_str(&texts.into_iter().collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(specifiers: &str, version: &str) -> bool {
        Specifiers::parse(specifiers).unwrap().contains(&parse(version).unwrap())
    }

    #[test]
    fn conditions_of_packaging() {
        assert!(matches("<3,>=1.26", "2.8.0") && !matches("<3,>=1.26", "3.0"));
        assert!(matches(">=1.0", "2.0a1"), "pre-releases match");
        assert!(!matches("<2.0", "2.0a1"), "but not those of the excluded version");
        assert!(matches("<2.0b1", "2.0a1") && !matches("<2.0b1", "2.0b1") && !matches("<2.0b1", "2.0"));
        assert!(matches("==1.*", "1.5") && matches("~=1.4.2", "1.4.9") && !matches("~=1.4.2", "1.5"));
        assert!(matches("===1.0", "1.0") && !matches("===1.0", "1.0.0"));
        assert!(matches("==1.0", "1.0+local") && matches("", "0"));
        assert!(matches("> 1 ,", "2"));
    }

    #[test]
    fn shown_as_packaging_shows_them() {
        let t = |text: &str, expected: &str| assert_eq!(Specifiers::parse(text).unwrap().to_string(), expected);
        t(">=1.26, < 3", "<3,>=1.26");
        t("==1.0", "==1.0");
        t("!=1.5,!=1.5,>=1", "!=1.5,>=1");
        t("", "");
    }

    #[test]
    fn what_is_no_condition() {
        for text in ["1.0", "=>1", ">=1.0.*", ">=1,,<2", "=== ", ">= 1 <2", ">=x"] {
            assert!(Specifiers::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pins() {
        let t = |text: &str| Specifiers::parse(text).unwrap();
        assert!(t("==1.0").is_pin() && t("==1.*").is_pin() && !t("==1.0,>0").is_pin() && !t(">=1").is_pin());
        assert!(t("==1.0,>0").names_version() && !t("==1.*").names_version() && t("===x").names_version());
    }

    #[test]
    fn versions_in_their_normal_form() {
        assert_eq!(
            ["1.0-RC1", "v2.0", "1.0.post1", "nonsense 1"].map(safe),
            ["1.0rc1", "2.0", "1.0.post1", "nonsense.1"]
        );
    }
}
