//! The variables that a part sets for its commands.

use std::collections::BTreeMap;

use buildout_recipe::{Error, Init, warning};
use shared_parts::filled;

use crate::template::expand;

/// The user's own variables that decide builds. Commands see them, and a part is reinstalled when one of them changes.
pub(crate) const OF_THE_USER: [&str; 21] = [
    "AR",
    "CC",
    "CFLAGS",
    "CPATH",
    "CPLUS_INCLUDE_PATH",
    "CPP",
    "CPPFLAGS",
    "CXX",
    "CXXFLAGS",
    "C_INCLUDE_PATH",
    "FC",
    "FFLAGS",
    "LD",
    "LDFLAGS",
    "LIBRARY_PATH",
    "LIBS",
    "NM",
    "PKG_CONFIG",
    "PKG_CONFIG_LIBDIR",
    "PKG_CONFIG_PATH",
    "RANLIB",
];

/// Variables as written in options: `%(NAME)s` is replaced when commands run.
pub(crate) type BuildVariables = BTreeMap<String, String>;

/// The option that records variables of the user and of other sections, so that the part is reinstalled when they change.
const KEPT: &str = "environment-variables";

/// Reads `environment` (`NAME = VALUE` lines, or the name of a section) and `environment-section`.
pub(crate) fn read(init: &Init<'_>) -> Result<BuildVariables, Error> {
    let options = init.options();
    let mut variables = BuildVariables::new();
    let mut sections = Vec::from_iter(filled(options, "environment-section")?);
    match filled(options, "environment")? {
        Some(lines) if lines.contains('=') => variables = parse(&lines)?,
        Some(name) if !init.buildout().sections()?.contains(&name) => {
            let message = format!("Option environment: {name:?} is neither NAME = VALUE nor the name of a section");
            return Err(Error::user(message));
        }
        other => sections.extend(other),
    }
    let mut kept = of_the_user(|name| std::env::var(name).ok());
    for section in sections {
        for name in init.buildout().keys(&section)? {
            let value = init.buildout().require(&section, &name)?;
            if !is_name(&name) {
                warning!("Option {name} of section {section} is not a valid variable name, and is ignored");
                continue;
            }
            kept.push(format!("{name}={value}"));
            // The part's own variables take precedence over those of a section.
            variables.entry(name).or_insert(value);
        }
    }
    if !kept.is_empty() {
        kept.sort();
        options.set(KEPT, kept.join("\n"))?;
    }
    Ok(variables)
}

/// The user's own variables that decide builds, as `NAME=VALUE`.
fn of_the_user(variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    OF_THE_USER.iter().filter_map(|name| Some(format!("{name}={}", variable(name)?))).collect()
}

fn parse(lines: &str) -> Result<BuildVariables, Error> {
    let mut variables = BuildVariables::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once('=') else {
            return Err(Error::user(format!("Option environment: {line:?} is not NAME = VALUE")));
        };
        let name = name.trim_end();
        if !is_name(name) {
            let message = format!(
                "Option environment: {name:?} is not a valid variable name (expected only letters, digits and _)"
            );
            return Err(Error::user(message));
        }
        if variables.insert(name.to_owned(), value.trim_start().to_owned()).is_some() {
            return Err(Error::user(format!("Option environment sets {name} twice")));
        }
    }
    Ok(variables)
}

/// Whether a shell accepts it as the name of a variable. Other names must not get into a script.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The values, with `%(NAME)s` replaced from `base`, the environment without these variables.
pub(crate) fn evaluate(variables: &BuildVariables, base: &BuildVariables) -> Result<BuildVariables, Error> {
    let evaluate = |(name, value): (&String, &String)| {
        let value = expand(value, &format!("Option environment, {name}"), |name| Ok(base.get(name).cloned()))?;
        Ok((name.clone(), value))
    };
    variables.iter().map(evaluate).collect()
}

#[cfg(test)]
mod tests {
    use super::of_the_user;

    #[test]
    fn variables_of_the_user_are_recorded() {
        let variable = |name: &str| matches!(name, "CFLAGS" | "CC" | "HOME").then(|| format!("my {name}"));
        assert_eq!(of_the_user(variable), ["CC=my CC", "CFLAGS=my CFLAGS"]);
        assert!(of_the_user(|_| None).is_empty());
    }
}
