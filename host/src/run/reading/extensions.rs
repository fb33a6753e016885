//! `[buildout] extensions`: in zc.buildout, eggs that change how it works; here, some are features of the host, and the
//! others run in the Python runtime.

use std::sync::Arc;

use config::Configuration;
use config::options::{Buildout, NoRecipes};

use crate::error::RunError;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Feature {
    /// The run gets a stage for it.
    Rebootstrap,
    /// Parts with `shared = true`. Nothing to do: `shared-part-list` contains all that is needed.
    Shared,
    /// Settings of this host do the same.
    Settings(&'static ReplacedExtension),
}

/// An extension of zc.buildout that settings of this host replace.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::run) struct ReplacedExtension {
    /// Its name.
    pub(in crate::run) name: &'static str,
    /// Its option for the file in which versions are noted.
    pub(in crate::run) file_option: &'static str,
    /// Its other options, which are not needed.
    pub(in crate::run) further_options: &'static [&'static str],
}

/// They show, or write down, the versions that were picked.
const PICKED: [ReplacedExtension; 2] = [
    ReplacedExtension { name: "buildout-versions", file_option: "buildout_versions_file", further_options: &[] },
    ReplacedExtension {
        name: "buildout.dumppickedversions",
        file_option: "dump-picked-versions-file",
        further_options: &["dump-picked-versions", "overwrite-picked-versions-file"],
    },
];

/// Extensions of which the parts do not depend, and what they would do.
const OPTIONAL: [(&str, &str); 5] = [
    ("buildout.threatlevel", "shows the general threat level of the Internet"),
    ("jarn.setuptoolsfixer", "works around faults of old versions of setuptools"),
    ("minitagificator", "shows which developed packages have changed since their last tag"),
    ("plone.versioncheck", "writes a report about newer versions of pinned distributions"),
    ("z3c.checkversions", "shows newer versions of pinned distributions"),
];

/// What the extensions of a buildout are.
#[derive(Debug, Default)]
pub(in crate::run) struct Extensions {
    /// Those that settings of this host replace.
    pub(in crate::run) own: Vec<&'static ReplacedExtension>,
    /// The requirements of the others, which are Python distributions.
    pub(in crate::run) python: Vec<String>,
}

/// The names, normalized.
const FEATURES: [(&str, Feature); 5] = [
    ("buildout-versions", Feature::Settings(&PICKED[0])),
    ("buildout.dumppickedversions", Feature::Settings(&PICKED[1])),
    ("rebootstrap", Feature::Rebootstrap),
    ("slapos.extension.shared", Feature::Shared),
    ("slapos.rebootstrap", Feature::Rebootstrap),
];

/// Whether the extensions request that the buildout makes its Python.
///
/// # Errors
/// When the option cannot be read.
pub(in crate::run) fn rebootstraps(buildout: &Buildout) -> Result<bool, RunError> {
    let named = buildout.get("buildout", "extensions")?.unwrap_or_default();
    Ok(requirements(&named).iter().any(|requirement| find(name_of(requirement)) == Some(Feature::Rebootstrap)))
}

/// The extensions that do something in front of the first stage.
///
/// # Errors
/// When the option cannot be read.
pub(in crate::run) fn of(buildout: &Buildout) -> Result<Extensions, RunError> {
    let named = buildout.get("buildout", "extensions")?.unwrap_or_default();
    let mut extensions = Extensions::default();
    for requirement in requirements(&named) {
        match find(name_of(&requirement)) {
            Some(Feature::Settings(own)) => extensions.own.push(own),
            Some(Feature::Rebootstrap | Feature::Shared) => {}
            None => extensions.python.push(requirement),
        }
    }
    Ok(extensions)
}

/// The same, as far as it can be known without a recipe.
pub(in crate::run) fn may_rebootstrap(configuration: &Arc<Configuration>) -> bool {
    let buildout = Buildout::new(Arc::clone(configuration), Arc::new(NoRecipes));
    let named = buildout.get("buildout", "python").ok().flatten().unwrap_or_default();
    !["", "buildout"].contains(&named.trim()) && rebootstraps(&buildout).unwrap_or(false)
}

fn find(name: &str) -> Option<Feature> {
    let name = normal(name);
    FEATURES.iter().find(|(known, _)| normal(known) == name).map(|(_, feature)| *feature)
}

/// What an extension does, if the parts do not depend on it.
pub(in crate::run) fn only(name: &str) -> Option<&'static str> {
    OPTIONAL.iter().find(|(known, _)| normal(known) == normal(name)).map(|(_, only)| *only)
}

/// The name in a requirement.
pub(in crate::run) fn name_of(requirement: &str) -> &str {
    requirement.split(|c: char| is_operator(c) || c == '[' || c == ';').next().unwrap_or(requirement).trim()
}

fn is_operator(c: char) -> bool {
    "<>=!~".contains(c)
}

/// The requirements (`a`, `a==1.0`, `a >= 1, < 2`, `a[x]`), separated by spaces or commas.
fn requirements(text: &str) -> Vec<String> {
    let mut requirements: Vec<String> = Vec::new();
    let mut is_version = false;
    for word in text.split([' ', '\t', '\n', '\r', ',']).filter(|word| !word.is_empty()) {
        let begins_with_operator = word.starts_with(is_operator);
        match requirements.last_mut().filter(|_| is_version || begins_with_operator) {
            // The version may be in a separate word after the operator.
            Some(last) if is_version => last.push_str(word),
            Some(last) if last.contains(is_operator) => *last = format!("{last},{word}"),
            Some(last) => last.push_str(word),
            None => requirements.push(word.split(';').next().unwrap_or(word).to_owned()),
        }
        is_version = word.ends_with(is_operator);
    }
    requirements
}

/// Normalizes a name as for Python projects (PEP 503).
fn normal(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_and_their_names() {
        let t = |text: &str, expected: &[&str]| assert_eq!(requirements(text), expected, "{text}");
        t("", &[]);
        t("a\n b.c", &["a", "b.c"]);
        t("a==1.0 b>=2,<3", &["a==1.0", "b>=2,<3"]);
        t("a >= 1.0, < 2\nb", &["a>=1.0,<2", "b"]);
        t("a[extra]==1 b;python_version<'3'", &["a[extra]==1", "b"]);
        t("a, b", &["a", "b"]);
        t("a == 1", &["a==1"]);
        assert_eq!(["a[x]==1", "b.c", "d>=2"].map(name_of), ["a", "b.c", "d"]);
    }

    #[test]
    fn names_are_compared_as_of_python_projects() {
        for name in ["slapos.rebootstrap", "Slapos-Rebootstrap", "slapos_rebootstrap", "rebootstrap"] {
            assert!(find(name) == Some(Feature::Rebootstrap), "{name}");
        }
        assert!(find("slapos.extension.shared") == Some(Feature::Shared));
        assert!(matches!(find("buildout_versions"), Some(Feature::Settings(_))));
        assert!(find("slapos.extension.strip").is_none());
    }
}
