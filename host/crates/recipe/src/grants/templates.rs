//! Templates of paths in grants: their paths for one part.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use config::options::Values;

use super::applicant::Applicant;
use super::described::grant_of;
use super::mounts::{holds, normalize};
use crate::component::Resolved;
use crate::interfaces::bindings::exports::buildout::recipe::description::{EntryPoint, OptionDescription, OptionType};

/// The grant of the locations of shared parts, as written in descriptions of recipes.
pub(super) const SHARED: &str = "${buildout:shared-part-list}";

/// The paths of templates: one per line of each resolved value (`${buildout:shared-part-list}` is a list), or one per
/// word if it is an option of words. A reference to something that does not exist grants nothing.
pub(super) fn paths<'a>(applicant: &Applicant<'_>, templates: impl IntoIterator<Item = &'a str>) -> Vec<PathBuf> {
    let directory = applicant.locations.directory.to_string_lossy();
    let expand = |template: &str| match applicant.buildout {
        // The most common template: no lookup is necessary.
        _ if template == "${buildout:directory}" => applicant.locations.directory.to_str().map(str::to_owned),
        _ if !template.contains("${") => Some(template.to_owned()),
        Some(buildout) => buildout.expand(applicant.part, template).ok(),
        None => None,
    };
    let mut all = Vec::new();
    for template in templates {
        let text = expand(template).unwrap_or_default();
        let paths = items(applicant.entry_point, template, &text, &directory);
        let paths = paths.into_iter().map(|path| applicant.locations.directory.join(path));
        // What a program has changed opens nothing beyond the buildout.
        let is_changed = applicant.buildout.is_some_and(|known| known.depends_on_changes(applicant.part, template));
        let standard = applicant.locations.standard();
        let is_own = |path: &PathBuf| standard.iter().any(|outer| holds(outer, &normalize(path)));
        all.extend(paths.filter(|path| !is_changed || is_own(path)));
    }
    all
}

/// The paths in an option's value, if `template` is a reference to one of the part's options; otherwise the lines of
/// the text. The buildout directory is one word, whatever its name is.
fn items(entry_point: &EntryPoint, template: &str, text: &str, directory: &str) -> Vec<String> {
    // No configuration contains NUL.
    let is_plain = !directory.contains(char::is_whitespace) || directory == "/";
    let text = if is_plain { Cow::Borrowed(text) } else { Cow::Owned(text.replace(directory, "\0")) };
    let items = words_or_lines(entry_point, template, &text);
    items.into_iter().map(|item| item.replace('\0', directory)).collect()
}

fn words_or_lines<'a>(entry_point: &EntryPoint, template: &str, text: &'a str) -> Vec<&'a str> {
    let option = own_option(template);
    let is_it = |known: &&OptionDescription| Some(known.name.as_str()) == option;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match entry_point.options.iter().find(is_it).map(|known| &known.value_type) {
        Some(OptionType::Words) => text.split_whitespace().collect(),
        Some(OptionType::Path) => lines.flat_map(paths_of_line).collect(),
        _ => lines.collect(),
    }
}

/// A line is one path, whatever whitespace is in it, unless each of its words is an absolute path: existing
/// configurations of `plone.recipe.command` list several in one line. The recipe `command` reads them in the same way.
fn paths_of_line(line: &str) -> Vec<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.iter().all(|word| word.starts_with(['/', '\0'])) { words } else { vec![line] }
}

/// The name of the part's own option to which the template is a reference.
pub(super) fn own_option(template: &str) -> Option<&str> {
    template.strip_prefix("${:")?.strip_suffix('}')
}

/// The absolute paths in options of a recorded part, if a grant references these options: such paths outside the
/// buildout may still be removed.
pub(crate) fn named(recipe: &Resolved, entry_point: &EntryPoint, recorded: &Values, directory: &Path) -> Vec<PathBuf> {
    let described = if recipe.built_in { grant_of(&entry_point.grants).write } else { Vec::new() };
    let mut named = Vec::new();
    for template in recipe.grant.write.iter().chain(&described) {
        if let Some(value) = own_option(template).and_then(|option| recorded.get(option)) {
            let paths = items(entry_point, template, value, &directory.to_string_lossy());
            named.extend(paths.into_iter().map(|path| normalize(&directory.join(path))));
        }
    }
    named
}

/// The parent directories of the paths of `template` that are in the buildout, are not and do not contain one of the
/// buildout's directories, and are not in a shared directory: these contain files of others.
pub(super) fn holders(applicant: &Applicant<'_>, template: &str) -> Vec<PathBuf> {
    let locations = applicant.locations;
    let shared: Vec<PathBuf> = paths(applicant, [SHARED]).iter().map(|path| normalize(path)).collect();
    let is_own = |holder: &Path| {
        let within = [&locations.directory, &locations.parts].into_iter().any(|outer| holds(outer, holder));
        let mut standard = locations.standard().iter();
        let holds_standard = standard.any(|kept| holds(holder, kept));
        let holds_protected = locations.protected.iter().any(|kept| holds(holder, kept));
        within && !holds_standard && !holds_protected && !shared.iter().any(|shared| holds(shared, holder))
    };
    let named = paths(applicant, [template]);
    let holders = named.iter().filter_map(|path| normalize(path).parent().map(Path::to_owned));
    holders.filter(|holder| is_own(holder)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_part_of_a_path() {
        assert_eq!(paths_of_line("/home/me/my project/parts/c"), ["/home/me/my project/parts/c"]);
        assert_eq!(paths_of_line("my data/x"), ["my data/x"]);
        assert_eq!(paths_of_line("/b/one /b/two"), ["/b/one", "/b/two"]);
    }
}
