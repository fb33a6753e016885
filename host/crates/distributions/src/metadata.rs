//! The metadata of a distribution: `METADATA` and `PKG-INFO` (core metadata), `requires.txt` of eggs.
//!
//! Knows nothing of the location of these files.

use std::collections::BTreeSet;

use crate::marker;
use crate::name;
use crate::python::Python;
use crate::requirement::{InvalidRequirement, Requirement};
use crate::version::Specifiers;

/// The most requirements of one distribution.
const MOST_REQUIREMENTS: usize = 10_000;

/// The metadata of a distribution: the fields that are used.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// `Name`, as written.
    pub name: String,
    /// `Version`, as written.
    pub(crate) version: String,
    /// The extras that it offers, in their order, as written.
    pub(crate) extras: Vec<String>,
    /// Its requirements, with markers.
    pub requires: Vec<Requirement>,
    /// `Requires-Python`.
    pub(crate) requires_python: Option<String>,
    /// Whether the metadata of a source distribution applies to its wheels too (`Metadata-Version` 2.2, `Dynamic`).
    pub(crate) is_static: bool,
}

/// Invalid metadata.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// A requirement is invalid.
    #[error(transparent)]
    Requirement(#[from] InvalidRequirement),
    /// A required field is missing.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// A field is invalid.
    #[error("{0}")]
    Wrong(String),
}

impl Metadata {
    /// Reads core metadata.
    ///
    /// # Errors
    /// When the name or the version is missing, or a requirement is invalid.
    pub(crate) fn parse(text: &str) -> Result<Self, MetadataError> {
        let fields = Fields::parse(text);
        let one = |name: &'static str| fields.first(name).ok_or(MetadataError::Missing(name));
        let requires: Vec<&str> = fields.all("Requires-Dist").collect();
        if requires.len() > MOST_REQUIREMENTS {
            return Err(MetadataError::Wrong(format!(
                "it has {} requirements, more than {MOST_REQUIREMENTS}",
                requires.len()
            )));
        }
        let dynamic: BTreeSet<String> = fields.all("Dynamic").map(str::to_ascii_lowercase).collect();
        let says_all = fields
            .first("Metadata-Version")
            .is_some_and(|version| !matches!(version, "1.0" | "1.1" | "1.2" | "2.0" | "2.1"));
        Ok(Self {
            name: one("Name")?.to_owned(),
            version: one("Version")?.to_owned(),
            extras: fields.all("Provides-Extra").map(str::to_owned).collect(),
            requires: requires.into_iter().map(Requirement::parse).collect::<Result<_, _>>()?,
            requires_python: fields.first("Requires-Python").map(str::to_owned),
            is_static: says_all && !["requires-dist", "provides-extra"].iter().any(|field| dynamic.contains(*field)),
        })
    }

    /// Reads the `PKG-INFO` of an egg and its `requires.txt`, which has a section for each extra and marker.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub(crate) fn parse_egg(pkg_info: &str, requires: &str) -> Result<Self, MetadataError> {
        let mut metadata = Self::parse(pkg_info)?;
        (metadata.requires, metadata.extras) = egg_requires(requires)?;
        Ok(metadata)
    }

    /// Its requirements for `python` with `extras`, in zc.buildout's order: those without an extra, then those of each
    /// extra.
    ///
    /// # Errors
    /// When a marker has no meaning.
    pub(crate) fn needs(&self, python: &Python, extras: &BTreeSet<String>) -> Result<Vec<&Requirement>, String> {
        let always = self.filtered(python, None)?;
        let mut needs = always.clone();
        for extra in extras {
            for requirement in self.filtered(python, Some(extra))? {
                if !always.iter().any(|other| std::ptr::eq(*other, requirement)) {
                    needs.push(requirement);
                }
            }
        }
        Ok(needs)
    }

    fn filtered(&self, python: &Python, extra: Option<&str>) -> Result<Vec<&Requirement>, String> {
        let mut counting = Vec::new();
        for requirement in &self.requires {
            let holds = match (&requirement.marker, extra) {
                (Some(marker), Some(extra)) => marker::holds_with(marker, python, extra)?,
                (marker, None) => marker::holds(marker.as_ref(), python, [])?,
                (None, Some(_)) => true,
            };
            if holds {
                counting.push(requirement);
            }
        }
        Ok(counting)
    }

    /// Whether it offers an extra.
    pub(crate) fn offers(&self, extra: &str) -> bool {
        let wanted = name::canonical_extra(extra);
        self.extras.iter().any(|offered| name::canonical_extra(offered) == wanted)
    }

    /// Whether it accepts the version of `python`. An invalid condition excludes nothing, as in pip.
    pub(crate) fn fits(&self, python: &Python) -> bool {
        fits(self.requires_python.as_deref(), python)
    }
}

/// Whether `python` matches a `Requires-Python`. An invalid condition excludes nothing, as in pip.
pub(crate) fn fits(requires_python: Option<&str>, python: &Python) -> bool {
    let conditions = requires_python.and_then(|text| Specifiers::parse(text).ok());
    conditions.is_none_or(|conditions| python.version().is_none_or(|version| conditions.contains(&version)))
}

/// The requirements and extras of a `requires.txt`.
fn egg_requires(text: &str) -> Result<(Vec<Requirement>, Vec<String>), MetadataError> {
    let (mut requires, mut extras) = (Vec::new(), Vec::new());
    let mut condition = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let (extra, marker) = section.split_once(':').unwrap_or((section, ""));
            if !extra.is_empty() && !extras.iter().any(|other| other == extra) {
                extras.push(extra.to_owned());
            }
            condition = condition_of(extra, marker);
            continue;
        }
        let conditional = if condition.is_empty() { line.to_owned() } else { format!("{line} ; {condition}") };
        requires.push(Requirement::parse(&conditional)?);
    }
    Ok((requires, extras))
}

fn condition_of(extra: &str, marker: &str) -> String {
    match (extra, marker) {
        ("", marker) => marker.to_owned(),
        (extra, "") => format!("extra == \"{extra}\""),
        (extra, marker) => format!("extra == \"{extra}\" and ({marker})"),
    }
}

/// The header fields of a text in the format of e-mail (RFC 822).
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the header, up to the first empty line. A line of spaces is not empty: it continues a field, as setuptools
    /// writes empty lines of a license.
    pub(crate) fn parse(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines().take_while(|line| !line.is_empty()) {
            match (line.starts_with([' ', '\t']), line.split_once(':')) {
                (true, _) => fields.last_mut().into_iter().for_each(|(_, value)| {
                    value.push('\n');
                    value.push_str(line);
                }),
                (false, Some((name, value))) => fields.push((name.trim().to_owned(), value.trim().to_owned())),
                (false, None) => {}
            }
        }
        Self(fields)
    }

    /// The values of all fields of this name, in their order. Old metadata has `UNKNOWN` for unknown values.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let matching = self.0.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name));
        matching.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty() && *value != "UNKNOWN")
    }

    /// The value of the first field of this name.
    pub(crate) fn first<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::tests::python311;

    fn shown(requirements: &[&Requirement]) -> Vec<String> {
        requirements.iter().map(|requirement| requirement.name.clone()).collect()
    }

    #[test]
    fn a_line_of_spaces_does_not_end_the_fields() {
        let text =
            "Name: a\nVersion: 1\nLicense: First line\n        \n        Third line\nRequires-Dist: six\n\nBody: no\n";
        let metadata = Metadata::parse(text).unwrap();
        assert_eq!(shown(&metadata.needs(&python311(), &BTreeSet::default()).unwrap()), ["six"]);
    }

    #[test]
    fn what_is_needed_depends_on_python_and_extras() {
        let text = "Metadata-Version: 2.1\nName: a.b\nVersion: 1.0\nRequires-Dist: x>=1\nRequires-Dist: old; python_version<'3'\n\
            requires-dist: t; extra == 'test'\nRequires-Dist: u; python_version > '3' and extra=='Other_One'\n\
            Provides-Extra: test\nProvides-Extra: other-one\n\nRequires-Dist: of the text\n";
        let metadata = Metadata::parse(text).unwrap();
        let needs = |extras: &[&str]| {
            shown(&metadata.needs(&python311(), &extras.iter().map(|e| (*e).to_owned()).collect()).unwrap())
        };
        assert_eq!(needs(&[]), ["x"]);
        assert_eq!(needs(&["test"]), ["x", "t"]);
        assert_eq!(needs(&["other.one", "test"]), ["x", "u", "t"]);
        assert!(metadata.offers("Other.One") && !metadata.offers("x") && !metadata.is_static);
    }

    #[test]
    fn requirements_of_an_egg() {
        let requires = "x>=1\n\n[:python_version < \"3\"]\nold\n\n[test]\nt\n\n[test:python_version > \"3\"]\nu\n";
        let metadata = Metadata::parse_egg("Name: a\nVersion: 1\n", requires).unwrap();
        let needs = |extras: &[&str]| {
            shown(&metadata.needs(&python311(), &extras.iter().map(|e| (*e).to_owned()).collect()).unwrap())
        };
        assert_eq!(needs(&[]), ["x"]);
        assert_eq!(needs(&["test"]), ["x", "t", "u"]);
        assert_eq!(metadata.extras, ["test"]);
    }

    #[test]
    fn only_metadata_that_says_so_is_static() {
        let t = |text: &str| Metadata::parse(&format!("{text}Name: a\nVersion: 1\n")).unwrap().is_static;
        assert!(t("Metadata-Version: 2.2\n") && t("Metadata-Version: 2.4\nDynamic: Classifier\n"));
        assert!(!t("Metadata-Version: 2.1\n") && !t("Metadata-Version: 2.2\nDynamic: requires-dist\n") && !t(""));
    }

    #[test]
    fn metadata_that_cannot_be_used() {
        assert_eq!(Metadata::parse("Version: 1").unwrap_err().to_string(), "it has no Name");
        assert!(Metadata::parse("Name: a\nVersion: 1\nRequires-Dist: b (>=1.0.*)").is_err());
        assert!(Metadata::parse(&format!("Name: a\nVersion: 1\n{}", "Requires-Dist: b\n".repeat(20_000))).is_err());
    }

    #[test]
    fn requires_python() {
        let python = python311();
        assert!(fits(None, &python) && fits(Some(">=3.8, <4"), &python) && fits(Some("nonsense"), &python));
        assert!(!fits(Some(">=3.12"), &python));
    }
}
