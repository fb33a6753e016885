//! The configuration after substitution, and where its options come from.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::lookup::{find_section, no_option, source_name};
use crate::run::RunError;
use base::source::Explain;
use config::options::{Buildout, OptionError, OptionProblem};
use config::parse::print_option;
use config::{Configuration, Operation, OptionValue, Origin};

/// What to show: everything, or some sections and options.
pub(in crate::cli) struct Choice<'a>(Vec<(&'a str, Option<&'a str>)>);

impl<'a> Choice<'a> {
    pub(in crate::cli) fn new(names: &'a [String]) -> Self {
        let choice = |name: &'a String| match name.split_once(':') {
            Some((section, option)) => (section, Some(option)),
            None => (name.as_str(), None),
        };
        Self(names.iter().map(choice).collect())
    }

    fn section(&self, section: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|(chosen, _)| *chosen == section)
    }

    fn option(&self, section: &str, option: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|(s, o)| *s == section && o.is_none_or(|chosen| chosen == option))
    }
}

/// Each option before and after substitution, and where it comes from.
pub(in crate::cli) fn json(buildout: &Buildout, choice: &Choice<'_>) -> Result<String, RunError> {
    let section =
        |(name, options): (&str, Vec<OptionView>)| (name.to_owned(), section_json(buildout.configuration(), &options));
    let sections: Map<String, Value> = chosen(buildout, choice)?.map(section).collect();
    Ok(serde_json::to_string_pretty(&json!({ "sections": sections })).unwrap_or_default())
}

/// The options after substitution, in the format of a configuration file.
pub(in crate::cli) fn text(buildout: &Buildout, choice: &Choice<'_>) -> Result<String, RunError> {
    let sections = chosen(buildout, choice)?.map(|(name, options)| section_text(name, &options, buildout));
    Ok(sections.collect::<Vec<_>>().join("\n").trim_end_matches('\n').to_owned())
}

/// The chosen sections and options; fails if one does not exist.
fn chosen<'a>(
    buildout: &'a Buildout,
    choice: &'a Choice<'_>,
) -> Result<impl Iterator<Item = (&'a str, Vec<OptionView>)>, RunError> {
    let configuration = buildout.configuration();
    for (section, option) in &choice.0 {
        find_section(configuration, section)?;
        if let Some(option) = option.filter(|option| !has(buildout, section, option)) {
            let names = expanded(buildout, section);
            let names = names.iter().map(|(name, _)| name.as_str());
            return Err(no_option(configuration, section, option, names).into());
        }
    }
    let names = configuration.sections.keys().map(String::as_str).filter(|name| choice.section(name));
    Ok(names.map(|name| (name, options(buildout, name, choice))))
}

/// An option for display.
struct OptionView {
    name: String,
    written: Arc<OptionValue>,
    value: Result<String, OptionError>,
}

fn options(buildout: &Buildout, section: &str, choice: &Choice<'_>) -> Vec<OptionView> {
    let written = expanded(buildout, section).into_iter();
    let chosen = written.filter(|(name, _)| choice.option(section, name));
    let views = chosen.map(|(name, written)| {
        let value = buildout.get(section, &name).map(Option::unwrap_or_default);
        OptionView { name, written, value }
    });
    views.collect()
}

/// The options of a section, including those of its macros; without them if a macro is invalid.
fn expanded(buildout: &Buildout, section: &str) -> Vec<(String, Arc<OptionValue>)> {
    if let Ok(options) = buildout.written(section) {
        return options.iter().map(|(name, value)| (name.to_string(), Arc::clone(value))).collect();
    }
    let written = buildout.configuration().sections.get(section).into_iter().flat_map(|section| section.options.iter());
    written.map(|(name, value)| (name.to_string(), Arc::clone(value))).collect()
}

fn has(buildout: &Buildout, section: &str, option: &str) -> bool {
    expanded(buildout, section).iter().any(|(name, _)| name == option)
}

fn section_json(configuration: &Configuration, options: &[OptionView]) -> Value {
    let option = |shown: &OptionView| {
        let places: Vec<String> = contributors(configuration, &shown.written);
        (shown.name.clone(), json!({ "raw": &*shown.written.raw, "value": shown.value.as_ref().ok(), "from": places }))
    };
    Value::Object(options.iter().map(option).collect())
}

fn section_text(name: &str, options: &[OptionView], buildout: &Buildout) -> String {
    let mut text = format!("[{name}]\n");
    for shown in options {
        match &shown.value {
            Ok(value) => print_option(&mut text, &shown.name, value),
            Err(error) => {
                let _ = writeln!(text, "# {}", why(buildout, error));
                print_option(&mut text, &shown.name, &shown.written.raw);
            }
        }
    }
    text
}

/// Why an option has no value yet, on one line.
fn why(buildout: &Buildout, error: &OptionError) -> String {
    if let OptionProblem::UnknownOption { section, option } = error.problem()
        && has(buildout, section, "recipe")
    {
        return format!("needs the recipe of [{section}], for `{option}`:");
    }
    let place = error.place().map(|place| format!(" ({place})")).unwrap_or_default();
    format!("Error: {}{place}", error.to_string().replace('\n', " "))
}

/// The places that contributed to an option, in order.
fn contributors(configuration: &Configuration, value: &OptionValue) -> Vec<String> {
    let mut places: Vec<String> = Vec::new();
    let items =
        value.history.iter().filter(|item| item.operation != Operation::Directory && item.origin != Origin::Implicit);
    for item in items {
        let place = match &item.origin {
            Origin::File(place) => format!("{}:{}", source_name(configuration, &item.origin), place.line()),
            other => other.to_string(),
        };
        places.retain(|earlier| *earlier != place);
        places.push(place);
    }
    places
}
