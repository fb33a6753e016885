//! A buildout that inherits results from another one: sections keep the values that were resolved there, regardless of
//! the current `[buildout]`.
//!
//! For rebootstrap: the Python's parts are resolved with one Python, all others with the Python that those parts make.

use std::sync::Arc;

use super::buildout::{Buildout, Inherited, Initialize, ResolutionState, Seen};
use super::error::OptionError;
use crate::{Configuration, OptionValue, Options, Origin};

impl Inherited {
    pub(super) fn put_into(&self, mut options: Arc<Options>) -> Arc<Options> {
        for (option, value) in &self.replaced {
            Arc::make_mut(&mut options).insert(Arc::clone(option), Arc::clone(value));
        }
        options
    }

    fn replace(option: &str, value: &str) -> (Arc<str>, Arc<OptionValue>) {
        (option.into(), Arc::new(OptionValue::set(value, Origin::Computed)))
    }
}

impl Buildout {
    /// A fresh copy of this buildout, with other values of some options of `[buildout]`.
    pub fn with_options(&self, initialize: Arc<dyn Initialize>, options: &[(&str, &str)]) -> Self {
        let replaced = options.iter().map(|(option, value)| Inherited::replace(option, value)).collect();
        let inherited = Inherited { replaced, ..Inherited::default() };
        Self::with(Arc::clone(&self.shared.configuration), initialize, inherited, ResolutionState::default())
    }

    /// A buildout of `configuration` whose `${buildout:executable}` is the `executable` that the section `python`
    /// provides. Every section except `[buildout]` that is initialized here keeps its values; the parts among them come
    /// first. References to the executable become references to `python`.
    pub fn with_python(
        &self,
        configuration: Arc<Configuration>,
        initialize: Arc<dyn Initialize>,
        python: &str,
        executable: &str,
    ) -> Self {
        let state = self.settled();
        let settled = Some((self.clone(), state.sections.keys().cloned().collect()));
        let replaced = vec![Inherited::replace("executable", executable)];
        let inherited = Inherited { replaced, settled, python: Some(python.to_owned()) };
        Self::with(configuration, initialize, inherited, state)
    }

    /// The resolution that another buildout starts with.
    fn settled(&self) -> ResolutionState {
        let state = self.state();
        let sections = state.sections.iter().filter(|(name, _)| *name != "buildout");
        let references = state.references.iter().filter(|(name, _)| *name != "buildout");
        ResolutionState {
            sections: sections.map(|(name, section)| (name.clone(), section.clone())).collect(),
            references: references.map(|(name, to)| (name.clone(), to.clone())).collect(),
            parts: state.parts.clone(),
            changes: state.changes.clone(),
            ..ResolutionState::default()
        }
    }

    /// Records that a section references an option of another one.
    pub(super) fn depend_on_option(&self, section: &str, target: &str, option: &str) {
        self.depend(section, target);
        // Not for [buildout] itself, which every section references.
        if let Some(python) = &self.shared.inherited.python
            && (target, option) == ("buildout", "executable")
            && section != "buildout"
        {
            self.depend(section, python);
        }
    }

    /// Lookup in the style of 1.0, for sections and options that do not come from this buildout's configuration.
    pub(super) fn inherited_as_configured(
        &self,
        section: &str,
        option: &str,
    ) -> Option<Result<Option<Arc<str>>, OptionError>> {
        let Inherited { replaced, settled, .. } = &self.shared.inherited;
        if section == "buildout" {
            let (_, value) = replaced.iter().find(|(name, _)| name.as_ref() == option)?;
            return Some(Ok(Some(Arc::clone(&value.raw))));
        }
        let (there, _) = settled.as_ref().filter(|(_, names)| names.contains(section))?;
        Some(there.as_configured(section, option, &mut Seen::new()))
    }
}
