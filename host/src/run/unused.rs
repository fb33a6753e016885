//! Options that nobody has read: most are typing errors.

use base::event::Level;
use base::source::{did_you_mean, nearest};
use config::is_predefined;

use super::Session;

/// Options of `[buildout]` that have a meaning though nothing may have read them in this run.
const KNOWN_OPTIONS: [&str; 16] = [
    "abi-tag-eggs",
    "develop",
    "download-cache",
    "extends-cache",
    "extensions",
    "index",
    "interpolation",
    "networkcache-section",
    "parts",
    "rebootstrap-directory",
    "rebootstrap-prepend-paths",
    "relative-paths",
    "shared-part-list",
    "unzip",
    "verbosity",
    "versions",
];

impl Session {
    /// Reports options that nobody read: most are typing errors.
    pub(super) fn report_unused(&self, section: &str) {
        let mut unused = self.buildout.unused(section);
        if let Some(before) = self.before.as_ref().filter(|_| section == "buildout") {
            let unused_before = before.buildout.unused(section);
            unused.retain(|option| unused_before.contains(option));
        }
        let unused: Vec<&String> = unused
            .iter()
            .filter(|option| {
                section != "buildout" || !(is_predefined(option) || KNOWN_OPTIONS.contains(&option.as_str()))
            })
            .collect();
        if let Some(message) = self.unused_message(section, &unused) {
            self.report.log(Level::Warning, &message);
        }
    }

    /// What a run would say of options of a part that its recipe does not describe and nothing has read so far.
    pub(super) fn undescribed(&self, part: &str) -> Option<String> {
        let known = self.known_options(part);
        if known.is_empty() {
            // It takes any options, perhaps.
            return None;
        }
        let unused = self.buildout.unused(part);
        let unused: Vec<&String> = unused.iter().filter(|option| !known.contains(option)).collect();
        self.unused_message(part, &unused)
    }

    fn unused_message(&self, section: &str, unused: &[&String]) -> Option<String> {
        if unused.is_empty() {
            return None;
        }
        let name = |option: &&String| match self.buildout.place_of(section, Some(option)) {
            Some(place) => format!("'{option}' ({})", place.line_name()),
            None => format!("'{option}'"),
        };
        let names: Vec<String> = unused.iter().map(name).collect();
        let mut message = format!(
            "Section `{section}` contains unused option(s): {}.\n\
             Nothing has read them: a typing error, or an option that this recipe does not have.",
            names.join(" ")
        );
        let known = self.known_options(section);
        for option in unused {
            if let Some(near) = nearest(option, known.iter().map(String::as_str)) {
                message.push_str(&format!("\n{option}: {}", did_you_mean(near)));
            }
        }
        Some(message)
    }

    /// The options that a section can have, as far as that is known.
    fn known_options(&self, section: &str) -> Vec<String> {
        if section == "buildout" {
            let mut known = self.buildout.keys(section).unwrap_or_default();
            known.retain(|option| is_predefined(option));
            known.extend(KNOWN_OPTIONS.iter().map(|option| (*option).to_owned()));
            return known;
        }
        let (Some(recipe), Ok(runtime)) = (self.recipes.of_part(section), self.recipes.runtime()) else {
            return Vec::new();
        };
        runtime.option_names(&recipe)
    }
}
