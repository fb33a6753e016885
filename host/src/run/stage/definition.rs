//! The definition of a stage, and its steps.

use std::collections::BTreeSet;
use std::sync::Arc;

use recipe::Locations;
use state::InstalledState;
use state::plan::{self, Reason, Scope, Step};

use super::super::python::wanted::WantedPython;
use super::super::view::ResolvedBuildout;
use super::parts::StageParts;
use super::presence::ExistingPaths;
use crate::error::RunError;

/// One pass of a run.
pub(in crate::run) struct Stage {
    /// The buildout as resolved with the stage's Python.
    pub(in crate::run) view: ResolvedBuildout,
    pub(in crate::run) locations: Arc<Locations>,
    /// The wanted parts, in the order of installation.
    pub(in crate::run) parts: StageParts,
    /// Which changes are made.
    pub(in crate::run) selection: Selection,
    /// How changes are made.
    pub(in crate::run) policy: ChangePolicy,
}

/// Which changes are made.
pub(in crate::run) enum Selection {
    /// What later stages need: changed parts are installed; of the unchanged ones, the named ones are updated, or all
    /// if none are named.
    Needed {
        /// Parts that are named on the command line.
        named: Vec<String>,
    },
    /// All others.
    Remaining {
        /// Whether parts that are not wanted are uninstalled.
        scope: Scope,
        /// Parts of earlier stages.
        earlier: BTreeSet<String>,
        /// The order of the parts in the state afterwards.
        order: Vec<String>,
    },
}

/// How changes are made.
pub(in crate::run) enum ChangePolicy {
    /// Each change takes effect at once.
    Direct,
    /// The changes take effect together, once the Python that they provide works. Until then all of them can be
    /// reverted.
    Transaction(WantedPython),
}

impl Stage {
    /// The steps of the stage, uninstallation first.
    pub(in crate::run) fn steps(&self, installed: &InstalledState, presence: &ExistingPaths<'_>) -> Vec<Step> {
        let exists = |path: &str| presence.exists(path);
        let mut steps = plan::plan(&self.parts.wanted, installed, self.scope(), &exists);
        if let Some((section, executable)) = self.missing_python(presence) {
            remake(&mut steps, section, executable);
        }
        steps.retain(|step| self.selects(step));
        steps
    }

    /// The Python that the stage provides to the following ones.
    pub(in crate::run) fn python(&self) -> Option<&WantedPython> {
        match &self.policy {
            ChangePolicy::Transaction(python) => Some(python),
            ChangePolicy::Direct => None,
        }
    }

    /// Checks the Python that the stage provides.
    pub(in crate::run) fn check_python(&self, is_new: bool) -> Result<(), RunError> {
        self.python().map_or(Ok(()), |python| python.check(&self.view, &self.locations, is_new))
    }

    /// Whether no stage follows.
    pub(in crate::run) fn is_last(&self) -> bool {
        matches!(self.selection, Selection::Remaining { .. })
    }

    fn scope(&self) -> Scope {
        match self.selection {
            Selection::Needed { .. } => Scope::Named,
            Selection::Remaining { scope, .. } => scope,
        }
    }

    fn selects(&self, step: &Step) -> bool {
        match (&self.selection, step) {
            (Selection::Remaining { earlier, .. }, step) => !earlier.contains(step.part()),
            (Selection::Needed { .. }, Step::Uninstall(..) | Step::Install(..)) => true,
            (Selection::Needed { named }, Step::InstallAgain(part) | Step::Update(part)) => {
                named.is_empty() || named.contains(part)
            }
        }
    }

    /// The section and the path of a Python that should exist but is missing.
    fn missing_python(&self, presence: &ExistingPaths<'_>) -> Option<(&str, &str)> {
        let python = self.python()?;
        let section = &python.provider.as_ref()?.section;
        (!presence.has_program(&python.executable)).then_some((section, &python.executable))
    }
}

/// Reinstalls the part that provides a Python, although none of its options changed.
fn remake(steps: &mut Vec<Step>, section: &str, executable: &str) {
    let unchanged = |step: &Step| matches!(step, Step::InstallAgain(part) | Step::Update(part) if part == section);
    let Some(at) = steps.iter().position(unchanged) else { return };
    let why = vec![Reason::Missing { path: executable.to_owned() }];
    steps[at] = Step::Install(section.to_owned(), why.clone());
    // Parts are uninstalled in reverse order of installation.
    steps.insert(0, Step::Uninstall(section.to_owned(), why));
}
