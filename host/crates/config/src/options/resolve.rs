//! Lookup: substitutes references, initializes the sections that they refer to, detects cycles and excess.

use std::path::Path;
use std::sync::Arc;

use super::buildout::{Buildout, SectionState, Seen};
use super::error::{OptionError, OptionProblem};
use super::template::{self, Flaw, Malformed, TemplatePiece};
use crate::{OptionValue, Origin};
use base::source::Place;

/// References nested deeper than this are refused: they would overflow the stack.
const MAX_DEPTH: usize = 1000;

/// Initializations of recipes nested deeper than this are refused.
const MAX_INITIALIZING: usize = 200;

/// Maximum number of uncached failures of options that were nested too deep: each one means repeated work.
const MAX_RETRIES: usize = 1_000_000;

/// Maximum length of a value after substitution, in bytes.
const MAX_VALUE: usize = 16 << 20;

/// Maximum total output of substitution, in bytes.
const MAX_MADE: usize = 256 << 20;

/// The options of `[buildout]` that contain a directory or file; the others are relative to the first one.
const DIRECTORIES: [&str; 7] = [
    "directory",
    "bin-directory",
    "parts-directory",
    "develop-eggs-directory",
    "eggs-directory",
    "installed",
    "download-cache",
];

/// The hint for a part that references its own location.
const OWN_LOCATION: &str = "A part's location is not known until its recipe is initialized, and references are \
                             replaced before that. Recipes that build software accept @@LOCATION@@ instead.";

impl Buildout {
    /// Ensures that a section exists (zc.buildout: `buildout[section]`).
    pub(super) fn ensure(&self, name: &str) -> Result<(), OptionError> {
        if self.state().sections.contains_key(name) {
            return Ok(());
        }
        if !self.exists(name) {
            return Err(self.unknown_section(name));
        }
        let raw = self.written(name).map_err(|error| OptionError::new(OptionProblem::Recipe(Arc::new(error))))?;
        let is_part = raw.contains_key("recipe");
        self.state().sections.insert(name.to_owned(), SectionState { raw, ..SectionState::default() });
        let runs_recipes = self.shared.initialize.runs_recipes();
        if name == "buildout" {
            // If no recipe runs, an error here is reported when the option is read.
            self.absolutise_directories().or_else(|error| if runs_recipes { Err(error) } else { Ok(()) })?;
        }
        if !runs_recipes {
            return Ok(());
        }
        if name == "buildout" {
            return self.deeper(|| self.substitute_all(name));
        }
        self.complete(name).map_err(|error| {
            let doing = if is_part { "Initializing part" } else { "Getting section" };
            error.doing(located(&format!("{doing} {name}"), self.place_of(name, None).as_ref()))
        })
    }

    /// Substitutes the options of a section, ensures its dependencies, and initializes its recipe.
    fn complete(&self, name: &str) -> Result<(), OptionError> {
        self.deeper(|| self.substitute_all(name))?;
        let dependencies = self.lookup(name, "<part-dependencies>", &mut Seen::new())?;
        for dependency in dependencies.as_deref().unwrap_or_default().split_whitespace() {
            self.depend(name, dependency);
            let place = || self.place_of(name, Some("<part-dependencies>"));
            self.ensure(dependency).map_err(|error| error.at(place()))?;
        }
        match self.lookup(name, "recipe", &mut Seen::new())? {
            Some(recipe) if !recipe.is_empty() => self.initialize(name),
            _ => Ok(()),
        }
    }

    /// Substitutes every option of a section: an invalid reference is an error even in an unused option.
    fn substitute_all(&self, section: &str) -> Result<(), OptionError> {
        let mut templates: Vec<(Arc<str>, Arc<OptionValue>)> = {
            let state = self.state();
            let Some(section) = state.sections.get(section) else { return Ok(()) };
            let templates = section.raw.iter().filter(|(_, value)| template::is_template(&value.raw));
            templates.map(|(name, value)| (Arc::clone(name), Arc::clone(value))).collect()
        };
        templates.sort_by(|a, b| a.0.cmp(&b.0));
        for (option, value) in templates {
            let mut seen = vec![(section.to_owned(), option.to_string())];
            let text = self.substitute(section, &value.raw, Some(&value), &mut seen);
            let text = text.map_err(|error| self.while_getting(section, &option, error))?;
            if let Some(section) = self.state().sections.get_mut(section) {
                section.substituted.insert(option, text);
            }
        }
        Ok(())
    }

    fn initialize(&self, part: &str) -> Result<(), OptionError> {
        let nested = {
            let mut state = self.state();
            state.initializing += 1;
            state.initializing
        };
        let outcome = if nested > MAX_INITIALIZING {
            let message = format!("More than {MAX_INITIALIZING} parts wait for one another");
            Err(OptionError::new(OptionProblem::TooDeep(message)))
        } else {
            let outcome = self.shared.initialize.initialize(self, part);
            outcome.map_err(|error| OptionError::new(OptionProblem::Recipe(Arc::from(error))))
        };
        let mut state = self.state();
        state.initializing -= 1;
        match outcome {
            Ok(()) => {
                state.parts.push(part.to_owned());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Directories that are still relative after substitution are resolved against the buildout directory (and that
    /// against the working directory), as if they had been written so.
    fn absolutise_directories(&self) -> Result<(), OptionError> {
        let mut base = self.shared.configuration.working_directory.clone();
        for option in DIRECTORIES {
            let written = self.state().sections.get("buildout").and_then(|section| section.raw.get(option).cloned());
            if written.is_none_or(|value| option != "directory" && !value.raw.contains("${")) {
                continue;
            }
            let Some(value) = self.lookup("buildout", option, &mut Seen::new())? else { continue };
            if !value.is_empty() && !Path::new(&*value).is_absolute() {
                self.set("buildout", option, base.join(&*value).to_string_lossy().into_owned());
            }
            if option == "directory" {
                base.push(&*value);
            }
        }
        Ok(())
    }

    fn while_getting(&self, section: &str, option: &str, error: OptionError) -> OptionError {
        error.doing(located(
            &format!("Getting option {section}:{option}"),
            self.place_of(section, Some(option)).as_ref(),
        ))
    }

    /// The value of an option of an existing section (zc.buildout: `Options.get`).
    pub(super) fn lookup(&self, section: &str, option: &str, seen: &mut Seen) -> Result<Option<Arc<str>>, OptionError> {
        let (text, value) = {
            let mut state = self.state();
            let Some(section) = state.sections.get_mut(section) else { return Ok(None) };
            if let Some(value) = section.used.get(option) {
                return Ok(Some(Arc::clone(value)));
            }
            let value = section.raw.get(option).cloned();
            let substituted = section.substituted.get(option).cloned();
            let Some(text) = substituted.clone().or_else(|| value.as_ref().map(|value| Arc::clone(&value.raw))) else {
                return Ok(None);
            };
            if !template::is_template(&text) {
                section.used.insert(option.into(), Arc::clone(&text));
                return Ok(Some(text));
            }
            // Places in the value are known only if it is unchanged since it was parsed.
            (text, if substituted.is_some() { None } else { value })
        };
        let key = (section.to_owned(), option.to_owned());
        if let Some(error) = self.state().failed.get(&key) {
            return Err(error.clone());
        }
        let text = self.nested(section, option, seen, |seen| self.substitute(section, &text, value.as_ref(), seen));
        let text = text.inspect_err(|error| {
            if !self.shared.initialize.runs_recipes() && self.is_lasting(error, seen) {
                self.state().failed.insert(key, error.clone());
            }
        })?;
        if let Some(section) = self.state().sections.get_mut(section) {
            section.used.insert(option.into(), Arc::clone(&text));
        }
        Ok(Some(text))
    }

    /// Whether an option that failed within those in `seen` would fail again. An option that was nested too deep from
    /// here may have a value when it is requested directly; then it is retried, a limited number of times.
    fn is_lasting(&self, error: &OptionError, seen: &Seen) -> bool {
        if seen.is_empty() || !matches!(error.problem(), OptionProblem::TooDeep(_)) {
            return true;
        }
        let mut state = self.state();
        state.retries += 1;
        state.retries > MAX_RETRIES
    }

    /// Resolves an option within others, unless that would be a cycle or too deep.
    fn nested<T>(
        &self,
        section: &str,
        option: &str,
        seen: &mut Seen,
        work: impl FnOnce(&mut Seen) -> Result<T, OptionError>,
    ) -> Result<T, OptionError> {
        if let Some(start) = seen.iter().position(|(s, o)| s == section && o == option) {
            let chain: Vec<String> = seen[start..].iter().map(|(s, o)| format!("${{{s}:{o}}}")).collect();
            let message =
                format!("Circular reference in substitutions: {} → ${{{section}:{option}}}.", chain.join(" → "));
            return Err(OptionError::new(OptionProblem::Circle(message)));
        }
        seen.push((section.to_owned(), option.to_owned()));
        let outcome = self.deeper(|| work(seen));
        seen.pop();
        outcome.map_err(|error| self.while_getting(section, option, error))
    }

    /// Runs `work` one level deeper, unless that is too deep.
    fn deeper<T>(&self, work: impl FnOnce() -> Result<T, OptionError>) -> Result<T, OptionError> {
        if self.state().depth >= MAX_DEPTH {
            let message = format!("References are nested more than {MAX_DEPTH} levels deep");
            return Err(OptionError::new(OptionProblem::TooDeep(message)));
        }
        self.state().depth += 1;
        let outcome = work();
        self.state().depth -= 1;
        outcome
    }

    /// Substitutes the references in `text`, which is in `section`. `value` is the option if `text` is unchanged since
    /// it was parsed.
    pub(super) fn substitute(
        &self,
        section: &str,
        text: &str,
        value: Option<&Arc<OptionValue>>,
        seen: &mut Seen,
    ) -> Result<Arc<str>, OptionError> {
        #[cfg(test)]
        {
            self.state().substitutions += 1;
        }
        let place = |start: usize, end: usize| value.and_then(|value| place_of_reference(value, start, end));
        let pieces = template::parse(text).map_err(|malformed| {
            let place = place(malformed.start, malformed.end);
            OptionError::new(OptionProblem::Reference(flaw_message(&malformed))).at(place)
        })?;
        let mut result = String::with_capacity(text.len());
        for piece in pieces {
            match piece {
                TemplatePiece::Literal(literal) => result.push_str(literal),
                TemplatePiece::Reference { section: named, option, start, end } => {
                    let origin = value.map(|value| value.origin_at(start));
                    let target = if named.is_empty() { section } else { named };
                    let found = self.refer(section, target, option, origin, seen);
                    result.push_str(&found.map_err(|error| error.at(place(start, end)))?);
                }
            }
            if result.len() > MAX_VALUE {
                let message = format!("Substitution makes a value longer than {} MiB", MAX_VALUE >> 20);
                return Err(
                    OptionError::new(OptionProblem::Reference(message)).at(value.and_then(|value| value.place()))
                );
            }
        }
        self.count(result.len())?;
        Ok(result.into())
    }

    fn count(&self, bytes: usize) -> Result<(), OptionError> {
        let mut state = self.state();
        state.made = state.made.saturating_add(bytes);
        if state.made <= MAX_MADE {
            return Ok(());
        }
        let message = format!("Substitution produces more than {} MiB in total", MAX_MADE >> 20);
        Err(OptionError::new(OptionProblem::Reference(message)))
    }

    /// The value of `${target:option}`, written in `section` by `origin`.
    fn refer(
        &self,
        section: &str,
        target: &str,
        option: &str,
        origin: Option<&Origin>,
        seen: &mut Seen,
    ) -> Result<Arc<str>, OptionError> {
        self.depend_on_option(section, target, option);
        if self.shared.configuration.classic
            && let Some(value) = self.as_configured(target, option, seen)?
        {
            return Ok(value);
        }
        self.ensure(target)?;
        if let Some(value) = self.lookup(target, option, seen)? {
            return if (target, option) == ("buildout", "eggs-directory") {
                self.versioned_eggs(&value, seen)
            } else {
                Ok(value)
            };
        }
        match option {
            "_buildout_section_name_" => Ok(section.into()),
            "_profile_base_location_" => match origin.and_then(Origin::place) {
                // SlapOS: the directory, or the URL, of the profile that contains the reference.
                Some(place) => Ok(self.shared.configuration.base_of(place).into()),
                None => Err(self.unknown_option(target, option)),
            },
            // Known only once the recipe is initialized, which happens after substitution.
            "location" if section == target && self.has_recipe(target) => {
                Err(self.unknown_option(target, option).hint(OWN_LOCATION))
            }
            _ => Err(self.unknown_option(target, option)),
        }
    }

    fn has_recipe(&self, section: &str) -> bool {
        self.state().sections.get(section).is_some_and(|section| section.raw.contains_key("recipe"))
    }

    /// The value of `${buildout:eggs-directory}` in zc.buildout 6: the directory for eggs of the format in
    /// `eggs-directory-version`.
    fn versioned_eggs(&self, directory: &str, seen: &mut Seen) -> Result<Arc<str>, OptionError> {
        let version = self.lookup("buildout", "eggs-directory-version", seen)?.unwrap_or_default();
        Ok(if version.is_empty() { directory.into() } else { format!("{directory}/{version}").into() })
    }

    /// The style of 1.0: the value of an option in the configuration, regardless of changes by a recipe, and without
    /// initializing its section. `None` if the configuration does not have the option.
    pub(super) fn as_configured(
        &self,
        section: &str,
        option: &str,
        seen: &mut Seen,
    ) -> Result<Option<Arc<str>>, OptionError> {
        let Some(configured) = self.shared.configuration.sections.get(section) else { return Ok(None) };
        self.mark_used(section, option);
        if let Some(outcome) = self.inherited_as_configured(section, option) {
            return outcome;
        }
        let key = (section.to_owned(), option.to_owned());
        if let Some(text) = self.state().configured.get(&key) {
            return Ok(Some(Arc::clone(text)));
        }
        let changed = self.state().changes.option(section, option);
        let value = if let Some(changed) = changed {
            changed
        } else if configured.options.contains_key("<") {
            let expanded = self.written(section);
            expanded.map_err(|error| OptionError::new(OptionProblem::Recipe(Arc::new(error))))?.get(option).cloned()
        } else {
            configured.options.get(option).cloned()
        };
        let Some(value) = value else { return Ok(None) };
        if !template::is_template(&value.raw) {
            return Ok(Some(Arc::clone(&value.raw)));
        }
        let text =
            self.nested(section, option, seen, |seen| self.substitute(section, &value.raw, Some(&value), seen))?;
        self.state().configured.insert(key, Arc::clone(&text));
        Ok(Some(text))
    }

    /// Marks a referenced option as used, even if its section has not been requested yet.
    pub(super) fn mark_used(&self, section: &str, option: &str) {
        let mut state = self.state();
        if let Some(section) = state.sections.get_mut(section)
            && let Some(value) = section.raw.get(option).cloned()
            && !section.used.contains_key(option)
            && !template::is_template(&value.raw)
        {
            section.used.insert(option.into(), Arc::clone(&value.raw));
        }
    }
}

/// The place of a reference in the file. As the value was joined and dedented, the text is searched from the option's
/// place on, in the lines that belong to the option.
fn place_of_reference(value: &OptionValue, start: usize, end: usize) -> Option<Place> {
    let reference = value.raw.get(start..end)?;
    let place = value.origin_at(start).written()?;
    let text = place.source.text.get(place.start as usize..)?;
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number > 0 && !line.starts_with([' ', '\t', '#', ';', '\n', '\r']) {
            break;
        }
        if let Some(at) = line.find(reference) {
            let start = place.start as usize + offset + at;
            return Some(Place::new(&place.source, start..start + reference.len()));
        }
        offset += line.len();
    }
    Some(place.clone())
}

/// An operation with its place.
fn located(what: &str, place: Option<&Place>) -> String {
    match place {
        Some(place) => format!("{what} ({}).", place.line_name()),
        None => format!("{what}."),
    }
}

fn flaw_message(malformed: &Malformed) -> String {
    let flaw = match malformed.flaw {
        Flaw::NoColon => "doesn't contain a colon",
        Flaw::TooManyColons => "has too many colons",
        Flaw::SectionName => "has invalid characters in the section name",
        Flaw::OptionName => "has invalid characters in the option name",
    };
    format!("The substitution, {}, {flaw}.", malformed.reference)
}
