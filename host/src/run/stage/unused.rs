//! Unused options: most are typing errors. Each kind is explained once per run, and further sections with the same
//! unused options are listed at the end.

use base::collections::OrderedMap;
use base::event::Level;
use base::source::{did_you_mean, nearest};
use config::options::Buildout;
use config::{KNOWN_OPTIONS, is_predefined};
use recipe::component::options_without_effect;

use super::super::reading::extensions;
use super::super::view::ResolvedBuildout;

const EXPLANATION: &str =
    "\nNothing has read them: their names may be misspelled, or the recipe may not have such options.";

/// In old versions of zc.buildout, each part could have its own Python.
const PYTHON: &str = "python";
const ONE_PYTHON: &str = "\nAll parts use the Python of the buildout, which `executable` in [buildout] names.";

/// How many further sections are listed.
const MOST_NAMED: usize = 20;

#[derive(Default)]
pub(in crate::run) struct Unused {
    /// The buildout as resolved by each of the stages so far.
    buildouts: Vec<Buildout>,
    /// Unused options, each with further sections that have the same ones.
    further: OrderedMap<Vec<String>, Vec<String>>,
    /// Parts that a later stage may still read.
    postponed: Vec<String>,
}

impl Unused {
    /// Starts a stage.
    pub(in crate::run) fn enter(&mut self, view: &ResolvedBuildout) {
        self.buildouts.push(view.buildout.clone());
    }

    /// Reports the options of `[buildout]` that no stage has read.
    pub(in crate::run) fn report_buildout(&mut self, view: &ResolvedBuildout) {
        let mut unused = view.buildout.unused("buildout");
        for buildout in &self.buildouts {
            let also_unused = buildout.unused("buildout");
            unused.retain(|option| also_unused.contains(option));
        }
        unused.retain(|option| {
            let name = option.as_str();
            !(is_predefined(option) || KNOWN_OPTIONS.contains(&name))
        });
        self.warn(view, "buildout", unused);
        report_other_python(view);
    }

    /// Reports the options of a part that was installed.
    pub(in crate::run) fn report(&mut self, view: &ResolvedBuildout, part: &str) {
        self.warn(view, part, view.buildout.unused(part));
    }

    /// Postpones the report about a part to the end, as later stages may read its options.
    pub(in crate::run) fn postpone(&mut self, part: &str) {
        self.postponed.push(part.to_owned());
    }

    /// Reports the postponed parts.
    pub(in crate::run) fn report_postponed(&mut self, view: &ResolvedBuildout) {
        for part in std::mem::take(&mut self.postponed) {
            self.report(view, &part);
        }
    }

    /// The warning about a part for a plan: options that its recipe does not describe and that nothing has read so far.
    pub(in crate::run) fn undescribed(&mut self, view: &ResolvedBuildout, part: &str) -> Option<String> {
        let known = known_options(view, part);
        if known.is_empty() {
            // The recipe may accept any options.
            return None;
        }
        let mut unused = view.buildout.unused(part);
        unused.retain(|option| !known.contains(option));
        self.message(view, part, unused)
    }

    /// The last warnings of the run: one for all further sections with the same unused options.
    pub(in crate::run) fn finish(self) -> Vec<String> {
        let further = self.further.into_iter().filter(|(_, sections)| !sections.is_empty());
        further.map(|(options, sections)| list_further(&options, &sections)).collect()
    }

    fn warn(&mut self, view: &ResolvedBuildout, section: &str, unused: Vec<String>) {
        if let Some(message) = self.message(view, section, unused) {
            view.context.log(Level::Warning, &message);
        }
    }

    /// The message for a section; `None` if it is listed at the end.
    fn message(&mut self, view: &ResolvedBuildout, section: &str, mut unused: Vec<String>) -> Option<String> {
        if let Some(recipe) = view.recipes.of_part(section) {
            let ignored = options_without_effect(&recipe.reference.package);
            unused.retain(|option| !ignored.contains(&option.as_str()));
        }
        if unused.is_empty() {
            return None;
        }
        if let Some(further) = self.further.get_mut(&unused) {
            further.push(section.to_owned());
            return None;
        }
        let is_explained = !self.further.is_empty() || unused == [PYTHON];
        let message = full_message(view, section, &unused, if is_explained { "" } else { EXPLANATION });
        self.further.insert(unused, Vec::new());
        Some(message)
    }
}

/// Warns if the section that `[buildout] python` names has another Python: only rebootstrap uses it.
fn report_other_python(view: &ResolvedBuildout) {
    let raw = |section: &str, option: &str| view.buildout.raw(section, option).ok().flatten();
    let section = raw("buildout", PYTHON).unwrap_or_default();
    let section = section.trim();
    let is_used = ["", "buildout"].contains(&section) || extensions::rebootstraps(&view.buildout).unwrap_or(true);
    let named = raw(section, "executable").filter(|_| !is_used);
    if named.is_some_and(|named| raw("buildout", "executable").is_none_or(|used| used != named)) {
        let place = view.buildout.place_of("buildout", Some(PYTHON));
        let place = place.map(|place| format!(" ({})", place.line_name())).unwrap_or_default();
        let message = format!("`python = {section}` in [buildout]{place} has no effect.{ONE_PYTHON}");
        view.context.log(Level::Warning, &message);
    }
}

fn full_message(view: &ResolvedBuildout, section: &str, unused: &[String], explanation: &str) -> String {
    let name = |option: &String| match view.buildout.place_of(section, Some(option)) {
        Some(place) => format!("'{option}' ({})", place.line_name()),
        None => format!("'{option}'"),
    };
    let names: Vec<String> = unused.iter().map(name).collect();
    let mut message = format!("Section `{section}` contains unused option(s): {}.{explanation}", names.join(" "));
    let known = known_options(view, section);
    for option in unused {
        if option == PYTHON {
            message.push_str(ONE_PYTHON);
        } else if let Some(near) = nearest(option, known.iter().map(String::as_str)) {
            message.push_str(&format!("\n{option}: {}", did_you_mean(near)));
        }
    }
    message
}

fn list_further(options: &[String], sections: &[String]) -> String {
    let options: Vec<String> = options.iter().map(|option| format!("'{option}'")).collect();
    let named = &sections[..sections.len().min(MOST_NAMED)];
    let rest = match sections.len() - named.len() {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    let (count, plural) = (sections.len(), if sections.len() == 1 { "" } else { "s" });
    format!(
        "The same unused option(s) {} are in {count} more section{plural}: {}{rest}.",
        options.join(" "),
        named.join(" ")
    )
}

/// The options that a section can have, as far as that is known.
fn known_options(view: &ResolvedBuildout, section: &str) -> Vec<String> {
    if section == "buildout" {
        let mut known = view.buildout.keys(section).unwrap_or_default();
        known.retain(|option| is_predefined(option));
        known.extend(KNOWN_OPTIONS.iter().map(|option| (*option).to_owned()));
        return known;
    }
    let (Some(recipe), Ok(runtime)) = (view.recipes.of_part(section), view.recipes.runtime()) else {
        return Vec::new();
    };
    runtime.option_names(&recipe)
}

#[cfg(test)]
mod tests {
    use super::list_further;

    #[test]
    fn lists_further_sections_compactly() {
        let names = |count: usize| (1..=count).map(|number| format!("p{number}")).collect::<Vec<_>>();
        let options = ["colour".to_owned(), "x".to_owned()];
        let message = list_further(&options, &names(1));
        assert_eq!(message, "The same unused option(s) 'colour' 'x' are in 1 more section: p1.");
        let message = list_further(&options[1..], &names(999));
        assert!(message.starts_with("The same unused option(s) 'x' are in 999 more sections: p1 p2 p3 "), "{message}");
        assert!(message.ends_with(" p19 p20 and 979 more.") && message.len() < 200, "{message}");
    }
}
