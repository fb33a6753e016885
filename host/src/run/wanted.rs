//! What a run is about: the parts that are named or listed, and those that they refer to.

use std::collections::BTreeMap;

use base::collections::Set;
use base::source::{did_you_mean, nearest};
use config::options::{OptionError, Problem};
use recipe::is_part_name;
use state::plan::Wanted;
use state::{self, Installed};

use super::error::{Fault, RunError};
use super::{Session, signatures};

impl Session {
    /// Initialises the parts that the run is about, and what they reference.
    pub(super) fn wanted(&self, named: &[String], installed: &Installed) -> Result<Vec<Wanted>, RunError> {
        let listed = self.listed_parts()?;
        self.check_named(named, &listed, installed)?;
        let roots = if named.is_empty() { &listed } else { named };
        for part in roots {
            self.buildout.section(part).map_err(|error| match error.problem() {
                Problem::UnknownSection { section } if section == part => self.no_section(part, error),
                _ => error.into(),
            })?;
            if self.buildout.get(part, "recipe")?.is_none_or(|recipe| recipe.is_empty()) {
                let place = self.buildout.place_of(part, None);
                return Err(Fault::NoRecipe { part: part.clone(), place }.into());
            }
        }
        let mut wanted = self.initialised()?;
        if let Some(before) = &self.before {
            wanted.iter_mut().for_each(|part| before.closure.put_into(part));
        }
        if named.is_empty() {
            return Ok(wanted);
        }
        let mut by_name: BTreeMap<String, Wanted> = wanted.into_iter().map(|part| (part.name.clone(), part)).collect();
        // A part that is named twice is made once.
        Ok(named.iter().filter_map(|part| by_name.remove(part)).collect())
    }

    /// The parts that were initialised, in their order.
    pub(super) fn initialised(&self) -> Result<Vec<Wanted>, RunError> {
        let parts = self.buildout.parts();
        let mut wanted: Vec<Wanted> = parts.into_iter().map(|part| self.want(part)).collect::<Result<_, _>>()?;
        let runtime = self.recipes.runtime()?;
        // Also where only some are named: what these refer to is part of their signatures.
        signatures::name_references(&mut wanted, &|part| runtime.starts_commands(part), &self.buildout);
        Ok(wanted)
    }

    /// A part whose section is not there.
    fn no_section(&self, part: &str, error: OptionError) -> RunError {
        let place = self.buildout.place_of_word("buildout", "parts", part);
        let hint = format!("Add a section [{part}], or take {part} out of `parts`.");
        RunError::from(error.at(place).hint(hint)).doing(format!("Getting section {part}."))
    }

    fn want(&self, name: String) -> Result<Wanted, RunError> {
        let recipe = self.recipes.of_part(&name);
        let signature = recipe.map(|recipe| recipe.signature()).unwrap_or_default();
        let has_update = self.recipes.runtime()?.has_update(&name);
        let mut options = self.buildout.snapshot(&name);
        for (_, value) in options.iter_mut().filter(|(_, value)| value.contains("://")) {
            *value = state::conceal(value).into();
        }
        Ok(Wanted { name, options, signature, has_update })
    }

    /// The names in `parts`, each once, each fit to name a directory.
    pub(super) fn listed_parts(&self) -> Result<Vec<String>, RunError> {
        let parts = self.buildout.require("buildout", "parts")?;
        let mut listed: Vec<String> = Vec::new();
        let mut seen = Set::default();
        for name in parts.split_whitespace() {
            if !is_part_name(name) {
                let place = self.buildout.place_of_word("buildout", "parts", name);
                return Err(Fault::PartName { name: name.to_owned(), place }.into());
            }
            if seen.insert(name) {
                listed.push(name.to_owned());
            }
        }
        Ok(listed)
    }

    /// The order in which the state lists parts: that of a whole run, or of `parts` where only some were named.
    pub(super) fn recorded_parts(&self, named: &[String], wanted: &[Wanted]) -> Result<Vec<String>, RunError> {
        if named.is_empty() {
            return Ok(wanted.iter().map(|part| part.name.clone()).collect());
        }
        let before = self.before.iter().flat_map(|before| before.closure.parts());
        Ok(before.map(str::to_owned).chain(self.listed_parts()?).collect())
    }

    /// "If any parts are specified, then they must be listed in the buildout parts option" (`buildouts-1.0.txt`); a part
    /// that is installed because another one references it counts, too.
    fn check_named(&self, named: &[String], listed: &[String], installed: &Installed) -> Result<(), RunError> {
        let known =
            |part: &String| listed.contains(part) || installed.parts.contains_key(part) || self.was_made_before(part);
        let unknown: Vec<&str> = named.iter().filter(|part| !known(part)).map(String::as_str).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let near = unknown.iter().filter_map(|part| nearest(part, listed.iter().map(String::as_str)));
        let mut hints: Vec<String> = near.map(did_you_mean).collect();
        hints.push(format!("[buildout] parts lists: {}.", listed.join(" ")));
        Err(Fault::NotParts { names: unknown.join(" "), hints }.into())
    }
}
