//! A run: its phases in order (`design.md` section 7), from a configuration to made parts and saved state.
//!
//! Knows nothing of the terminal: what happens is told as events.

mod bootstrap;
mod develop;
mod directories;
mod error;
mod execute;
mod graph;
mod parallel;
mod recipes;
mod schedule;
mod settings;
mod signatures;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::collections::Set;
use crate::config::{Configuration, is_predefined};
use crate::confine;
use crate::environment::Environment;
use crate::event::{Event, Level, Report};
use crate::options::{Buildout, OptionError, Problem, Values};
use crate::plan::{self, Scope, Step, Wanted};
use crate::recipe::{Locations, is_part_name};
use crate::source::{did_you_mean, nearest};
use crate::state::{self, Change, Installed, StateFile};

use error::{Doing, Fault};
use execute::Execution;
use recipes::Recipes;

pub use bootstrap::{write_configuration, write_new_configuration};
pub use error::{Explained, RunError};
pub use schedule::AfterFailure;
pub use settings::RunSettings;

/// The option of the state's `[buildout]` that keeps the weakest confinement under which a part may have been made.
const SANDBOX: &str = "sandbox";

/// Options of `[buildout]` that have a meaning though nothing may have read them in this run.
const KNOWN_OPTIONS: [&str; 16] = [
    "abi-tag-eggs",
    "develop",
    "download-cache",
    "extends-cache",
    "extensions",
    "index",
    "interpolation",
    "networkcache-section",
    "parts",
    "rebootstrap-directory",
    "rebootstrap-prepend-paths",
    "relative-paths",
    "shared-part-list",
    "unzip",
    "verbosity",
    "versions",
];

/// Parts, and what they refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartGraph {
    /// The parts in the order in which a run makes them.
    pub parts: Vec<String>,
    /// For each of them the parts that it refers to, by number.
    pub references: Vec<BTreeSet<usize>>,
}

/// One configuration, ready to run.
pub struct Session {
    /// The options; recipes initialise as they are read.
    pub buildout: Buildout,
    recipes: Arc<Recipes>,
    environment: Environment,
    report: Arc<dyn Report>,
    settings: RunSettings,
}

impl Session {
    /// Prepares a run of `configuration`.
    ///
    /// # Errors
    /// When `recipes.toml` beside the configuration cannot be used.
    pub fn new(
        configuration: Configuration,
        environment: &Environment,
        report: Arc<dyn Report>,
        settings: RunSettings,
    ) -> Result<Self, RunError> {
        let native = settings.native.clone();
        let recipes = Arc::new(Recipes::new(&beside(&configuration), environment, Arc::clone(&report), native)?);
        let buildout = Buildout::new(configuration, Arc::clone(&recipes) as Arc<_>);
        Ok(Self { buildout, recipes, environment: environment.clone(), report, settings })
    }

    /// Makes the parts: all, or those that are named (they must be listed in `parts`).
    ///
    /// # Errors
    /// The first failure. What was done before it is recorded.
    pub fn install(&self, named: &[String]) -> Result<(), RunError> {
        self.refuse_extensions()?;
        let locations = self.locations()?;
        directories::create_one(&locations.directory, &*self.report)?;
        let (mut state, mut installed) = match &locations.installed {
            Some(path) => StateFile::open(path, &*self.report)?,
            None => (StateFile::unsaved(), Installed::default()),
        };
        // From here on a signal ends the run between parts, with its state saved.
        let _watch = self.settings.native.interrupt.watch();
        let outcome = self
            .tell_sandbox(&mut state, &mut installed)
            .and_then(|()| self.make_parts(named, &locations, &mut state, &mut installed));
        // Also after a failure: what was done before it is recorded, and no journal is left.
        let saved = state.commit(&installed);
        outcome?;
        Ok(saved?)
    }

    /// Every run that confines native commands less than fully says so, and the state keeps it.
    fn tell_sandbox(&self, state: &mut StateFile, installed: &mut Installed) -> Result<(), RunError> {
        let level = self.settings.native.level;
        if level == confine::Level::Full {
            return Ok(());
        }
        let message = match level {
            confine::Level::Partial => {
                "Native commands are confined partially only (--sandbox=partial): they see other processes and change what Landlock does not guard."
            }
            _ => "Native commands are not confined (--sandbox=none): they can do all that you can.",
        };
        self.report.log(Level::Warning, message);
        let recorded = installed.buildout.get(SANDBOX).and_then(|name| confine::Level::of_name(name));
        if recorded.is_none_or(|recorded| level < recorded) {
            let change = Change::Option { name: SANDBOX.to_owned(), value: level.name().to_owned() };
            state.record(&change)?;
            installed.apply(&change);
        }
        Ok(())
    }

    /// Ends the run if a signal asked for it.
    fn heed_interrupt(&self) -> Result<(), RunError> {
        match self.settings.native.interrupt.signal() {
            Some(signal) => Err(Fault::Interrupted { signal }.into()),
            None => Ok(()),
        }
    }

    /// What a run does while it holds the state.
    fn make_parts(
        &self,
        named: &[String],
        locations: &Arc<Locations>,
        state: &mut StateFile,
        installed: &mut Installed,
    ) -> Result<(), RunError> {
        directories::create(locations, &self.buildout, &*self.report)?;
        self.develop_phase(locations, state, installed)?;
        let wanted = self.wanted(named, installed)?;
        self.recipes.tell_unused_entries();
        self.show_configuration();
        let present = Present::beneath(&locations.directory);
        let steps = plan::plan(&wanted, installed, scope(named), &|path| present.is_there(path));
        let order = self.recorded_parts(named, &wanted)?;
        let wanted = wanted.iter().map(|part| (part.name.as_str(), part)).collect();
        let (recorded, removal) = (Set::default(), OnceCell::new());
        let outcome = Execution { session: self, locations, wanted, state, installed, recorded, removal }.run(&steps);
        installed.apply(&Change::Order(order));
        outcome
    }

    /// What `install` would do. Changes nothing of the buildout.
    ///
    /// # Errors
    /// Where `install` would fail before it does anything.
    pub fn plan(&self, named: &[String]) -> Result<Vec<Step>, RunError> {
        self.refuse_extensions()?;
        let locations = self.locations()?;
        let installed = self.peek(&locations)?;
        let wanted = self.wanted_without_a_trace(named, &locations, &installed)?;
        let present = Present::beneath(&locations.directory);
        Ok(plan::plan(&wanted, &installed, scope(named), &|path| present.is_there(path)))
    }

    /// The parts that `install` would make, and what they refer to. Changes nothing of the buildout.
    ///
    /// # Errors
    /// Where `install` would fail before it does anything.
    pub fn graph(&self, named: &[String]) -> Result<PartGraph, RunError> {
        self.refuse_extensions()?;
        let locations = self.locations()?;
        let installed = self.peek(&locations)?;
        self.wanted_without_a_trace(named, &locations, &installed)?;
        let parts = self.buildout.parts();
        let references = self.references(&parts.iter().map(String::as_str).collect::<Vec<_>>());
        Ok(PartGraph { parts, references })
    }

    /// For each of `parts` those that it refers to, by number; as far as they were initialised.
    pub fn references(&self, parts: &[&str]) -> Vec<BTreeSet<usize>> {
        graph::references(&self.buildout, parts)
    }

    /// The installed state, as long as nobody changes it.
    fn peek(&self, locations: &Locations) -> Result<Installed, RunError> {
        match &locations.installed {
            Some(path) => Ok(state::peek(path, &*self.report)?),
            None => Ok(Installed::default()),
        }
    }

    /// Initialises parts as [`Self::install`] would, with developed recipes elsewhere than in the buildout.
    fn wanted_without_a_trace(
        &self,
        named: &[String],
        locations: &Arc<Locations>,
        installed: &Installed,
    ) -> Result<Vec<Wanted>, RunError> {
        let links =
            tempfile::tempdir().map_err(|error| Fault::io(Path::new("temporary directory"), "cannot make", error))?;
        let developed = self.develop(locations, links.path())?;
        self.recipes.develop(&beside(self.buildout.configuration()), developed)?;
        self.wanted(named, installed)
    }

    /// The buildout's directories.
    ///
    /// # Errors
    /// When an option of `[buildout]` cannot be substituted.
    pub fn locations(&self) -> Result<Arc<Locations>, RunError> {
        self.buildout.section("buildout").doing(|| "Reading [buildout].".into())?;
        Ok(Arc::clone(self.recipes.locations(&self.buildout)?))
    }

    fn report(&self) -> &dyn Report {
        &*self.report
    }

    fn refuse_extensions(&self) -> Result<(), RunError> {
        let named = self.buildout.get("buildout", "extensions")?.unwrap_or_default();
        match named.split_whitespace().next() {
            None => Ok(()),
            Some(name) => {
                let place = self.buildout.place_of("buildout", Some("extensions"));
                Err(Fault::Extension { name: name.to_owned(), place }.into())
            }
        }
    }

    /// Builds the developed recipes; links of projects that are no longer developed go.
    fn develop_phase(
        &self,
        locations: &Arc<Locations>,
        state: &mut StateFile,
        installed: &mut Installed,
    ) -> Result<(), RunError> {
        let developed = self.develop(locations, &locations.develop_eggs)?;
        let links: Vec<String> = developed.iter().map(|one| one.link.to_string_lossy().into_owned()).collect();
        if installed.develop_eggs != links {
            let removal = crate::files::Removal::new(&locations.develop_eggs);
            for gone in installed.develop_eggs.iter().filter(|link| !links.contains(link)) {
                if let Err(error) = removal.remove(Path::new(gone)) {
                    // A link in a directory that is no longer this buildout's: it harms nobody.
                    self.report.log(Level::Debug, &format!("Couldn't remove {gone}: {error}"));
                }
            }
            let change = Change::DevelopEggs(links);
            state.record(&change)?;
            installed.apply(&change);
        }
        self.recipes.develop(&beside(self.buildout.configuration()), developed)
    }

    /// Initialises the parts that the run is about, and what they reference.
    fn wanted(&self, named: &[String], installed: &Installed) -> Result<Vec<Wanted>, RunError> {
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
        let parts = self.buildout.parts();
        let mut wanted: Vec<Wanted> = parts.into_iter().map(|part| self.want(part)).collect::<Result<_, _>>()?;
        let runtime = self.recipes.runtime()?;
        // Also where only some are named: what these refer to is part of their signatures.
        signatures::name_references(&mut wanted, &|part| runtime.starts_commands(part), &self.buildout);
        if named.is_empty() {
            return Ok(wanted);
        }
        let mut by_name: BTreeMap<String, Wanted> = wanted.into_iter().map(|part| (part.name.clone(), part)).collect();
        // A part that is named twice is made once.
        Ok(named.iter().filter_map(|part| by_name.remove(part)).collect())
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
    fn listed_parts(&self) -> Result<Vec<String>, RunError> {
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
    fn recorded_parts(&self, named: &[String], wanted: &[Wanted]) -> Result<Vec<String>, RunError> {
        if named.is_empty() { Ok(wanted.iter().map(|part| part.name.clone()).collect()) } else { self.listed_parts() }
    }

    /// "If any parts are specified, then they must be listed in the buildout parts option" (`buildouts-1.0.txt`); a part
    /// that is installed because another one references it counts, too.
    fn check_named(&self, named: &[String], listed: &[String], installed: &Installed) -> Result<(), RunError> {
        let known = |part: &String| listed.contains(part) || installed.parts.contains_key(part);
        let unknown: Vec<&str> = named.iter().filter(|part| !known(part)).map(String::as_str).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let near = unknown.iter().filter_map(|part| nearest(part, listed.iter().map(String::as_str)));
        let mut hints: Vec<String> = near.map(did_you_mean).collect();
        hints.push(format!("[buildout] parts lists: {}.", listed.join(" ")));
        Err(Fault::NotParts { names: unknown.join(" "), hints }.into())
    }

    /// What is being done with a part, with the place of its section.
    fn doing(&self, what: &str, part: &str) -> String {
        match self.buildout.place_of(part, None) {
            Some(place) => format!("{what} part {part} ({}).", place.line_name()),
            None => format!("{what} part {part}."),
        }
    }

    /// Reports options that nobody read: most are typing errors.
    fn report_unused(&self, section: &str) {
        let unused = self.buildout.unused(section);
        let unused: Vec<&String> = unused
            .iter()
            .filter(|option| {
                section != "buildout" || !(is_predefined(option) || KNOWN_OPTIONS.contains(&option.as_str()))
            })
            .collect();
        if unused.is_empty() {
            return;
        }
        let name = |option: &&String| match self.buildout.place_of(section, Some(option)) {
            Some(place) => format!("'{option}' ({})", place.line_name()),
            None => format!("'{option}'"),
        };
        let names: Vec<String> = unused.iter().map(name).collect();
        let mut message = format!(
            "Section `{section}` contains unused option(s): {}.\n\
             Nothing has read them: a typing error, or an option that this recipe does not have.",
            names.join(" ")
        );
        let known = self.known_options(section);
        for option in unused {
            if let Some(near) = nearest(option, known.iter().map(String::as_str)) {
                message.push_str(&format!("\n{option}: {}", did_you_mean(near)));
            }
        }
        self.report.log(Level::Warning, &message);
    }

    /// The options that a section can have, as far as that is known.
    fn known_options(&self, section: &str) -> Vec<String> {
        if section == "buildout" {
            let mut known = self.buildout.keys(section).unwrap_or_default();
            known.retain(|option| is_predefined(option));
            known.extend(KNOWN_OPTIONS.iter().map(|option| (*option).to_owned()));
            return known;
        }
        let (Some(recipe), Ok(runtime)) = (self.recipes.of_part(section), self.recipes.runtime()) else {
            return Vec::new();
        };
        runtime.option_names(&recipe)
    }

    /// At debug level the configuration is shown (`buildouts-1.0.txt`, "Predefined buildout options").
    fn show_configuration(&self) {
        if !self.report.wants(Level::Debug) {
            return;
        }
        let mut sections = self.buildout.sections();
        sections.sort();
        let shown = sections.iter().filter(|section| self.buildout.is_initialised(section));
        let texts: String = shown.map(|section| section_text(section, &self.buildout.snapshot(section))).collect();
        let text = format!("Configuration data:\n{texts}\n");
        self.report.report(Event::Text { level: Level::Debug, text: &text });
    }
}

fn scope(named: &[String]) -> Scope {
    if named.is_empty() { Scope::Whole } else { Scope::Named }
}

/// The directory in which `recipes.toml` is looked for: that of the configuration file.
fn beside(configuration: &Configuration) -> PathBuf {
    let file = configuration.file_path().and_then(Path::parent);
    file.unwrap_or(&configuration.directory).to_owned()
}

/// A section as 1.0 shows it at debug level: options sorted, `%` doubled, further lines indented.
fn section_text(name: &str, options: &Values) -> String {
    let line = |(option, value): (&Arc<str>, &Arc<str>)| {
        format!("{option} = {}\n", value.replace("%%", "%").replace('%', "%%").replace('\n', "\n\t"))
    };
    format!("[{name}]\n{}", options.iter().map(line).collect::<String>())
}

/// Whether a recorded path is still there; the link itself counts, not what it leads to.
struct Present<'a> {
    directory: &'a Path,
    /// Open, so that the way to it is not walked for every path.
    handle: Option<std::fs::File>,
}

impl<'a> Present<'a> {
    fn beneath(directory: &'a Path) -> Self {
        Self { directory, handle: std::fs::File::open(directory).ok() }
    }

    fn is_there(&self, path: &str) -> bool {
        let below = Path::new(path).strip_prefix(self.directory).unwrap_or(Path::new(path));
        match &self.handle {
            Some(handle) if !below.as_os_str().is_empty() => {
                rustix::fs::statat(handle, below, rustix::fs::AtFlags::SYMLINK_NOFOLLOW).is_ok()
            }
            _ => self.directory.join(path).symlink_metadata().is_ok(),
        }
    }
}
