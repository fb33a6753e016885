//! Options that come from other sections through macros (`<=`): which section writes what another one inherits.

use std::collections::BTreeSet;

use config::Configuration;

/// The sections whose macros a section uses, in the order of its lines.
fn used(configuration: &Configuration, section: &str) -> Vec<String> {
    let Some(section) = configuration.sections.get(section) else { return Vec::new() };
    let named = section.options.get("<").map(|value| value.raw.lines().map(|line| line.trim().to_owned()));
    named.into_iter().flatten().filter(|name| !name.is_empty()).collect()
}

/// The sections that a section inherits from, directly or not, with itself.
pub(crate) fn above(configuration: &Configuration, section: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![section.to_owned()];
    while let Some(next) = waiting.pop() {
        if found.insert(next.clone()) {
            waiting.extend(used(configuration, &next));
        }
    }
    found
}

/// The sections that inherit from one of these, directly or not, with them.
fn below(configuration: &Configuration, sections: BTreeSet<String>) -> BTreeSet<String> {
    let mut found = sections;
    loop {
        let before = found.len();
        for name in configuration.sections.keys() {
            if !found.contains(name) && used(configuration, name).iter().any(|used| found.contains(used)) {
                found.insert(name.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// The sections in which an option is the same one: those that hand it down to this section, and all that inherit it.
pub(crate) fn family(configuration: &Configuration, section: &str, option: &str) -> BTreeSet<String> {
    let writes = |name: &String| {
        let section = configuration.sections.get(name);
        section.is_some_and(|section| section.options.keys().any(|key| bare(key) == option))
    };
    let mut writing: BTreeSet<String> = above(configuration, section).into_iter().filter(writes).collect();
    writing.insert(section.to_owned());
    below(configuration, writing)
}

/// The name of an option without the sign that it has in a section with macros.
pub(crate) fn bare(name: &str) -> &str {
    name.strip_suffix(['+', '-']).map_or(name, str::trim_end)
}
