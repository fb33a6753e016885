//! Reads the configuration of a run: with the original Python, and again with the buildout's Python if the result of a
//! condition may differ between the two.

use std::sync::Arc;

use base::environment::Environment;
use base::event::Report;
use config::condition::{Facts as _, PythonFacts};
use config::facts::{MachineFacts, StartPython};
use config::{Assignment, ConfigError, ConfigFile, Configuration, LoadRequest, OptionValue, Origin};
use fetch::Fetcher;

use config::options::{Buildout, NoRecipes};
use recipe::NativeSettings;

use super::super::launcher::Kept;
use super::super::python::choice::{self, Own};
use super::super::python::program::is_program;
use super::super::python::starter;
use super::extensions;
use super::reader::ConfigurationReader;
use crate::error::RunError;

/// How a configuration is read.
pub(crate) struct Loader {
    /// The environment of the process.
    pub(crate) environment: Environment,
    /// The receiver of download events.
    pub(crate) report: Arc<dyn Report>,
    /// The main file.
    pub(crate) file: ConfigFile,
    /// Whether the user's defaults are read.
    pub(crate) use_user_defaults: bool,
    /// Assignments of the command line.
    pub(crate) assignments: Vec<Assignment>,
}

/// A configuration as resolved with the original Python.
#[derive(Clone)]
pub(crate) struct Loaded {
    /// The configuration.
    pub(crate) configuration: Arc<Configuration>,
    /// The Python, if a condition depends on it.
    asked: Option<Arc<PythonFacts>>,
    /// The Pythons stored in `bin/buildout`.
    pub(in crate::run) kept: Kept,
    /// The Python and directories that the buildout made.
    pub(in crate::run) own: Own,
    /// The original Python.
    pub(in crate::run) original: String,
    /// The options that extensions have removed, with their sections.
    removed: Vec<(String, Arc<str>)>,
    loader: Arc<Loader>,
}

impl Loader {
    /// Reads the configuration.
    ///
    /// # Errors
    /// When it cannot be read or parsed, or a condition queries a Python that cannot be started.
    pub(crate) fn load(self: &Arc<Self>) -> Result<Loaded, ConfigError> {
        // Which Pythons the buildout made is known only from its configuration, and reading that needs a Python: the
        // first one is a guess.
        let at_first = choice::named(&self.environment, &self.assignments, &Own::default());
        let (mut configuration, mut asked) = self.load_with(&at_first.executable, None)?;
        let kept = choice::launcher_path(&configuration).map(|path| Kept::of(&path)).unwrap_or_default();
        let own = Own::of(&configuration, &kept);
        let named = choice::named(&self.environment, &self.assignments, &own);
        let original = choice::original(&named, &kept, &own);
        if original != at_first.executable {
            // The guess was wrong. Everything is read again only if a condition queried that Python.
            match asked {
                Some(_) => (configuration, asked) = self.load_with(&original, None)?,
                None => Arc::make_mut(&mut configuration).set_default_executable(&original),
            }
        }
        Ok(Loaded { configuration, asked, kept, own, original, removed: Vec::new(), loader: Arc::clone(self) })
    }

    fn load_with(
        &self,
        executable: &str,
        start: Option<&Arc<StartPython>>,
    ) -> Result<(Arc<Configuration>, Option<Arc<PythonFacts>>), ConfigError> {
        let facts = self.facts(executable, start);
        let reader = ConfigurationReader(Fetcher::new(&self.environment, Arc::clone(&self.report)));
        let request = LoadRequest {
            file: Some(self.file.clone()),
            environment: &self.environment,
            use_user_defaults: self.use_user_defaults,
            assignments: &self.assignments,
            executable,
            reader: &reader,
            facts: &facts,
        };
        let configuration = config::load(&request)?;
        Ok((Arc::new(configuration), facts.answered()))
    }

    fn facts(&self, executable: &str, start: Option<&Arc<StartPython>>) -> MachineFacts {
        let cache = self.environment.cache_directory();
        let facts = MachineFacts::new(executable, &self.environment).remembered_in(cache);
        match start {
            Some(start) => facts.started_by(Arc::clone(start)),
            None => facts,
        }
    }
}

impl Loaded {
    /// The configuration as resolved with another Python, which `start` starts. It is read again only if the result may
    /// differ.
    ///
    /// # Errors
    /// As [`Loader::load`].
    pub(in crate::run) fn seen_by(
        &self,
        executable: &str,
        start: &Arc<StartPython>,
    ) -> Result<Arc<Configuration>, ConfigError> {
        let Some(asked) = &self.asked else { return Ok(Arc::clone(&self.configuration)) };
        let answer = self.loader.facts(executable, Some(start)).python();
        if answer.is_ok_and(|answer| answer == *asked) {
            return Ok(Arc::clone(&self.configuration));
        }
        Ok(self.with_changes(self.loader.load_with(executable, Some(start))?.0))
    }

    /// The configuration for parts outside the closure: as resolved with the Python that the buildout made, if any.
    ///
    /// # Errors
    /// As [`Loader::load`], or when an option of `[buildout]` cannot be read.
    pub(crate) fn seen_now(&self, native: &NativeSettings) -> Result<Arc<Configuration>, RunError> {
        let mut configuration = Arc::clone(&self.configuration);
        let Some(own) = self.kept.own().filter(|_| extensions::may_rebootstrap(&self.configuration)) else {
            return Ok(configuration);
        };
        if self.asked.is_some() && is_program(own) {
            let buildout = Buildout::new(Arc::clone(&configuration), Arc::new(NoRecipes));
            configuration = self.seen_by(own, &starter::questioner(&buildout, native, own, &self.own)?)?;
        }
        Arc::make_mut(&mut configuration).set_default_executable(own);
        Ok(configuration)
    }

    /// The same with a configuration that extensions have changed.
    pub(in crate::run) fn changed(self, configuration: Arc<Configuration>) -> Self {
        let is_left = |section: &str, option: &str| {
            configuration.sections.get(section).is_some_and(|section| section.options.contains_key(option))
        };
        let sections = self.configuration.sections.iter();
        let all = sections.flat_map(|(name, section)| section.options.keys().map(move |option| (name, option)));
        let gone = all.filter(|(section, option)| !is_left(section, option));
        let removed = gone.map(|(section, option)| (section.clone(), Arc::clone(option))).collect();
        Self { configuration, removed, ..self }
    }

    /// A configuration that was read again, with what extensions have changed in this one.
    fn with_changes(&self, mut again: Arc<Configuration>) -> Arc<Configuration> {
        if !self.configuration.is_changed {
            return again;
        }
        let written = Arc::clone(&again);
        let changed = Arc::make_mut(&mut again);
        changed.is_changed = true;
        changed.written = Some(written);
        for (section, option) in &self.removed {
            if let Some(section) = changed.sections.get_mut(section) {
                section.options.shift_remove(option);
            }
        }
        for (name, section) in &self.configuration.sections {
            let by_program = |(_, value): &(&Arc<str>, &Arc<OptionValue>)| matches!(value.origin(), Origin::Program);
            for (option, value) in section.options.iter().filter(by_program) {
                let section = changed.sections.entry(name.clone()).or_default();
                section.options.insert(Arc::clone(option), Arc::clone(value));
            }
        }
        again
    }

    /// Whether the Python was specified on the command line.
    pub(in crate::run) fn is_given(&self) -> bool {
        choice::named(&self.loader.environment, &self.loader.assignments, &self.own).given
    }

    /// The same, read again, if the content of `bin/buildout` has changed.
    ///
    /// # Errors
    /// As [`Loader::load`].
    pub(in crate::run) fn renewed(&self) -> Result<Option<Self>, ConfigError> {
        let kept = choice::launcher_path(&self.configuration).map(|path| Kept::of(&path)).unwrap_or_default();
        if kept == self.kept { Ok(None) } else { self.loader.load().map(Some) }
    }

    /// Whether a condition depends on the Python.
    pub(in crate::run) fn depends_on_python(&self) -> bool {
        self.asked.is_some()
    }
}
