//! `[buildout] extensions`: in zc.buildout, eggs that change how it works; here, names of host features.

use std::sync::Arc;

use base::source::{did_you_mean, nearest};
use config::Configuration;
use config::options::{Buildout, NoRecipes};

use super::super::fault::RunFault;
use crate::error::RunError;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extension {
    /// The run gets a stage for it.
    Rebootstrap,
    /// Parts with `shared = true`. Nothing to do: `shared-part-list` contains all that is needed.
    Shared,
}

/// The names, normalized.
const SUPPORTED: [(&str, Extension); 3] = [
    ("rebootstrap", Extension::Rebootstrap),
    ("slapos.extension.shared", Extension::Shared),
    ("slapos.rebootstrap", Extension::Rebootstrap),
];

/// Whether the extensions request that the buildout makes its Python.
///
/// # Errors
/// When this host does not support one of them.
pub(in crate::run) fn rebootstraps(buildout: &Buildout) -> Result<bool, RunError> {
    let named = buildout.get("buildout", "extensions")?.unwrap_or_default();
    let mut rebootstraps = false;
    for name in names(&named) {
        match find(name) {
            Some(extension) => rebootstraps |= extension == Extension::Rebootstrap,
            None => return Err(unsupported(buildout, name)),
        }
    }
    Ok(rebootstraps)
}

/// The same, as far as it can be known without a recipe.
pub(in crate::run) fn may_rebootstrap(configuration: &Arc<Configuration>) -> bool {
    let buildout = Buildout::new(Arc::clone(configuration), Arc::new(NoRecipes));
    let named = buildout.get("buildout", "python").ok().flatten().unwrap_or_default();
    !["", "buildout"].contains(&named.trim()) && rebootstraps(&buildout).unwrap_or(false)
}

fn find(name: &str) -> Option<Extension> {
    let name = normal(name);
    SUPPORTED.iter().find(|(known, _)| normal(known) == name).map(|(_, extension)| *extension)
}

fn unsupported(buildout: &Buildout, name: &str) -> RunError {
    let known = SUPPORTED.map(|(known, _)| known);
    let place = buildout.place_of_word("buildout", "extensions", name);
    let near = nearest(name, known).map(did_you_mean);
    let supported = format!("Supported are {}; remove others from `extensions`.", known.join(", "));
    let hints = near.into_iter().chain([supported]).collect();
    RunFault::Extension { name: name.to_owned(), place, hints }.into()
}

/// The names of requirements (`a`, `a==1.0`, `a >= 1, < 2`, `a[x]`), separated by spaces or commas.
fn names(requirements: &str) -> Vec<&str> {
    let is_operator = |c: char| "<>=!~".contains(c);
    let mut names = Vec::new();
    let mut is_version = false;
    for word in requirements.split([' ', '\t', '\n', '\r', ',']).filter(|word| !word.is_empty()) {
        let begins_with_operator = word.starts_with(is_operator);
        if !is_version && !begins_with_operator {
            names.push(word.split(|c| is_operator(c) || c == '[' || c == ';').next().unwrap_or(word));
        }
        // The version may be in a separate word after the operator.
        is_version = word.ends_with(is_operator);
    }
    names
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
    fn names_of_requirements() {
        let t = |text: &str, expected: &[&str]| assert_eq!(names(text), expected, "{text}");
        t("", &[]);
        t("a\n b.c", &["a", "b.c"]);
        t("a==1.0 b>=2,<3", &["a", "b"]);
        t("a >= 1.0, < 2\nb", &["a", "b"]);
        t("a[extra]==1 b;python_version<'3'", &["a", "b"]);
        t("a, b", &["a", "b"]);
        t("a == 1", &["a"]);
    }

    #[test]
    fn names_are_compared_as_of_python_projects() {
        for name in ["slapos.rebootstrap", "Slapos-Rebootstrap", "slapos_rebootstrap", "rebootstrap"] {
            assert!(find(name) == Some(Extension::Rebootstrap), "{name}");
        }
        assert!(find("slapos.extension.shared") == Some(Extension::Shared));
        assert!(find("slapos.extension.strip").is_none());
    }
}
