//! Showing a configuration: `config [--json]`, and zc.buildout's `annotate` and `query`.
//!
//! Knows nothing of how a configuration is read or substituted, and prints nothing itself.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::run::RunError;
use base::source::{Explain, Place, did_you_mean, nearest};
use config::options::{Buildout, OptionError, Problem};
use config::parse::print_option;
use config::{Configuration, HistoryItem, Operation, OptionValue, Origin};

/// A section or option that is asked for and is not there.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct NotFound {
    message: String,
    place: Option<Place>,
    near: Option<String>,
}

impl Explain for NotFound {
    fn place(&self) -> Option<Place> {
        self.place.clone()
    }

    fn hints(&self) -> Vec<String> {
        self.near.iter().map(|near| did_you_mean(near)).collect()
    }
}

/// What was chosen on the command line: everything, or some sections and options.
struct Choice<'a>(Vec<(&'a str, Option<&'a str>)>);

impl<'a> Choice<'a> {
    fn new(names: &'a [String]) -> Self {
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

/// `config`: each option before and after substitution, with who wrote it, as JSON (`design.md` section 4) or as text.
pub(super) fn config(buildout: &Buildout, chosen: &[String], json: bool) -> Result<String, RunError> {
    let configuration = buildout.configuration();
    let choice = Choice::new(chosen);
    let mut names: Vec<&str> = configuration.sections.keys().map(String::as_str).collect();
    names.retain(|name| choice.section(name));
    for (section, option) in &choice.0 {
        find_section(configuration, section)?;
        if let Some(option) = option.filter(|option| !has(buildout, section, option)) {
            let names = expanded(buildout, section);
            let names = names.iter().map(|(name, _)| name.as_str());
            return Err(no_option(configuration, section, option, names).into());
        }
    }
    let shown = names.iter().map(|name| (*name, options(buildout, name, &choice)));
    if json {
        let sections: Map<String, Value> =
            shown.map(|(name, options)| (name.to_owned(), section_json(configuration, &options))).collect();
        return Ok(serde_json::to_string_pretty(&json!({ "sections": sections })).unwrap_or_default());
    }
    let texts: Vec<String> = shown.map(|(name, options)| section_text(name, &options, buildout)).collect();
    Ok(texts.join("\n").trim_end_matches('\n').to_owned())
}

/// One option to be shown.
struct Shown {
    name: String,
    written: Arc<OptionValue>,
    value: Result<String, OptionError>,
}

fn options(buildout: &Buildout, section: &str, choice: &Choice<'_>) -> Vec<Shown> {
    let written = expanded(buildout, section).into_iter();
    let chosen = written.filter(|(name, _)| choice.option(section, name));
    let shown = chosen.map(|(name, written)| {
        let value = buildout.get(section, &name).map(Option::unwrap_or_default);
        Shown { name, written, value }
    });
    shown.collect()
}

/// The options of a section with what its macros bring; as it is written, if a macro is wrong.
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

fn section_json(configuration: &Configuration, options: &[Shown]) -> Value {
    let option = |shown: &Shown| {
        let places: Vec<String> = contributors(configuration, &shown.written);
        (shown.name.clone(), json!({ "raw": &*shown.written.raw, "value": shown.value.as_ref().ok(), "from": places }))
    };
    Value::Object(options.iter().map(option).collect())
}

fn section_text(name: &str, options: &[Shown], buildout: &Buildout) -> String {
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

/// Why an option has no value yet, in one line.
fn why(buildout: &Buildout, error: &OptionError) -> String {
    if let Problem::UnknownOption { section, option } = error.problem()
        && has(buildout, section, "recipe")
    {
        return format!("needs the recipe of [{section}], for `{option}`:");
    }
    let place = error.place().map(|place| format!(" ({place})")).unwrap_or_default();
    format!("Error: {}{place}", error.to_string().replace('\n', " "))
}

/// Everybody who contributed to an option, the last one last.
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

/// The file of an origin, relative to the main file's directory where it is beneath.
fn source_name(configuration: &Configuration, origin: &Origin) -> String {
    let Some(place) = origin.place() else { return origin.to_string() };
    let name = place.source.name.as_str();
    let directory = configuration.directory.to_string_lossy();
    let beneath = name
        .strip_prefix(directory.as_ref())
        .and_then(|rest| if directory.ends_with('/') { Some(rest) } else { rest.strip_prefix('/') });
    beneath.unwrap_or(name).to_owned()
}

fn find_section<'a>(configuration: &'a Configuration, section: &str) -> Result<&'a config::Section, NotFound> {
    configuration.sections.get(section).ok_or_else(|| NotFound {
        message: format!("Section not found: {section}"),
        place: None,
        near: nearest(section, configuration.sections.keys().map(String::as_str)).map(str::to_owned),
    })
}

fn no_option<'a>(
    configuration: &Configuration,
    section: &str,
    option: &str,
    names: impl Iterator<Item = &'a str>,
) -> NotFound {
    NotFound {
        message: format!("Key not found: {option}"),
        place: configuration.sections.get(section).and_then(|section| section.place.clone()),
        near: nearest(option, names).map(str::to_owned),
    }
}

/// `query`: the value of one option before substitution, as zc.buildout prints it.
pub(super) fn query(configuration: &Configuration, name: &str, verbose: bool) -> Result<String, RunError> {
    let (section, option) = name.split_once(':').unwrap_or(("buildout", name));
    if option.contains(':') {
        return Err(NotFound { message: format!("Invalid option: {name}"), place: None, near: None }.into());
    }
    let options = &find_section(configuration, section)?.options;
    let Some(value) = options.get(option) else {
        return Err(no_option(configuration, section, option, options.keys().map(AsRef::as_ref)).into());
    };
    let heading = if verbose { format!("${{{section}:{option}}}\n") } else { String::new() };
    Ok(format!("{heading}{}", value.raw))
}

/// `annotate`: all sections, or those chosen, with who wrote each option; verbose with the whole history.
pub(super) fn annotate(configuration: &Configuration, chosen: &[String], verbose: bool) -> Result<String, RunError> {
    let mut names: Vec<&String> = configuration.sections.keys().collect();
    names.retain(|name| chosen.is_empty() || chosen.contains(name));
    names.sort();
    for section in chosen {
        find_section(configuration, section)?;
    }
    let title = "Annotated sections";
    let mut text = format!("\n{title}\n{}\n", "=".repeat(title.len()));
    for name in names {
        let _ = writeln!(text, "\n[{name}]");
        let mut options: Vec<_> = configuration.sections[name].options.iter().collect();
        options.sort_by_key(|(option, _)| *option);
        for (option, value) in options {
            let gap = if value.raw.is_empty() { "" } else { " " };
            let _ = writeln!(text, "{option}={gap}{}", value.raw);
            let history =
                if verbose { whole_history(configuration, value) } else { last_history(configuration, value) };
            text.push_str(&history);
        }
    }
    text.pop();
    Ok(text)
}

/// Who made the value, from the last one that set it on.
fn last_history(configuration: &Configuration, value: &OptionValue) -> String {
    let adjusts = |item: &HistoryItem| matches!(item.operation, Operation::Add | Operation::Remove);
    let first = value.history.iter().rposition(|item| !adjusts(item)).unwrap_or(0);
    let line = |item: &HistoryItem| {
        let sign = match item.operation {
            Operation::Add => "+=",
            Operation::Remove => "-=",
            Operation::Set | Operation::Override | Operation::Directory => "  ",
        };
        format!("{sign}  {}\n", source_name(configuration, &item.origin))
    };
    value.history[first..].iter().map(line).collect()
}

fn whole_history(configuration: &Configuration, value: &OptionValue) -> String {
    let mut text = String::from("\n");
    for item in value.history.iter().rev() {
        let named = matches!(item.origin, Origin::Default | Origin::Computed | Origin::CommandLine(_));
        let preposition = if named { "AS" } else { "IN" };
        let _ = writeln!(text, "   {preposition} {}", source_name(configuration, &item.origin));
        if item.value.contains('\n') {
            let _ = writeln!(text, "   {} VALUE =", item.operation);
            for line in item.value.lines() {
                let _ = writeln!(text, "      {line}");
            }
        } else {
            let _ = writeln!(text, "   {} VALUE = {}", item.operation, item.value);
        }
    }
    text.push('\n');
    text
}
