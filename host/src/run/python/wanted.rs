//! The Python that a stage provides for later stages: checking that it runs, and storing it in the launcher.
//!
//! A buildout that no longer makes a Python returns to the original one. That is handled in the same way, with nothing
//! to make.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base::event::Level;
use base::source::Place;
use config::facts::StartPython;
use confine::{CommandOutcome, ConfineError};
use recipe::Locations;

use super::super::fault::RunFault;
use super::super::launcher::{self, Kept};
use super::super::view::ResolvedBuildout;
use super::program::is_program;
use super::starter::{Starter, description};
use crate::error::{Doing, RunError};

/// Time limit for a Python that does nothing.
const DEADLINE: Duration = Duration::from_secs(60);

/// How many of the last lines of output are shown.
const LINES: usize = 10;

/// The Python that a stage provides for later stages.
pub(in crate::run) struct WantedPython {
    /// Its path, absolute.
    pub(in crate::run) executable: String,
    /// The Python that is used to make it.
    pub(in crate::run) original: OriginalPython,
    /// What provides it; `None` if the buildout no longer makes a Python, and this is the original one.
    pub(in crate::run) provider: Option<PythonProvider>,
}

/// The Python that the buildout was bootstrapped with.
pub(in crate::run) struct OriginalPython {
    /// Its path, absolute if it was found.
    pub(in crate::run) executable: String,
    /// Whether it was specified on the command line.
    pub(in crate::run) is_given: bool,
    /// Whether it is the one that is used by default.
    pub(in crate::run) is_default: bool,
}

/// The section that provides a Python.
pub(in crate::run) struct PythonProvider {
    /// Its name.
    pub(in crate::run) section: String,
    /// Whether it is a part, rather than a section with the path of an existing Python.
    pub(in crate::run) is_part: bool,
    /// Directories that the Python searches first for modules.
    pub(in crate::run) paths: Vec<PathBuf>,
}

/// What happens to the launcher once the Python works.
pub(in crate::run) enum Handover {
    /// It stores the same Python as before.
    Same,
    /// From now on it stores the wanted Python, instead of this one.
    To(Kept),
    /// It no longer stores a Python.
    Back(Kept),
}

impl Handover {
    /// Whether the buildout does not use this Python yet.
    pub(in crate::run) fn is_new(&self) -> bool {
        matches!(self, Self::To(_))
    }
}

impl WantedPython {
    /// Whether it differs from the original Python.
    fn is_another(&self) -> bool {
        self.executable != self.original.executable
    }

    /// The Pythons for the launcher.
    fn kept(&self) -> Kept {
        if self.is_another() {
            let (python, original) = (self.executable.clone(), self.original.executable.clone());
            return Kept { python: Some(python), original: Some(original) };
        }
        let original = Some(&self.executable).filter(|_| !self.original.is_default);
        Kept { python: None, original: original.cloned() }
    }

    /// The current Python of the buildout and this one, if they differ.
    pub(in crate::run) fn change<'a>(&'a self, kept: &'a Kept) -> Option<(&'a str, &'a str)> {
        let from = kept.python.as_deref().unwrap_or(&self.original.executable);
        (from != self.executable).then_some((from, self.executable.as_str()))
    }

    /// Checks, before anything is built, that the launcher can store the Python, and that the original one works.
    pub(in crate::run) fn prepare(&self, view: &ResolvedBuildout, locations: &Locations) -> Result<Handover, RunError> {
        let path = launcher_of(locations);
        let kept = Kept::of(&path);
        if !self.is_another() {
            return Ok(if kept.own().is_some() { Handover::Back(kept) } else { Handover::Same });
        }
        if self.kept() == kept {
            return Ok(Handover::Same);
        }
        let operation = || self.operation(view);
        launcher::check(&path).map_err(RunError::of).doing(operation)?;
        self.check_original(view, locations, &kept).doing(operation)?;
        Ok(Handover::To(kept))
    }

    /// Checks that the Python exists, and, if it `is_new`, that it runs.
    pub(in crate::run) fn check(
        &self,
        view: &ResolvedBuildout,
        locations: &Locations,
        is_new: bool,
    ) -> Result<(), RunError> {
        let Some(provider) = &self.provider else { return Ok(()) };
        let unusable = |why: &str, printed| unusable(view, &provider.section, &self.executable, why.into(), printed);
        if !Path::new(&self.executable).exists() {
            let made = if provider.is_part { ", although the section's part has been made" } else { "" };
            return Err(unusable(&format!("it does not exist{made}"), Vec::new()));
        }
        if !is_program(&self.executable) {
            return Err(unusable("it is not executable", Vec::new()));
        }
        if !is_new {
            return Ok(());
        }
        match self.own_starter(view, locations, provider)?.start(&self.executable, &["-c", ""], DEADLINE) {
            Ok((CommandOutcome::Exited(0), _)) => Ok(()),
            Ok((CommandOutcome::Interrupted, _)) => view.context.check_interrupt(),
            Ok((outcome, printed)) => Err(unusable(&description(outcome), last_lines(&printed))),
            // These are failures of the machine, not of the Python.
            Err(error @ (ConfineError::Missing { .. } | ConfineError::Host { .. })) => Err(error.into()),
            Err(ConfineError::Start { cause, .. } | ConfineError::Path { cause, .. }) => {
                Err(unusable(&cause.to_string(), Vec::new()))
            }
            Err(error) => Err(unusable(&error.to_string(), Vec::new())),
        }
    }

    /// Reports the change of the Python, and stores it in the launcher.
    pub(in crate::run) fn hand_over(
        &self,
        handover: &Handover,
        view: &ResolvedBuildout,
        locations: &Locations,
    ) -> Result<(), RunError> {
        let path = launcher_of(locations);
        let message = match handover {
            Handover::Same => return Ok(()),
            Handover::To(kept) => self.change(kept).map(|(from, to)| {
                format!(
                    "This buildout continues with its own Python:\n  {to}\nIt replaces:\n  {from}\n{} keeps it for the next \
                     runs.",
                    path.display()
                )
            }),
            Handover::Back(kept) => Some(format!(
                "This buildout no longer makes a Python. Its Python was:\n  {}\nIt goes back to the Python that it was \
                 bootstrapped with:\n  {}",
                kept.own().unwrap_or_default(),
                self.executable
            )),
        };
        if let Some(message) = message {
            view.context.log(Level::Info, &message);
        }
        launcher::keep(&path, &view.context.settings.program, &self.kept()).map_err(RunError::of)
    }

    /// Starts the Python to query it.
    pub(in crate::run) fn starter(&self, view: &ResolvedBuildout) -> Result<Option<Arc<StartPython>>, RunError> {
        let Some(provider) = &self.provider else { return Ok(None) };
        Ok(Some(self.own_starter(view, &*view.locations()?, provider)?.into_questioner()))
    }

    fn own_starter(
        &self,
        view: &ResolvedBuildout,
        locations: &Locations,
        provider: &PythonProvider,
    ) -> Result<Starter, RunError> {
        let native = &view.context.settings.native;
        Starter::new(&view.buildout, locations, native, &self.executable, provider.is_part, &provider.paths)
    }

    /// Checks that the original Python is a Python, before the launcher stores it as such.
    fn check_original(&self, view: &ResolvedBuildout, locations: &Locations, kept: &Kept) -> Result<(), RunError> {
        let OriginalPython { executable, is_given, .. } = &self.original;
        if kept.original.as_ref() == Some(executable) || !is_given {
            return Ok(());
        }
        let why = if is_program(executable) {
            let native = &view.context.settings.native;
            let starter = Starter::new(&view.buildout, locations, native, executable, false, &[])?;
            match starter.start(executable, &["-c", "import sys"], DEADLINE) {
                Ok((CommandOutcome::Exited(0), _)) => return Ok(()),
                Ok((CommandOutcome::Interrupted, _)) => return view.context.check_interrupt(),
                Ok((outcome, _)) => description(outcome),
                Err(error) => error.to_string(),
            }
        } else {
            "it is not an executable file".to_owned()
        };
        Err(RunFault::NoOriginal { executable: executable.clone(), why }.into())
    }

    fn operation(&self, view: &ResolvedBuildout) -> String {
        match &self.provider {
            Some(provider) => operation(view, &provider.section),
            None => "Going back to the original Python.".to_owned(),
        }
    }
}

/// The operation of a stage that provides a Python, for errors.
pub(in crate::run) fn operation(view: &ResolvedBuildout, section: &str) -> String {
    match view.buildout.place_of("buildout", Some("python")) {
        Some(place) => format!("Preparing the Python of section {section} ({}).", place.line_name()),
        None => format!("Preparing the Python of section {section}."),
    }
}

/// A Python that cannot be used.
pub(in crate::run) fn unusable(
    view: &ResolvedBuildout,
    section: &str,
    executable: &str,
    why: String,
    printed: Vec<String>,
) -> RunError {
    let place = view.buildout.place_of(section, Some("executable"));
    let place: Option<Place> = place.or_else(|| view.buildout.place_of(section, None));
    let (section, executable) = (section.to_owned(), executable.to_owned());
    RunFault::Python { section, executable, why, printed, place }.into()
}

fn launcher_of(locations: &Locations) -> PathBuf {
    locations.bin.join("buildout")
}

fn last_lines(printed: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(printed);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].iter().map(|line| format!("  {line}")).collect()
}
