//! The configuration in the format of zc.buildout's `annotate` and `query`.

use std::fmt::Write as _;

use super::lookup::{NotFound, find_section, no_option, source_name};
use crate::run::RunError;
use config::{Configuration, HistoryItem, Operation, OptionValue, Origin};

/// Directories of `[buildout]` that zc.buildout shows as configured. It shows others absolute, as it uses them.
const SHOWN_AS_CONFIGURED: [&str; 4] = ["bin-directory", "develop-eggs-directory", "installed", "parts-directory"];

/// `query`: the value of one option before substitution, as zc.buildout prints it.
pub(in crate::cli) fn option(configuration: &Configuration, name: &str) -> Result<String, RunError> {
    let (section, option) = named(name)?;
    let options = &find_section(configuration, section)?.options;
    let Some(value) = options.get(option) else {
        let error = no_option(configuration, section, option, options.keys().map(AsRef::as_ref));
        return Err(NotFound { place: None, ..error }.into());
    };
    let raw = if (section, option) == ("buildout", "installed") { configured(value).0 } else { &value.raw };
    Ok(raw.to_string())
}

/// The heading of a verbose `query`: the option as a reference.
pub(in crate::cli) fn heading(name: &str) -> Result<String, RunError> {
    let (section, option) = named(name)?;
    Ok(format!("${{{section}:{option}}}"))
}

/// Section and option of a name such as `section:option`, or `option` for `[buildout]`.
fn named(name: &str) -> Result<(&str, &str), RunError> {
    let (section, option) = name.split_once(':').unwrap_or(("buildout", name));
    if option.contains(':') {
        return Err(NotFound { message: format!("Invalid option: {name}"), place: None, near: None }.into());
    }
    Ok((section, option))
}

/// `annotate`: all sections, or the chosen ones, with the origin of each option; if verbose, with its whole history.
pub(in crate::cli) fn sections(
    configuration: &Configuration,
    chosen: &[String],
    verbose: bool,
) -> Result<String, RunError> {
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
            let shows_configured = name == "buildout" && SHOWN_AS_CONFIGURED.contains(&option.as_ref());
            let (raw, history) = if shows_configured { configured(value) } else { (&*value.raw, &value.history[..]) };
            let gap = if raw.is_empty() { "" } else { " " };
            let _ = writeln!(text, "{option}={gap}{raw}");
            let history =
                if verbose { whole_history(configuration, history) } else { last_history(configuration, history) };
            text.push_str(&history);
        }
    }
    text.pop();
    Ok(text)
}

/// A directory as configured, with the history of that.
fn configured(value: &OptionValue) -> (&str, &[HistoryItem]) {
    match &value.history[..] {
        [before @ .., last] if last.operation == Operation::Directory => match before.last() {
            Some(set) if matches!(set.operation, Operation::Set | Operation::Override) => (&*set.value, before),
            // Several items made up the value, which is no longer known.
            _ => (&*value.raw, before),
        },
        history => (&*value.raw, history),
    }
}

/// The origins of a value: the last one that set it, and those that changed it afterwards.
fn last_history(configuration: &Configuration, history: &[HistoryItem]) -> String {
    let adjusts = |item: &HistoryItem| matches!(item.operation, Operation::Add | Operation::Remove);
    let first = history.iter().rposition(|item| !adjusts(item)).unwrap_or(0);
    let line = |item: &HistoryItem| {
        let sign = match item.operation {
            Operation::Add => "+=",
            Operation::Remove => "-=",
            Operation::Set | Operation::Override | Operation::Directory => "  ",
        };
        format!("{sign}  {}\n", source_name(configuration, &item.origin))
    };
    history[first..].iter().map(line).collect()
}

fn whole_history(configuration: &Configuration, history: &[HistoryItem]) -> String {
    let mut text = String::from("\n");
    for item in history.iter().rev() {
        let named =
            matches!(item.origin, Origin::Default | Origin::Computed | Origin::Program | Origin::CommandLine(_));
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
