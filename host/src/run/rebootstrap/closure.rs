//! The section that provides the Python, and all that it refers to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::collections::Map;
use config::options::{Buildout, NoRecipes, Problem};
use state::Installed;
use state::plan::{self, Reason, Scope, Step, Wanted};

use super::super::error::{Doing, Fault, RunError};
use super::super::launcher::Kept;
use super::super::{Present, Session, pythons};

/// The parts that it takes to make the buildout's own Python, as the Python sees them that the buildout was begun with.
pub(in super::super) struct Closure {
    /// The section that provides the Python.
    pub(in super::super) section: String,
    /// The Python; absolute.
    pub(in super::super) executable: String,
    /// The Python that the buildout was begun with.
    pub(in super::super) original: String,
    /// Its parts, in the order in which they are made.
    pub(in super::super) wanted: Vec<Wanted>,
    /// Directories in which the Python looks for modules first.
    pub(super) paths: Vec<PathBuf>,
    by_name: Map<String, usize>,
}

impl Session {
    /// Initialises the Python's section, and all that it refers to.
    pub(in super::super) fn closure(&self, section: &str) -> Result<Closure, RunError> {
        let doing = || self.bringing_up(section);
        let original = self.buildout.require("buildout", "executable")?;
        let directory = &self.locations()?.directory;
        self.initialise_references(section).doing(doing)?;
        let executable = self.executable(section).doing(doing)?;
        let executable = directory.join(executable).to_string_lossy().into_owned();
        let paths = self.prepended_paths(directory).doing(doing)?;
        let wanted = self.initialised().doing(doing)?;
        let by_name = wanted.iter().enumerate().map(|(number, part)| (part.name.clone(), number)).collect();
        Ok(Closure { section: section.to_owned(), executable, original, wanted, paths, by_name })
    }

    /// What is being done, as errors tell it.
    pub(super) fn bringing_up(&self, section: &str) -> String {
        match self.buildout.place_of("buildout", Some("python")) {
            Some(place) => format!("Bringing up the Python of section {section} ({}).", place.line_name()),
            None => format!("Bringing up the Python of section {section}."),
        }
    }

    fn executable(&self, section: &str) -> Result<String, RunError> {
        self.named_section("python", section)?;
        let executable = self.buildout.get(section, "executable")?.unwrap_or_default();
        if executable.trim().is_empty() {
            let place = self.buildout.place_of(section, None);
            return Err(Fault::NoExecutable { section: section.to_owned(), place }.into());
        }
        let executable = executable.trim().to_owned();
        if executable.contains(char::is_control) {
            let why = "it is no path".to_owned();
            return Err(self.unusable(section, executable, why, Vec::new()));
        }
        Ok(executable)
    }

    /// In the way of 1.0 a reference does not initialise the part that it leads to; here, what the Python needs comes first.
    fn initialise_references(&self, section: &str) -> Result<(), RunError> {
        if !self.buildout.configuration().classic {
            return Ok(());
        }
        let reading = Buildout::new(Arc::clone(self.buildout.configuration()), Arc::new(NoRecipes));
        let (mut seen, mut left) = (BTreeSet::from(["buildout".to_owned()]), vec![section.to_owned()]);
        while let Some(section) = left.pop() {
            if seen.insert(section.clone()) {
                for option in reading.keys(&section).unwrap_or_default() {
                    // What cannot be read is told when the section is initialised.
                    let _ = reading.get(&section, &option);
                }
                left.extend(reading.dependencies(&section));
            }
        }
        let needed = self.listed_parts()?.into_iter().filter(|part| part != section && seen.contains(part));
        for part in needed {
            self.buildout.section(&part)?;
        }
        Ok(())
    }

    /// A Python that cannot be used.
    pub(super) fn unusable(&self, section: &str, executable: String, why: String, printed: Vec<String>) -> RunError {
        let place = self.buildout.place_of(section, Some("executable"));
        let place = place.or_else(|| self.buildout.place_of(section, None));
        Fault::Python { section: section.to_owned(), executable, why, printed, place }.into()
    }

    /// Makes sure of a section that an option of `[buildout]` names.
    fn named_section(&self, option: &str, section: &str) -> Result<(), RunError> {
        self.buildout.section(section).map_err(|error| match error.problem() {
            Problem::UnknownSection { section: unknown } if section == unknown => {
                let place = self.buildout.place_of_word("buildout", option, section);
                error
                    .at(place)
                    .hint(format!("`[buildout] {option}` names it: add the section, or correct the name."))
                    .into()
            }
            _ => error.into(),
        })
    }

    /// `rebootstrap-prepend-paths`: sections whose locations come first where the Python looks for modules, or paths.
    fn prepended_paths(&self, directory: &Path) -> Result<Vec<PathBuf>, RunError> {
        let named = self.buildout.get("buildout", "rebootstrap-prepend-paths")?.unwrap_or_default();
        let mut paths = Vec::new();
        for word in named.split_whitespace() {
            if word.contains('/') {
                paths.push(directory.join(word));
                continue;
            }
            self.named_section("rebootstrap-prepend-paths", word)?;
            let Some(location) = self.buildout.get(word, "location")?.filter(|location| !location.is_empty()) else {
                let place = self.buildout.place_of(word, None);
                return Err(Fault::NoLocation { section: word.to_owned(), place }.into());
            };
            paths.push(directory.join(location));
        }
        Ok(paths)
    }
}

impl Closure {
    /// Its parts.
    pub(in super::super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(|part| part.name.as_str())
    }

    /// Whether the part is one of its parts.
    pub(in super::super) fn has(&self, part: &str) -> bool {
        self.by_name.contains_key(part)
    }

    /// Makes a part that belongs to it what it is here.
    pub(in super::super) fn put_into(&self, part: &mut Wanted) {
        if let Some(number) = self.by_name.get(&part.name) {
            part.clone_from(&self.wanted[*number]);
        }
    }

    /// What `bin/buildout` is to keep.
    pub(in super::super) fn kept(&self) -> Kept {
        Kept { python: Some(self.executable.clone()), original: Some(self.original.clone()) }
    }

    /// The Python that the buildout has had, and the one that it goes on with, if that is another one.
    pub(in super::super) fn changes<'a>(&'a self, kept: &'a Kept) -> Option<(&'a str, &'a str)> {
        let from = kept.python.as_deref().unwrap_or(&self.original);
        (from != self.executable).then_some((from, self.executable.as_str()))
    }

    /// Whether the Python is another one than the buildout was begun with.
    pub(in super::super) fn is_another(&self) -> bool {
        self.executable != self.original
    }

    /// What is to be done for the Python to be there: all that has changed, and, unless others are named, updates.
    pub(in super::super) fn steps(&self, named: &[String], installed: &Installed, directory: &Path) -> Vec<Step> {
        let present = Present::beneath(directory);
        let mut steps = plan::plan(&self.wanted, installed, Scope::Named, &|path| present.is_there(path));
        if !pythons::is_program(&self.executable) {
            self.make_again(&mut steps);
        }
        steps.retain(|step| match step {
            Step::Uninstall(..) | Step::Install(..) => true,
            Step::InstallAgain(part) | Step::Update(part) => named.is_empty() || named.contains(part),
        });
        steps
    }

    /// Where nothing has changed and yet there is no Python, it is made again.
    fn make_again(&self, steps: &mut Vec<Step>) {
        let unchanged =
            |step: &Step| matches!(step, Step::InstallAgain(part) | Step::Update(part) if *part == self.section);
        let Some(at) = steps.iter().position(unchanged) else { return };
        let why = vec![Reason::Missing { path: self.executable.clone() }];
        steps[at] = Step::Install(self.section.clone(), why.clone());
        // What was installed last goes first.
        steps.insert(0, Step::Uninstall(self.section.clone(), why));
    }
}
