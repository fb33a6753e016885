//! The parts of a stage: those that are named or listed, and those that they reference.

use std::collections::BTreeMap;

use base::collections::{Map, Set};
use base::source::{continued_option, did_you_mean, nearest};
use config::options::{OptionError, OptionProblem};
use recipe::is_part_name;
use state::plan::WantedPart;
use state::{self, InstalledState};

use super::super::fault::RunFault;
use super::super::view::ResolvedBuildout;
use super::signatures;
use crate::error::RunError;

/// Parts in the order of their installation.
#[derive(Default)]
pub(in crate::run) struct StageParts {
    pub(in crate::run) wanted: Vec<WantedPart>,
    by_name: Map<String, usize>,
}

impl StageParts {
    fn new(wanted: Vec<WantedPart>) -> Self {
        let by_name = wanted.iter().enumerate().map(|(number, part)| (part.name.clone(), number)).collect();
        Self { wanted, by_name }
    }

    /// The part of that name.
    pub(in crate::run) fn get(&self, part: &str) -> Option<&WantedPart> {
        self.by_name.get(part).map(|number| &self.wanted[*number])
    }

    /// Whether the part is one of them.
    pub(in crate::run) fn has(&self, part: &str) -> bool {
        self.by_name.contains_key(part)
    }

    /// Their names.
    pub(in crate::run) fn names(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(|part| part.name.as_str())
    }
}

/// Initializes the parts of a whole run, or the `named` ones, and those that they reference. A part of an `earlier`
/// stage is taken from there. An error has the words of zc.buildout, unless it is of a preview.
pub(in crate::run) fn requested(
    view: &ResolvedBuildout,
    named: &[String],
    earlier: &[&StageParts],
    installed: &InstalledState,
    is_preview: bool,
) -> Result<StageParts, RunError> {
    let listed = listed(view)?;
    let is_known = |part: &str| installed.parts.contains_key(part) || earlier.iter().any(|parts| parts.has(part));
    check_named(named, &listed, &is_known, is_preview)?;
    for part in if named.is_empty() { &listed } else { named } {
        check_section(view, part)?;
    }
    let mut wanted = initialized(view)?.wanted;
    for part in &mut wanted {
        if let Some(known) = earlier.iter().find_map(|parts| parts.get(&part.name)) {
            part.clone_from(known);
        }
    }
    if !named.is_empty() {
        let mut by_name: BTreeMap<String, WantedPart> =
            wanted.into_iter().map(|part| (part.name.clone(), part)).collect();
        // A part that is named twice is installed once.
        wanted = named.iter().filter_map(|part| by_name.remove(part)).collect();
    }
    Ok(StageParts::new(wanted))
}

/// The parts that are initialized so far, in order.
pub(in crate::run) fn initialized(view: &ResolvedBuildout) -> Result<StageParts, RunError> {
    let parts = view.buildout.parts();
    let mut wanted: Vec<WantedPart> = parts.into_iter().map(|part| want(view, part)).collect::<Result<_, _>>()?;
    let runtime = view.recipes.runtime()?;
    // For all parts, even if only some are wanted: the signature of a part includes those of the parts that it
    // references.
    signatures::add_references(&mut wanted, &|part| runtime.starts_commands(part), &view.buildout);
    Ok(StageParts::new(wanted))
}

/// The names in `parts`, without duplicates, each checked to be usable as a directory name.
pub(in crate::run) fn listed(view: &ResolvedBuildout) -> Result<Vec<String>, RunError> {
    let parts = view.buildout.require("buildout", "parts")?;
    let mut listed: Vec<String> = Vec::new();
    let mut seen = Set::default();
    for name in parts.split_whitespace() {
        if !is_part_name(name) {
            let place = view.buildout.place_of_word("buildout", "parts", name);
            return Err(RunFault::PartName { name: name.to_owned(), place }.into());
        }
        if seen.insert(name) {
            listed.push(name.to_owned());
        }
    }
    Ok(listed)
}

fn check_section(view: &ResolvedBuildout, part: &str) -> Result<(), RunError> {
    view.buildout.section(part).map_err(|error| match error.problem() {
        OptionProblem::UnknownSection { section } if section == part => no_section(view, part, error),
        _ => error.into(),
    })?;
    // As in zc.buildout, an empty recipe makes nothing.
    if view.buildout.get(part, "recipe")?.is_none() {
        let place = view.buildout.place_of(part, None);
        return Err(RunFault::NoRecipe { part: part.to_owned(), place }.into());
    }
    Ok(())
}

fn no_section(view: &ResolvedBuildout, part: &str, error: OptionError) -> RunError {
    let place = view.buildout.place_of_word("buildout", "parts", part);
    let hint = format!("Add a section [{part}], or remove {part} from `parts`.");
    let parts = view.buildout.get("buildout", "parts").ok().flatten();
    let error = parts.and_then(|parts| continued_option(&parts)).into_iter().fold(error.at(place), OptionError::hint);
    RunError::from(error.hint(hint)).doing(format!("Getting section {part}."))
}

fn want(view: &ResolvedBuildout, name: String) -> Result<WantedPart, RunError> {
    let recipe = view.recipes.of_part(&name);
    let signature = recipe.map(|recipe| recipe.signature()).unwrap_or_default();
    let has_update = view.recipes.runtime()?.has_update(&name);
    let mut options = view.buildout.snapshot(&name);
    for (_, value) in options.iter_mut().filter(|(_, value)| value.contains("://")) {
        *value = state::conceal(value).into();
    }
    Ok(WantedPart { name, options, signature, has_update })
}

/// "If any parts are specified, then they must be listed in the buildout parts option" (`buildouts-1.0.txt`). A part
/// that was installed because another one references it is accepted, too: for it, `is_known` is true.
fn check_named(
    named: &[String],
    listed: &[String],
    is_known: &dyn Fn(&str) -> bool,
    is_preview: bool,
) -> Result<(), RunError> {
    let unknown: Vec<&str> =
        named.iter().filter(|part| !listed.contains(part) && !is_known(part)).map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let near = unknown.iter().filter_map(|part| nearest(part, listed.iter().map(String::as_str)));
    let mut hints: Vec<String> = near.map(did_you_mean).collect();
    hints.push(format!("[buildout] parts lists: {}.", listed.join(" ")));
    let names = unknown.join(" ");
    let fault = if is_preview { RunFault::UnknownParts { names, hints } } else { RunFault::NotParts { names, hints } };
    Err(fault.into())
}
