//! A run: its phases in order (`design.md` section 7), from a configuration to made parts and saved state.
//!
//! Knows nothing of the terminal: what happens is told as events.

mod authoring;
mod bootstrap;
mod develop;
mod directories;
mod error;
mod execute;
mod extensions;
mod graph;
mod launcher;
mod load;
mod lock;
mod locking;
mod lowered;
mod outlook;
mod parallel;
mod pythons;
mod rebootstrap;
mod reader;
mod recipes;
mod schedule;
mod settings;
mod sharing;
mod signatures;
mod unused;
mod vendor;
mod wanted;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use base::environment::Environment;
use base::event::{Event, Level, Report};
use config::Configuration;
use config::options::{Buildout, Values};
use confine;
use recipe::Locations;
use state::plan::{self, Scope};
use state::{self, Change, Installed, StateFile};

use error::{Doing, Fault};
use execute::Execution;
use rebootstrap::Closure;
use recipes::Recipes;

pub use authoring::{Authoring, BuiltRecipe};
pub use bootstrap::{write_configuration, write_new_configuration};
pub use error::{Explained, RunError};
pub use load::{Loaded, Loader};
pub use lock::{LockChange, Upgrade};
pub use locking::LockMode;
pub use outlook::{Outlook, PartGraph, Switch};
pub use schedule::AfterFailure;
pub use settings::RunSettings;
pub use sharing::{Publication, Published};
pub use vendor::Vendored;

/// The option of the state's `[buildout]` that keeps the weakest confinement under which a part may have been made.
const SANDBOX: &str = "sandbox";

/// One configuration, ready to run.
pub struct Session {
    /// The options; recipes initialise as they are read.
    pub buildout: Buildout,
    recipes: Arc<Recipes>,
    environment: Environment,
    report: Arc<dyn Report>,
    settings: RunSettings,
    loaded: Loaded,
    /// What was made before, in a run that started over with the buildout's own Python.
    before: Option<Before>,
    /// The run as it goes on with the buildout's own Python.
    later: OnceLock<Box<Session>>,
}

/// What comes before a run starts over.
struct Before {
    /// The options as they were resolved then.
    buildout: Buildout,
    closure: Arc<Closure>,
}

impl Session {
    /// Prepares a run of a configuration.
    ///
    /// # Errors
    /// When `recipes.toml` beside the configuration cannot be used.
    pub fn new(
        loaded: Loaded,
        environment: &Environment,
        report: Arc<dyn Report>,
        settings: RunSettings,
    ) -> Result<Self, RunError> {
        let configuration = Arc::clone(&loaded.configuration);
        let recipes = Recipes::new(&beside(&configuration), environment, Arc::clone(&report), &settings)?;
        let recipes = Arc::new(recipes);
        let buildout = Buildout::new(configuration, Arc::clone(&recipes) as Arc<_>);
        let (environment, later) = (environment.clone(), OnceLock::new());
        Ok(Self { buildout, recipes, environment, report, settings, loaded, before: None, later })
    }

    /// The same run with other options.
    fn with(&self, buildout: Buildout, recipes: Arc<Recipes>, before: Option<Before>) -> Self {
        Self {
            buildout,
            recipes,
            environment: self.environment.clone(),
            report: Arc::clone(&self.report),
            settings: self.settings.clone(),
            loaded: self.loaded.clone(),
            before,
            later: OnceLock::new(),
        }
    }

    /// Makes the parts: all, or those that are named (they must be listed in `parts`).
    ///
    /// # Errors
    /// The first failure. What was done before it is recorded.
    pub fn install(&self, named: &[String]) -> Result<(), RunError> {
        extensions::rebootstraps(&self.buildout)?;
        let locations = self.locations()?;
        directories::create_one(&locations.directory, &*self.report)?;
        let (mut state, mut installed) = match &locations.installed {
            Some(path) => StateFile::open(path, &*self.report)?,
            None => (StateFile::unsaved(), Installed::default()),
        };
        // From here on a signal ends the run between parts, with its state saved.
        let _watch = self.settings.native.interrupt.watch();
        let outcome = self.tell_sandbox(&mut state, &mut installed).and_then(|()| self.of_now()).and_then(|session| {
            let (session, locations) = (session, session.locations()?);
            session.make_parts(named, &locations, &mut state, &mut installed)
        });
        // Also after a failure: what was done before it is recorded, and no journal is left.
        let saved = state.commit(&installed);
        outcome?;
        Ok(saved?)
    }

    /// This session, or another one where the run that it has waited for has given the buildout another Python.
    fn of_now(&self) -> Result<&Self, RunError> {
        match self.loaded.renewed()? {
            None => Ok(self),
            Some(loaded) => {
                let now = Self::new(loaded, &self.environment, Arc::clone(&self.report), self.settings.clone())?;
                Ok(self.later.get_or_init(|| Box::new(now)))
            }
        }
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
        rebootstrap::recover(locations, state, installed, &*self.report)?;
        directories::create(locations, &self.buildout, &*self.report)?;
        self.develop_phase(locations, state, installed)?;
        match self.python_section()? {
            Some(section) => self.rebootstrap(&section, named, state, installed),
            None => self.make_the_rest(named, locations, state, installed),
        }
    }

    /// Makes all parts but those of the buildout's own Python.
    fn make_the_rest(
        &self,
        named: &[String],
        locations: &Arc<Locations>,
        state: &mut StateFile,
        installed: &mut Installed,
    ) -> Result<(), RunError> {
        let wanted = self.wanted(named, installed)?;
        self.recipes.tell_unused_entries();
        self.show_configuration();
        let present = Present::beneath(&locations.directory);
        let mut steps = plan::plan(&wanted, installed, scope(named), &|path| present.is_there(path));
        steps.retain(|step| !self.was_made_before(step.part()));
        let order = self.recorded_parts(named, &wanted)?;
        if self.before.is_none() {
            self.go_back(locations)?;
        }
        let mut execution = Execution::new(self, locations, &wanted, state, installed);
        let outcome = execution.run(&steps);
        installed.apply(&Change::Order(order));
        outcome
    }

    /// Whether the part belongs to the buildout's own Python, which this run goes on with.
    fn was_made_before(&self, part: &str) -> bool {
        self.before.as_ref().is_some_and(|before| before.closure.has(part))
    }

    /// For each of `parts` those that it refers to, by number; as far as they were initialised.
    pub fn references(&self, parts: &[&str]) -> Vec<BTreeSet<usize>> {
        match self.later.get() {
            Some(later) => later.references(parts),
            None => graph::references(&self.buildout, parts),
        }
    }

    /// The installed state, as long as nobody changes it.
    fn peek(&self, locations: &Locations) -> Result<Installed, RunError> {
        match &locations.installed {
            Some(path) => Ok(state::peek(path, &*self.report)?),
            None => Ok(Installed::default()),
        }
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
            let removal = base::files::Removal::new(&locations.develop_eggs);
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

    /// What is being done with a part, with the place of its section.
    fn doing(&self, what: &str, part: &str) -> String {
        match self.buildout.place_of(part, None) {
            Some(place) => format!("{what} part {part} ({}).", place.line_name()),
            None => format!("{what} part {part}."),
        }
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
