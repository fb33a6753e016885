//! A buildout that begins with what another one has settled: sections keep the values that they got there, whatever
//! `[buildout]` says now.
//!
//! Rebootstrap needs it: the Python's parts are resolved with one Python, all others with the one that those parts make.

use std::sync::Arc;

use super::resolve::Seen;
use super::{Buildout, Initialise, OptionError, Resolution};
use crate::{Configuration, OptionValue, Options, Origin};
use base::collections::Set;

/// What a buildout has from elsewhere than its configuration.
#[derive(Default)]
pub(super) struct Inherited {
    /// Options of `[buildout]` that have another value than the configuration says.
    replaced: Vec<(Arc<str>, Arc<OptionValue>)>,
    /// Where sections were settled, and which.
    settled: Option<(Buildout, Set<String>)>,
    /// The section that provides `${buildout:executable}`.
    python: Option<String>,
}

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
    /// The same buildout from its beginning, with other values of some options of `[buildout]`.
    pub fn with_options(&self, initialise: Arc<dyn Initialise>, options: &[(&str, &str)]) -> Self {
        let replaced = options.iter().map(|(option, value)| Inherited::replace(option, value)).collect();
        let inherited = Inherited { replaced, ..Inherited::default() };
        Self::with(Arc::clone(&self.shared.configuration), initialise, inherited, Resolution::default())
    }

    /// A buildout of `configuration` whose `${buildout:executable}` is the `executable` that the section `python` provides.
    /// Every section but `[buildout]` that is initialised here is as it is here, the parts among them come first. What
    /// refers to the executable refers to `python`.
    pub fn with_python(
        &self,
        configuration: Arc<Configuration>,
        initialise: Arc<dyn Initialise>,
        python: &str,
        executable: &str,
    ) -> Self {
        let state = self.settled();
        let settled = Some((self.clone(), state.sections.keys().cloned().collect()));
        let replaced = vec![Inherited::replace("executable", executable)];
        let inherited = Inherited { replaced, settled, python: Some(python.to_owned()) };
        Self::with(configuration, initialise, inherited, state)
    }

    /// What another buildout begins with.
    fn settled(&self) -> Resolution {
        let state = self.state();
        let sections = state.sections.iter().filter(|(name, _)| *name != "buildout");
        let references = state.references.iter().filter(|(name, _)| *name != "buildout");
        Resolution {
            sections: sections.map(|(name, section)| (name.clone(), section.clone())).collect(),
            references: references.map(|(name, to)| (name.clone(), to.clone())).collect(),
            parts: state.parts.clone(),
            ..Resolution::default()
        }
    }

    /// Notes that a section refers to an option of another one.
    pub(super) fn depend_on_option(&self, section: &str, target: &str, option: &str) {
        self.depend(section, target);
        // Not for [buildout] itself, which every section refers to.
        if let Some(python) = &self.shared.inherited.python
            && (target, option) == ("buildout", "executable")
            && section != "buildout"
        {
            self.depend(section, python);
        }
    }

    /// The 1.0 way, for what is not as this buildout's configuration has it.
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
