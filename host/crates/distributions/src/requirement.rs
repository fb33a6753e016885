//! Requirements (PEP 508): `name[extra]>=1.0; marker`, `name @ URL`.
//!
//! Knows nothing of available distributions.

use std::collections::BTreeSet;
use std::fmt;

use base::source::{Explain, continued_option};

use crate::marker::Marker;
use crate::name;
use crate::version::{InvalidSpecifier, Specifiers};

/// The longest requirement that is read, in bytes.
const LONGEST: usize = 64 << 10;

/// One requirement.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The project's name as written.
    pub name: String,
    /// Extras as written, sorted.
    pub extras: BTreeSet<String>,
    /// Conditions on the version.
    pub specifiers: Specifiers,
    /// The URL of the distribution, if it has one.
    pub url: Option<String>,
    /// When it applies; always, if it has none.
    pub marker: Option<Marker>,
}

/// An invalid requirement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a requirement: {cause}")]
pub struct InvalidRequirement {
    /// The text.
    pub text: String,
    /// The error.
    pub(crate) cause: String,
}

impl Explain for InvalidRequirement {
    fn hints(&self) -> Vec<String> {
        if self.text.contains("${") {
            return vec!["A reference has the form ${section:option}.".to_owned()];
        }
        if let Some((name, version)) = self.text.split_once('=')
            && version.trim_start().starts_with(|first: char| first.is_ascii_digit())
        {
            return vec![format!("To require this version, write: {} == {}", name.trim(), version.trim())];
        }
        let words = self.text.split(|letter: char| letter == ',' || letter.is_whitespace());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let is_name = |word: &&str| word.starts_with(|first: char| first.is_ascii_alphabetic()) && parse(word).is_ok();
        if words.len() > 1 && words.iter().all(is_name) {
            return vec!["Write each requirement on its own line.".to_owned()];
        }
        continued_option(&self.text).into_iter().collect()
    }
}

impl Requirement {
    /// Parses a requirement. The text after ` #` is a comment.
    ///
    /// # Errors
    /// When it is invalid.
    pub fn parse(text: &str) -> Result<Self, InvalidRequirement> {
        let invalid = |cause: String| InvalidRequirement { text: text.chars().take(200).collect(), cause };
        if text.len() > LONGEST {
            return Err(invalid("it is too long".into()));
        }
        let content = text.split_once(" #").map_or(text, |(content, _)| content).trim();
        parse(content).map_err(invalid)
    }

    /// The name in the form for comparison.
    pub fn key(&self) -> String {
        name::canonical(&self.name)
    }

    /// The extras in the form for comparison.
    pub(crate) fn extra_keys(&self) -> BTreeSet<String> {
        self.extras.iter().map(|extra| name::canonical_extra(extra)).collect()
    }

    /// The same with other version conditions.
    #[must_use]
    pub(crate) fn with_specifiers(&self, specifiers: Specifiers) -> Self {
        Self { specifiers, ..self.clone() }
    }
}

fn parse(text: &str) -> Result<Requirement, String> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !name::is_valid(name) {
        return Err("it must begin with the name of a project".into());
    }
    let (extras, rest) = extras(rest.trim_start())?;
    let rest = rest.trim_start();
    if let Some(rest) = rest.strip_prefix('@') {
        let (url, marker) = url(rest.trim_start())?;
        let specifiers = Specifiers::default();
        return Ok(Requirement { name: name.to_owned(), extras, specifiers, url: Some(url), marker });
    }
    let (conditions, marker) = match rest.split_once(';') {
        Some((conditions, marker)) => (conditions, Some(self::marker(marker)?)),
        None => (rest, None),
    };
    let specifiers =
        Specifiers::parse(unwrapped(conditions.trim())).map_err(|error: InvalidSpecifier| error.to_string())?;
    Ok(Requirement { name: name.to_owned(), extras, specifiers, url: None, marker })
}

/// Conditions may be in parentheses.
fn unwrapped(conditions: &str) -> &str {
    conditions.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(conditions)
}

fn extras(text: &str) -> Result<(BTreeSet<String>, &str), String> {
    let Some(inside) = text.strip_prefix('[') else { return Ok((BTreeSet::new(), text)) };
    let (list, rest) = inside.split_once(']').ok_or("`]` is missing")?;
    let names = list.split(',').map(str::trim);
    let extras: BTreeSet<String> = names.filter(|_| !list.trim().is_empty()).map(str::to_owned).collect();
    match extras.iter().find(|extra| !name::is_valid(extra)) {
        Some(extra) => Err(format!("{extra:?} is not the name of an extra")),
        None => Ok((extras, rest)),
    }
}

/// A URL ends at whitespace; only after that can a marker start.
fn url(text: &str) -> Result<(String, Option<Marker>), String> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (url, rest) = text.split_at(end);
    if url.is_empty() {
        return Err("the URL is missing".into());
    }
    match (rest.trim_start().strip_prefix(';'), rest.trim()) {
        (Some(marker), _) => Ok((url.to_owned(), Some(self::marker(marker)?))),
        (None, "") => Ok((url.to_owned(), None)),
        (None, other) => Err(format!("{other:?} follows the URL")),
    }
}

fn marker(text: &str) -> Result<Marker, String> {
    Marker::parse(text.trim()).ok_or_else(|| format!("{:?} is not a marker", text.trim()))
}

/// As `packaging` writes it: `name[extra1,extra2]<3,>=1; marker`.
impl fmt::Display for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        if !self.extras.is_empty() {
            write!(formatter, "[{}]", self.extras.iter().map(String::as_str).collect::<Vec<_>>().join(","))?;
        }
        self.specifiers.fmt(formatter)?;
        if let Some(url) = &self.url {
            write!(formatter, " @ {}{}", base::source::redact(url), if self.marker.is_some() { " " } else { "" })?;
        }
        match &self.marker {
            Some(marker) => write!(formatter, "; {marker}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(text: &str, expected: &str) {
        assert_eq!(Requirement::parse(text).unwrap().to_string(), expected);
    }

    #[test]
    fn read_and_shown_as_packaging_does() {
        t("requests", "requests");
        t(" zope.interface >= 5 , <8 ", "zope.interface<8,>=5");
        t("a[y,x] (>1)", "a[x,y]>1");
        t("a[]==1", "a==1");
        t("pip @ https://example.org/pip.whl ; os_name=='x'", "pip @ https://example.org/pip.whl ; os_name == \"x\"");
        t("pip @ https://u:p@example.org/pip.whl", "pip @ https://***@example.org/pip.whl");
        t(
            "a; python_version<'3' and (extra=='t' or os.name>\"b\")",
            "a; python_version < \"3\" and (extra == \"t\" or os_name > \"b\")",
        );
        t("docopt # of the cli", "docopt");
    }

    #[test]
    fn what_is_no_requirement() {
        for text in ["", "-x", "a b", "a[", "a[x y]", "a>=", "a; x", "a @", "a @ u v", "a==1;", "../a", "a (>1"] {
            assert!(Requirement::parse(text).is_err(), "{text}");
        }
        assert!(Requirement::parse(&"a".repeat(1 << 20)).is_err());
    }
}
