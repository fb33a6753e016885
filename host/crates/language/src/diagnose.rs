//! What is wrong in a file: what a run would report, and what a reader would want to know.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use base::source::{Place, did_you_mean, nearest};
use config::options::OptionProblem;
use config::parse::{WrittenOption, WrittenSection};
use config::{ConfigError, Location, is_predefined};

use crate::analysis::Analysis;
use crate::macros::bare;
use crate::outlines::{EXTENDING, WrittenReference};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How wrong.
    pub severity: Severity,
    /// Where.
    pub span: Range<usize>,
    /// What, and what to do.
    pub message: String,
}

/// How wrong something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// A run fails.
    Error,
    /// A run fails if it comes to this, or does something unexpected.
    Warning,
    /// Nothing reads it.
    Unused,
}

/// Options that every section may have.
const GENERAL: [&str; 5] = ["recipe", "<", "=>", "<part-dependencies>", "_buildout_section_name_"];

impl Analysis {
    /// What is wrong in the file. `is_stale` is asked in between: if it says so, what was found so far is the answer.
    pub fn diagnose(&self, is_stale: &dyn Fn() -> bool) -> Vec<Diagnostic> {
        let mut found = Findings { analysis: self, diagnostics: Vec::new() };
        found.troubles();
        found.missing_files();
        let needed = self.needed();
        for (section, option) in self.outline.options() {
            if is_stale() {
                break;
            }
            found.references(section, option, &needed);
            found.value(section, option);
        }
        found.parts();
        found.repeated();
        found.required(&needed);
        found.circles(is_stale);
        found.unused();
        found.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        found.diagnostics.dedup();
        found.diagnostics
    }

    /// The parts, and the sections that they refer to.
    fn needed(&self) -> BTreeSet<String> {
        let parts = self.options("buildout").get("parts").map(|parts| parts.raw.to_string()).unwrap_or_default();
        let mut waiting: Vec<String> = parts.split_whitespace().map(str::to_owned).collect();
        waiting.push("buildout".into());
        let mut needed = BTreeSet::new();
        while let Some(section) = waiting.pop() {
            if !needed.contains(&section) && self.has_section(&section) {
                for value in self.options(&section).values() {
                    waiting.extend(referred(&value.raw).map(|(section, _)| section.to_owned()));
                }
                needed.insert(section);
            }
        }
        needed
    }
}

/// The sections and options that a value refers to.
fn referred(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value.split("${").skip(1).filter_map(|rest| rest.split('}').next()?.split_once(':'))
}

struct Findings<'a> {
    analysis: &'a Analysis,
    diagnostics: Vec<Diagnostic>,
}

impl Findings<'_> {
    fn add(&mut self, severity: Severity, span: Range<usize>, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic { severity, span, message: message.into() });
    }

    fn text(&self, range: &Range<usize>) -> &str {
        self.analysis.outline.text(range)
    }

    /// What cannot be parsed here, or loaded at all.
    fn troubles(&mut self) {
        let analysis = self.analysis;
        for trouble in analysis.troubles.iter() {
            let span = trouble.place.as_ref().map_or(0..0, |place| place.start as usize..place.end as usize);
            self.add(Severity::Error, span, with_hints(&trouble.message, &trouble.hints));
        }
        if let Some(ConfigError { troubles, .. }) = &analysis.failure {
            for trouble in troubles {
                let here = trouble.place.as_ref().filter(|place| self.is_here(place));
                let span = here.map_or(0..0, |place| place.start as usize..place.end as usize);
                self.add(Severity::Error, span, with_hints(&trouble.message, &trouble.hints));
            }
        }
    }

    fn is_here(&self, place: &Place) -> bool {
        self.analysis.path.to_str() == Some(&place.source.name)
    }

    /// Files in `extends` that cannot be read.
    fn missing_files(&mut self) {
        let analysis = self.analysis;
        for (section, option) in analysis.outline.options() {
            let name = analysis.outline.text(&option.name);
            if analysis.name_of(section) != "buildout" || !EXTENDING.contains(&name) || name == "optional-extends" {
                continue;
            }
            for span in analysis.outline.words(option) {
                let location = analysis.outline.extended(self.text(&span));
                let is_it = |(missing, _): &&(Location, config::ReadError)| *missing == location;
                if let Some((_, error)) = analysis.missing.iter().find(is_it) {
                    self.add(Severity::Error, span, with_hints(&error.message, &error.hints));
                }
            }
        }
    }

    fn references(&mut self, section: &WrittenSection, option: &WrittenOption, needed: &BTreeSet<String>) {
        let around = self.analysis.name_of(section);
        // A run comes to what is needed; the rest may be for files that extend this one.
        let severity = if needed.contains(around) { Severity::Error } else { Severity::Warning };
        for reference in self.analysis.outline.references(option) {
            if !reference.is_valid {
                let message = "The substitution is not of the form ${section:option}.";
                self.add(severity, reference.span, message);
                continue;
            }
            self.reference(around, reference, severity);
        }
    }

    fn reference(&mut self, around: &str, reference: WrittenReference, severity: Severity) {
        let analysis = self.analysis;
        let named = self.text(&reference.section);
        let section = if named.is_empty() { around } else { named };
        if !analysis.has_section(section) {
            let names = analysis.configuration.sections.keys().map(String::as_str);
            let near = nearest(section, names).map(did_you_mean);
            let message = format!("The referenced section, '{section}', was not defined.");
            self.add(severity, reference.section, with_hints(&message, near.as_slice()));
            return;
        }
        let option = self.text(&reference.option).to_owned();
        let options = analysis.options(section);
        // A recipe may provide options, and a macro is completed by those that use it.
        let is_open = options.contains_key("recipe") || named.is_empty() || option.starts_with('_');
        let is_known = options.keys().any(|name| bare(name) == option);
        if is_known || is_open || (section == "buildout" && is_predefined(&option)) {
            return;
        }
        let near = nearest(&option, options.keys().map(|name| bare(name))).map(did_you_mean);
        let message = format!("Missing option: {section}:{option}");
        self.add(severity, reference.option, with_hints(&message, near.as_slice()));
    }

    /// Whether a value has the type that the recipe wants.
    fn value(&mut self, section: &WrittenSection, option: &WrittenOption) {
        let (name, value) = (self.text(&option.name), self.analysis.outline.value(option));
        let Some(recipe) = self.analysis.recipe_of(self.analysis.name_of(section)) else { return };
        let Some(described) = recipe.option(name) else { return };
        if value.is_empty() || value.contains(['$', '%']) || option.sign.is_some() || described.form.accepts(&value) {
            return;
        }
        let span = option.lines.first().cloned().unwrap_or_else(|| option.name.clone());
        let message = format!("The value of `{name}` must be: {}.", described.form.name());
        self.add(Severity::Error, span, message);
    }

    /// Words in `parts` that do not name sections with a recipe, and macros that do not name sections.
    fn parts(&mut self) {
        let analysis = self.analysis;
        for (section, option) in analysis.outline.options() {
            let name = analysis.outline.text(&option.name);
            let is_parts = analysis.name_of(section) == "buildout" && name == "parts" && option.sign != Some('-');
            if !is_parts && name != "<" {
                continue;
            }
            for span in analysis.outline.words(option) {
                let word = self.text(&span).to_owned();
                if word.contains('$') {
                    continue;
                }
                if !analysis.has_section(&word) {
                    let names = analysis.configuration.sections.keys().map(String::as_str);
                    let near = nearest(&word, names).map(did_you_mean);
                    self.add(Severity::Error, span, with_hints(&format!("No section named '{word}'"), near.as_slice()));
                } else if is_parts && !analysis.options(&word).contains_key("recipe") {
                    self.add(Severity::Error, span, format!("Missing option: {word}:recipe"));
                }
            }
        }
    }

    /// Options that are set again below the same header: only the last value counts. Headers may have conditions.
    fn repeated(&mut self) {
        let analysis = self.analysis;
        let mut last: BTreeMap<(usize, &str), Range<usize>> = BTreeMap::new();
        for (section, option) in analysis.outline.options().filter(|(_, option)| option.sign.is_none()) {
            let name = analysis.outline.text(&option.name);
            if let Some(before) = last.insert((section.header.start, name), option.name.clone()) {
                let message = format!("The option `{name}` is written again below: this value has no effect.");
                self.add(Severity::Warning, before, message);
            }
        }
    }

    /// Options without which a recipe cannot make a part.
    fn required(&mut self, needed: &BTreeSet<String>) {
        let analysis = self.analysis;
        for section in &analysis.outline.sections {
            let name = analysis.name_of(section);
            let Some(recipe) = analysis.recipe_of(name).filter(|_| needed.contains(name)) else { continue };
            let options = analysis.options(name);
            let missing =
                recipe.options.iter().filter(|option| option.is_required && !options.contains_key(&*option.name));
            for option in missing {
                self.add(Severity::Error, section.name.clone(), format!("Missing option: {name}:{}", option.name));
            }
        }
    }

    /// References that lead back to where they began, or nest too deep.
    fn circles(&mut self, is_stale: &dyn Fn() -> bool) {
        let analysis = self.analysis;
        for (section, option) in analysis.outline.options() {
            if is_stale() {
                return;
            }
            let (around, name) = (analysis.name_of(section), analysis.outline.text(&option.name));
            if name == "<" || !analysis.outline.references(option).any(|reference| reference.is_valid) {
                continue;
            }
            let Err(error) = analysis.buildout().get(around, name) else { continue };
            if matches!(error.problem(), OptionProblem::Circle(_) | OptionProblem::TooDeep(_)) {
                self.add(Severity::Error, option.name.clone(), error.to_string());
            }
        }
    }

    /// Options that neither a recipe nor a reference reads.
    fn unused(&mut self) {
        let analysis = self.analysis;
        let read = Reading::of(analysis);
        for (section, option) in analysis.outline.options() {
            let (around, name) = (analysis.name_of(section), analysis.outline.text(&option.name));
            if GENERAL.contains(&name) || name.starts_with('_') || read.option(around, name) {
                continue;
            }
            let (known, message) = if around == "buildout" {
                let known: Vec<&str> = config::buildout_options().collect();
                if known.contains(&name) || EXTENDING.contains(&name) || !analysis.is_root {
                    continue;
                }
                (known, format!("Nothing reads the option `{name}` of [buildout]."))
            } else {
                let Some(recipe) = analysis.recipe_of(around).filter(|recipe| !recipe.options.is_empty()) else {
                    continue;
                };
                if recipe.option(name).is_some() || read.section(around) {
                    continue;
                }
                let near = nearest(name, recipe.options.iter().map(|option| option.name.as_str())).map(did_you_mean);
                let message = with_hints(&format!("Nothing reads the option `{name}`."), near.as_slice());
                self.add(Severity::Unused, option.name.clone(), message);
                continue;
            };
            let near = nearest(name, known).map(did_you_mean);
            self.add(Severity::Unused, option.name.clone(), with_hints(&message, near.as_slice()));
        }
    }
}

/// Which options and sections are read by others than their recipe.
struct Reading {
    /// Options of references, with the section where it is named.
    options: BTreeSet<(String, String)>,
    /// Options that any section may mean: `${:option}`, `%(option)s`.
    anywhere: BTreeSet<String>,
    /// Words of values: each may be the name of a section that a recipe reads, and macros.
    words: BTreeSet<String>,
}

impl Reading {
    fn of(analysis: &Analysis) -> Self {
        let mut reading = Self { options: BTreeSet::new(), anywhere: BTreeSet::new(), words: BTreeSet::new() };
        for (name, section) in &analysis.configuration.sections {
            for (option, value) in &section.options {
                let is_listing = name == "buildout" && &**option == "parts";
                reading.value(&value.raw, is_listing);
            }
        }
        reading
    }

    fn value(&mut self, raw: &str, is_listing: bool) {
        for (section, option) in referred(raw) {
            match section {
                "" => drop(self.anywhere.insert(option.to_owned())),
                _ => drop(self.options.insert((section.to_owned(), option.to_owned()))),
            }
        }
        for rest in raw.split("%(").skip(1) {
            self.anywhere.extend(rest.split(')').next().map(str::to_owned));
        }
        if !is_listing && raw.len() < 10_000 {
            self.words.extend(raw.split_whitespace().filter(|word| !word.contains(['$', '/'])).map(str::to_owned));
        }
    }

    fn option(&self, section: &str, option: &str) -> bool {
        self.anywhere.contains(option)
            || self.options.iter().any(|(named, read)| read == option && (named == section || self.section(section)))
    }

    /// Whether a value names the section.
    fn section(&self, section: &str) -> bool {
        self.words.contains(section)
    }
}

fn with_hints(message: &str, hints: &[String]) -> String {
    std::iter::once(message.to_owned()).chain(hints.iter().cloned()).collect::<Vec<_>>().join("\n")
}
