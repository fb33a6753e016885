//! Combines the main file, everything it extends, the user's defaults and the command line into one configuration.
//!
//! Does not know how files are read ([`Reader`]), or what options mean, except those that list further files or contain
//! settings for URLs. Each file is read once, regardless of how many paths of `extends` lead to it.

mod chain;
pub mod memory;
mod profile;
#[cfg(test)]
mod replay;
mod request;
mod sections;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use super::predefined;
use super::{
    Assignment, ConfigError, Configuration, Location, Operator, OptionValue, Options, Origin, Piece, Section, Trouble,
};
use base::collections::OrderedMap;
use base::environment::Environment;
use base::paths::normalize;
use base::source::Place;
use chain::Chain;
pub use request::{ConfigFile, LoadRequest};
use sections::{LoadedSections, update};

/// Reads the main file with everything it extends, the user's defaults and the assignments.
///
/// # Errors
/// When a file cannot be read or parsed, files extend each other in a cycle, or a limit is exceeded.
pub fn load(request: &LoadRequest<'_>) -> Result<Configuration, ConfigError> {
    load_files(request).map_err(|mut error| {
        error.doing.insert(0, "Reading the configuration.".to_owned());
        shorten(&mut error.doing);
        error
    })
}

/// Omits the middle of a long list.
fn shorten(doing: &mut Vec<String>) {
    const ENDS: usize = 6;
    if doing.len() > 2 * ENDS + 1 {
        let more = doing.len() - 2 * ENDS;
        doing.splice(ENDS..ENDS + more, [format!("(and {more} more)")]);
    }
}

fn load_files(request: &LoadRequest<'_>) -> Result<Configuration, ConfigError> {
    let environment = request.environment;
    let file = request.file.as_ref().map(|file| match file {
        ConfigFile::Path(path) => Location::Path(normalize(&environment.directory.join(path))),
        ConfigFile::Url(url) => Location::Url(url.clone()),
    });
    let directory = match &file {
        Some(Location::Path(path)) => path.parent().unwrap_or(path).to_owned(),
        _ => environment.directory.clone(),
    };
    let assigned = assigned(request.assignments)?;
    let mut data = LoadedSections::default();
    data.insert("buildout".into(), (predefined::options(&directory, request.executable), None));
    let mut chain = Chain::new(request, directory.clone());
    chain.reserve(user_default_files(request));
    chain.settings(&data, &assigned)?;
    let defaults = match user_defaults(request) {
        Some(location) => chain.root(&location, None, None, &assigned)?,
        None => LoadedSections::default(),
    };
    let mut with_defaults = data.clone();
    update(&mut with_defaults, &defaults)?;
    chain.settings(&with_defaults, &assigned)?;
    let mut classic = false;
    if let Some(location) = &file {
        let sections = chain.root(location, None, Some(&defaults), &assigned)?;
        classic = chain.is_classic(location);
        update(&mut data, &sections)?;
    } else {
        update(&mut data, &defaults)?;
    }
    for (name, place) in command_line_extends(request.assignments) {
        let location = Location::resolve(&Location::Path(environment.directory.clone()), name);
        let sections = chain.root(&location, Some(&place), Some(&defaults), &assigned)?;
        update(&mut data, &sections)?;
    }
    update(&mut data, &assigned)?;
    if let Some(url @ Location::Url(_)) = &file {
        check_directory(&data, url)?;
    }
    finish(data, environment, Outline { classic, directory, file, chain })
}

/// A downloaded main file is in no directory, so an option must name the buildout directory.
fn check_directory(data: &LoadedSections, url: &Location) -> Result<(), ConfigError> {
    let directory = data.get("buildout").and_then(|(options, _)| options.get("directory"));
    if directory.is_some_and(|directory| !matches!(directory.origin(), Origin::Computed)) {
        return Ok(());
    }
    let hint = format!("{url} is in no directory of this machine. Add buildout:directory=PATH to the command line.");
    Err(Trouble { message: "Missing option: buildout:directory".to_owned(), place: None, hints: vec![hint] }.into())
}

struct Outline<'a> {
    classic: bool,
    directory: PathBuf,
    file: Option<Location>,
    chain: Chain<'a>,
}

fn finish(
    mut data: LoadedSections,
    environment: &Environment,
    outline: Outline<'_>,
) -> Result<Configuration, ConfigError> {
    if let Some((buildout, _)) = data.get_mut("buildout") {
        predefined::absolutize(buildout, environment)?;
        predefined::absolutize_directories(buildout, environment);
    }
    versions(&mut data)?;
    let section = |(options, place): (Options, _)| Section { options, place };
    let sections: OrderedMap<String, Section> =
        data.into_iter().map(|(name, data)| (name.to_string(), section(data))).collect();
    let Outline { classic, directory, file, chain } = outline;
    let (files, unnamed) = (chain.files(), chain.unnamed());
    let (reserved, notices) = chain.into_reserved_and_notices();
    let working_directory = environment.directory.clone();
    Ok(Configuration {
        sections,
        classic,
        directory,
        file,
        files,
        reserved,
        working_directory,
        is_changed: false,
        written: None,
        notices,
        unnamed,
    })
}

/// `versions` contains the name of a section; the default one is created if it is missing.
fn versions(data: &mut LoadedSections) -> Result<(), ConfigError> {
    let Some((buildout, _)) = data.get_mut("buildout") else { return Ok(()) };
    let Some(versions) = buildout.get("versions").cloned() else {
        buildout.insert("versions".into(), Arc::new(OptionValue::set("versions", Origin::Default)));
        add_minimums(&mut data.entry("versions".into()).or_default().0);
        return Ok(());
    };
    if versions.raw.is_empty() || versions.raw.contains("${") {
        return Ok(());
    }
    if let Some((pins, _)) = data.get_mut(&*versions.raw) {
        add_minimums(pins);
        return Ok(());
    }
    let message = format!("The referenced section, '{}', was not defined.", versions.raw);
    Err(match versions.place() {
        Some(place) => Trouble::at(place, message).hint("`[buildout] versions` names a section of versions.").into(),
        None => ConfigError::new(message),
    })
}

fn add_minimums(pins: &mut Options) {
    for (name, minimum) in predefined::VERSIONS {
        pins.entry(name.into()).or_insert_with(|| Arc::new(OptionValue::set(minimum, Origin::Default)));
    }
}

/// `$BUILDOUT_HOME/default.cfg` (by default in `~/.buildout`), else `defaults.cfg` there, as in 1.0's documentation.
fn user_defaults(request: &LoadRequest<'_>) -> Option<Location> {
    let files = request.use_user_defaults.then(|| user_default_files(request)).into_iter().flatten();
    files.into_iter().find(|path| request.reader.exists(path)).map(Location::Path)
}

/// Where the user's defaults can be, in order.
fn user_default_files(request: &LoadRequest<'_>) -> Vec<PathBuf> {
    let home = request.environment.buildout_home().map(|home| request.environment.directory.join(home));
    home.iter().flat_map(|home| ["default.cfg", "defaults.cfg"].map(|name| home.join(name))).collect()
}

fn command_line_extends(assignments: &[Assignment]) -> impl Iterator<Item = (&str, Place)> {
    let extends = assignments.iter().rev().find(|assignment| is_extends(assignment));
    extends.into_iter().flat_map(|assignment| {
        let place = assignment.place();
        assignment.value.split_whitespace().map(move |name| (name, place.find(name)))
    })
}

fn is_extends(assignment: &Assignment) -> bool {
    assignment.section == "buildout" && assignment.option == "extends" && assignment.operator == Operator::Set
}

/// The assignments as sections. For the same option, a later assignment replaces an earlier one of the same kind (`+=`
/// and `-=` accumulate).
fn assigned(assignments: &[Assignment]) -> Result<LoadedSections, ConfigError> {
    let mut sections = LoadedSections::default();
    for assignment in assignments.iter().filter(|assignment| !is_extends(assignment)) {
        let (options, _) = sections.entry(assignment.section.as_str().into()).or_default();
        let name = match assignment.operator {
            Operator::Set => assignment.option.clone(),
            Operator::Add => format!("{} +", assignment.option),
            Operator::Remove => format!("{} -", assignment.option),
        };
        let earlier = options.get(name.as_str()).filter(|_| assignment.operator != Operator::Set);
        let value = OptionValue::set(assignment.value.as_str(), Origin::CommandLine(assignment.place()));
        let value = match earlier {
            Some(earlier) => joined(earlier, value),
            None => value,
        };
        options.insert(name.into(), Arc::new(value));
    }
    Ok(sections)
}

/// Concatenates both values.
fn joined(earlier: &OptionValue, mut later: OptionValue) -> OptionValue {
    let raw: Arc<str> = format!("{}\n{}", earlier.raw, later.raw).into();
    let mut pieces = earlier.pieces.clone();
    if let Some(last) = pieces.last_mut() {
        last.end += 1;
    }
    pieces.push(Piece { end: raw.len(), origin: later.origin().clone() });
    later.history[0].value = Arc::clone(&raw);
    OptionValue { raw, pieces, ..later }
}
