//! What a buildout consists of: its configuration, what it inherits, and what was resolved so far, behind one lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::changed::ConfigurationChanges;
use super::error::{OptionError, OptionProblem};
use crate::{Configuration, Macros, OptionValue, Options};
use base::collections::{Map, OrderedMap, Set};
use base::source::{Explain, did_you_mean, nearest, set_instead};

/// How recipes are initialized. Called while options are resolved.
pub trait Initialize: Send + Sync {
    /// Initializes the recipe of `part`. It may read and set the part's options, and read any other section, through
    /// `buildout`, which may call this again for the section that is read.
    ///
    /// # Errors
    /// When the recipe is not found, or fails.
    fn initialize(&self, buildout: &Buildout, part: &str) -> Result<(), Box<dyn Explain + Send + Sync>>;

    /// Whether recipes run at all. If not, nothing is resolved before it is requested.
    fn runs_recipes(&self) -> bool {
        true
    }
}

/// No recipe runs: options that a recipe would set remain unknown (`config`).
pub struct NoRecipes;

impl Initialize for NoRecipes {
    fn initialize(&self, _buildout: &Buildout, _part: &str) -> Result<(), Box<dyn Explain + Send + Sync>> {
        Ok(())
    }

    fn runs_recipes(&self) -> bool {
        false
    }
}

/// The options of a buildout. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Buildout {
    pub(super) shared: Arc<BuildoutInner>,
}

pub(super) struct BuildoutInner {
    pub(super) configuration: Arc<Configuration>,
    pub(super) macros: Macros,
    pub(super) initialize: Arc<dyn Initialize>,
    pub(super) inherited: Inherited,
    pub(super) state: Mutex<ResolutionState>,
}

#[derive(Default)]
pub(super) struct ResolutionState {
    /// The requested sections. As in zc.buildout, a section is included, half complete, while it is being initialized.
    pub(super) sections: Map<String, SectionState>,
    /// Sections with a recipe, in the order in which their initialization was completed.
    pub(super) parts: Vec<String>,
    /// The sections that each section references. Includes sections that were not requested: in the style of 1.0, they
    /// are only read.
    pub(super) references: Map<String, Set<String>>,
    /// The values of options for references in the style of 1.0, by section and option.
    pub(super) configured: Map<(String, String), Arc<str>>,
    /// Options that cannot be substituted. Only used if no recipe runs, since a recipe could change that.
    pub(super) failed: Map<(String, String), OptionError>,
    /// Number of failures that were not cached, as the options may have values when they are requested directly.
    pub(super) retries: usize,
    /// Number of substituted strings, for tests that count the work.
    #[cfg(test)]
    pub(super) substitutions: usize,
    /// What programs have changed in the configuration.
    pub(super) changes: ConfigurationChanges,
    /// Bytes produced by substitution.
    pub(super) made: usize,
    /// Current nesting of lookups.
    pub(super) depth: usize,
    /// Current nesting of initializations.
    pub(super) initializing: usize,
}

/// A requested section.
#[derive(Clone, Default)]
pub(super) struct SectionState {
    /// As configured, macros expanded.
    pub(super) raw: Arc<Options>,
    /// Values that were substituted because every reference must be valid, but have not been read yet.
    pub(super) substituted: Map<Arc<str>, Arc<str>>,
    /// Values that were read or set.
    pub(super) used: OrderedMap<Arc<str>, Arc<str>>,
    /// Options that the part's recipe has inspected without using them.
    pub(super) looked_at: Set<String>,
}

impl SectionState {
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.raw.keys().chain(self.used.keys().filter(|option| !self.raw.contains_key(*option)))
    }
}

/// What a buildout has in addition to its configuration.
#[derive(Clone, Default)]
pub(super) struct Inherited {
    /// Options of `[buildout]` whose values differ from the configuration.
    pub(super) replaced: Vec<(Arc<str>, Arc<OptionValue>)>,
    /// The buildout that resolved sections, and which ones.
    pub(super) settled: Option<(Buildout, Set<String>)>,
    /// The section that provides `${buildout:executable}`.
    pub(super) python: Option<String>,
}

/// The options that are being resolved, outermost first.
pub(super) type Seen = Vec<(String, String)>;

impl Buildout {
    pub(super) fn with(
        configuration: Arc<Configuration>,
        initialize: Arc<dyn Initialize>,
        inherited: Inherited,
        mut state: ResolutionState,
    ) -> Self {
        state.sections.reserve(configuration.sections.len());
        let (macros, state) = (Macros::default(), Mutex::new(state));
        Self { shared: Arc::new(BuildoutInner { configuration, macros, initialize, inherited, state }) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, ResolutionState> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn depend(&self, part: &str, section: &str) {
        if part == section {
            return;
        }
        let mut state = self.state();
        match state.references.get_mut(part) {
            Some(known) if known.contains(section) => {}
            Some(known) => {
                known.insert(section.to_owned());
            }
            None => {
                state.references.insert(part.to_owned(), Set::from_iter([section.to_owned()]));
            }
        }
    }

    pub(super) fn unknown_section(&self, section: &str) -> OptionError {
        let error = OptionError::new(OptionProblem::UnknownSection { section: section.to_owned() });
        match nearest(section, self.shared.configuration.sections.keys().map(|name| name.as_ref())) {
            Some(near) => error.hint(did_you_mean(near)),
            None => error,
        }
    }

    pub(super) fn unknown_option(&self, section: &str, option: &str) -> OptionError {
        self.missing_option(section, option, did_you_mean)
    }

    /// `hint` says what a similar name of the section has to do with it.
    pub(super) fn missing_option(&self, section: &str, option: &str, hint: fn(&str) -> String) -> OptionError {
        let error =
            OptionError::new(OptionProblem::UnknownOption { section: section.to_owned(), option: option.to_owned() });
        let state = self.state();
        let names: Vec<Arc<str>> =
            state.sections.get(section).map(|s| s.names().cloned().collect()).unwrap_or_default();
        match nearest(option, names.iter().map(AsRef::as_ref)) {
            Some(near) => error.hint(hint(near)),
            None if section == "buildout" => self.missing_in_buildout(error, option),
            None => error,
        }
    }

    /// `[buildout]` always exists, so its name may be the mistake.
    fn missing_in_buildout(&self, error: OptionError, option: &str) -> OptionError {
        let sections = self.shared.configuration.sections.keys().map(|name| name.as_ref());
        match nearest("buildout", sections) {
            Some(near) => error.hint(set_instead(&format!("[{near}]"))),
            None if option == "parts" => error.hint("It names the sections to make; `parts =` makes none."),
            None => error,
        }
    }
}
