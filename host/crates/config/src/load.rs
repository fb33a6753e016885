//! Combines the main file, everything it extends, the user's defaults and the command line into one configuration.
//!
//! Does not know how files are read ([`Reader`]), or what options mean, except those that list further files or contain
//! settings for URLs. Each file is read once, regardless of how many paths of `extends` lead to it.

mod chain;
pub mod memory;
mod profile;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::condition::Facts;
use super::location::is_url;
use super::merge::SectionEffect;
use super::predefined;
use super::{
    Assignment, ConfigError, Configuration, Location, Operator, OptionValue, Options, Origin, Piece, Reader, Section,
    Trouble,
};
use base::collections::OrderedMap;
use base::environment::Environment;
use base::paths::normalize;
use base::source::Place;
use chain::{Chain, Sections};

/// What to load.
pub struct LoadRequest<'a> {
    /// The main file; `None` for a buildout without one (`directory` is then the working directory).
    pub file: Option<ConfigFile>,
    /// The process environment.
    pub environment: &'a Environment,
    /// Whether the user's defaults are read (not with `-U`).
    pub use_user_defaults: bool,
    /// Command-line assignments, in order.
    pub assignments: &'a [Assignment],
    /// The running Python: the default of `[buildout] executable`.
    pub executable: &'a str,
    /// Reads files and URLs.
    pub reader: &'a dyn Reader,
    /// The facts for conditions.
    pub facts: &'a dyn Facts,
}

/// The main file, as specified on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// A path, absolute or relative to the working directory.
    Path(PathBuf),
    /// A URL.
    Url(String),
}

impl ConfigFile {
    /// Parses the argument of `-c`.
    pub fn parse(name: &str) -> Self {
        if is_url(name) { Self::Url(name.to_owned()) } else { Self::Path(PathBuf::from(name)) }
    }
}

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
    let mut data = Sections::default();
    data.insert("buildout".into(), (predefined::options(&directory, request.executable), None));
    let mut chain = Chain::new(request, directory.clone());
    chain.settings(&data, &assigned)?;
    let defaults = match user_defaults(request) {
        Some(location) => chain.root(&location, None, None, &assigned)?,
        None => Sections::default(),
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
    finish(data, environment, Outline { classic, directory, file, chain })
}

struct Outline<'a> {
    classic: bool,
    directory: PathBuf,
    file: Option<Location>,
    chain: Chain<'a>,
}

fn finish(mut data: Sections, environment: &Environment, outline: Outline<'_>) -> Result<Configuration, ConfigError> {
    if let Some((buildout, _)) = data.get_mut("buildout") {
        predefined::absolutize(buildout, environment)?;
        predefined::absolutize_directories(buildout, environment);
    }
    versions(&mut data)?;
    let section = |(options, place): (Options, _)| Section { options, place };
    let sections: OrderedMap<String, Section> =
        data.into_iter().map(|(name, data)| (name.to_string(), section(data))).collect();
    let Outline { classic, directory, file, chain } = outline;
    let (files, unnamed, notices) = (chain.files(), chain.unnamed(), chain.into_notices());
    let working_directory = environment.directory.clone();
    Ok(Configuration {
        sections,
        classic,
        directory,
        file,
        files,
        working_directory,
        is_changed: false,
        notices,
        unnamed,
    })
}

/// `versions` contains the name of a section; the default one is created if it is missing.
fn versions(data: &mut Sections) -> Result<(), ConfigError> {
    let Some((buildout, _)) = data.get_mut("buildout") else { return Ok(()) };
    let Some(versions) = buildout.get("versions").cloned() else {
        buildout.insert("versions".into(), Arc::new(OptionValue::set("versions", Origin::Default)));
        data.entry("versions".into()).or_default();
        return Ok(());
    };
    if versions.raw.is_empty() || versions.raw.contains("${") || data.contains_key(&*versions.raw) {
        return Ok(());
    }
    let message = format!("The referenced section, '{}', was not defined.", versions.raw);
    Err(match versions.place() {
        Some(place) => Trouble::at(place, message).hint("`[buildout] versions` names a section of versions.").into(),
        None => ConfigError::new(message),
    })
}

/// Like zc.buildout's `_update`: existing sections are changed, others are added unchanged.
fn update(data: &mut Sections, later: &Sections) -> Result<(), ConfigError> {
    for (name, (options, place)) in later {
        let effect = SectionEffect::of_options(options.clone(), place.clone())?;
        apply(data, name, &effect)?;
    }
    Ok(())
}

fn apply(data: &mut Sections, name: &Arc<str>, effect: &SectionEffect) -> Result<(), ConfigError> {
    let (options, place) = match data.get_mut(name) {
        Some((options, place)) => (effect.over(std::mem::take(options))?, effect.place().cloned().or(place.take())),
        None => (effect.first().clone(), effect.place().cloned()),
    };
    data.insert(Arc::clone(name), (options, place));
    Ok(())
}

/// `$BUILDOUT_HOME/default.cfg` (by default in `~/.buildout`), else `defaults.cfg` there, as in 1.0's documentation.
fn user_defaults(request: &LoadRequest<'_>) -> Option<Location> {
    let home = request.environment.buildout_home().filter(|_| request.use_user_defaults)?;
    let home = request.environment.directory.join(home);
    ["default.cfg", "defaults.cfg"]
        .iter()
        .map(|name| home.join(name))
        .find(|path| request.reader.exists(path))
        .map(Location::Path)
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
fn assigned(assignments: &[Assignment]) -> Result<Sections, ConfigError> {
    let mut sections = Sections::default();
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

/// The parent directory of a path; the root for the root.
fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
