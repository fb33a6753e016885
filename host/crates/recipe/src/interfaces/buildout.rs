//! `buildout:recipe/buildout`: the sections of the buildout.
//!
//! A handle says nothing: the current call decides which buildout is read, for which part, and what reading means. In
//! `init`, it makes the part depend on a section; in later calls and for extensions, nothing is initialized.

use wasmtime::component::{HasData, Resource};

use super::bindings::buildout::recipe::buildout::{Host, HostBuildout};
use super::bindings::buildout::recipe::options::SetError;
use super::bindings::{LookupFailure, SetFailure};
use super::changes::{SectionChange, check_section};
use super::lookup::{look_up, no_buildout};
pub(crate) use super::options::OptionsView;
use super::resources::ReadableSections;
use crate::call::Phase;
use config::options::{Buildout, OptionError, Unread};

/// Marks the interface in the linker.
pub(crate) struct OtherSections;

impl HasData for OtherSections {
    type Data<'a> = OptionsView<'a>;
}

impl OptionsView<'_> {
    /// Looks something up in the buildout of the call.
    fn look_up<T>(
        &mut self,
        look: impl FnOnce(&mut SectionReader<'_>) -> Result<T, OptionError>,
    ) -> Result<T, LookupFailure> {
        let Some(buildout) = self.call.buildout.clone() else { return Err(no_buildout().into()) };
        let (phase, part) = (self.call.phase, self.call.part.clone());
        let mut still = self.call.still.take();
        let is_program = self.call.rights.is_program;
        let mut reader = SectionReader { phase, part: &part, buildout: &buildout, still: &mut still, is_program };
        let outcome = look_up(self.call, || look(&mut reader));
        self.call.still = still;
        outcome
    }

    /// Changes a section, if this call may do that.
    fn change(&mut self, change: &SectionChange<'_>) -> Result<(), SetFailure> {
        let Some(buildout) = self.call.buildout.clone() else { return Err(SetError::AfterInit.into()) };
        change.check(self.call, &buildout)?;
        for (name, value) in change.options() {
            buildout.change(change.section(), name, value.map(str::to_owned));
        }
        self.call.still = None;
        Ok(())
    }
}

/// Reads the sections as the phase of the call demands.
struct SectionReader<'a> {
    phase: Phase,
    part: &'a str,
    buildout: &'a Buildout,
    /// The buildout as it was when it was first needed in this call, in which nothing is initialized.
    still: &'a mut Option<Buildout>,
    /// Whether a program in Python reads.
    is_program: bool,
}

impl SectionReader<'_> {
    /// The buildout to read this section from: reading must initialize nothing.
    fn still(&mut self) -> &Buildout {
        self.still.get_or_insert_with(|| self.buildout.without_recipes())
    }

    fn get(&mut self, section: &str, name: &str) -> Result<Option<String>, OptionError> {
        let value = self.read(section, name)?;
        if !self.is_program || (section, name) != ("buildout", "eggs-directory") {
            return Ok(value);
        }
        // As in zc.buildout, programs see the directory with its version.
        let version = self.read("buildout", "eggs-directory-version")?.filter(|version| !version.is_empty());
        Ok(value.map(|value| version.map_or_else(|| value.clone(), |version| format!("{value}/{version}"))))
    }

    fn read(&mut self, section: &str, name: &str) -> Result<Option<String>, OptionError> {
        match self.phase {
            Phase::Init if section == self.part => self.buildout.look(self.part, name),
            Phase::Init => self.buildout.get_for(self.part, section, name),
            Phase::Extend => self.buildout.get(section, name),
            _ if self.buildout.is_initialized(section) && self.buildout.unread(section, name) != Unread::Refers => {
                self.buildout.get(section, name)
            }
            _ => self.still().get(section, name),
        }
    }

    fn require(&mut self, section: &str, name: &str) -> Result<String, OptionError> {
        match self.get(section, name)? {
            Some(value) => Ok(value),
            None if matches!(self.phase, Phase::Init | Phase::Extend) => self.buildout.require(section, name),
            None => self.still().require(section, name),
        }
    }

    fn keys(&mut self, section: &str) -> Result<Vec<String>, OptionError> {
        match self.phase {
            Phase::Init => self.buildout.keys_for(self.part, section),
            Phase::Extend => self.buildout.keys(section),
            _ if self.buildout.is_initialized(section) => self.buildout.keys(section),
            _ => self.still().keys(section),
        }
    }

    fn initialize(&self, section: &str) -> Result<(), OptionError> {
        match self.phase {
            Phase::Init => self.buildout.keys_for(self.part, section).map(drop),
            _ => self.buildout.raw(section, "").map(drop),
        }
    }
}

impl Host for OptionsView<'_> {
    fn open(&mut self) -> wasmtime::Result<Resource<ReadableSections>> {
        self.call.note("buildout.open", &[]);
        Ok(self.table.push(ReadableSections)?)
    }
}

impl HostBuildout for OptionsView<'_> {
    fn get(
        &mut self,
        _: Resource<ReadableSections>,
        section: String,
        name: String,
    ) -> Result<Option<String>, LookupFailure> {
        self.call.note("buildout.get", &[&section, &name]);
        self.look_up(|reader| reader.get(&section, &name))
    }

    fn require(
        &mut self,
        _: Resource<ReadableSections>,
        section: String,
        name: String,
    ) -> Result<String, LookupFailure> {
        self.call.note("buildout.require", &[&section, &name]);
        self.look_up(|reader| reader.require(&section, &name))
    }

    fn sections(&mut self, _: Resource<ReadableSections>) -> Result<Vec<String>, LookupFailure> {
        self.look_up(|reader| Ok(reader.buildout.sections()))
    }

    fn keys(&mut self, _: Resource<ReadableSections>, section: String) -> Result<Vec<String>, LookupFailure> {
        self.call.note("buildout.keys", &[&section]);
        self.look_up(|reader| reader.keys(&section))
    }

    fn initialize(&mut self, _: Resource<ReadableSections>, section: String) -> Result<(), LookupFailure> {
        self.call.note("buildout.initialize", &[&section]);
        self.look_up(|reader| reader.initialize(&section))
    }

    fn raw(
        &mut self,
        _: Resource<ReadableSections>,
        section: String,
        name: String,
    ) -> Result<Option<String>, LookupFailure> {
        self.call.note("buildout.raw", &[&section, &name]);
        self.look_up(|reader| reader.buildout.raw(&section, &name))
    }

    fn set(
        &mut self,
        _: Resource<ReadableSections>,
        section: String,
        name: String,
        value: String,
    ) -> Result<(), SetFailure> {
        self.call.note("buildout.set", &[&section, &name]);
        self.change(&SectionChange::Set { section: &section, name: &name, value: &value })
    }

    fn remove(&mut self, _: Resource<ReadableSections>, section: String, name: String) -> Result<(), SetFailure> {
        self.call.note("buildout.remove", &[&section, &name]);
        self.change(&SectionChange::Remove { section: &section, name: &name })
    }

    fn add(
        &mut self,
        _: Resource<ReadableSections>,
        section: String,
        options: Vec<(String, String)>,
    ) -> Result<(), SetFailure> {
        self.call.note("buildout.add", &[&section]);
        let Some(buildout) = self.call.buildout.clone() else { return Err(SetError::AfterInit.into()) };
        check_section(self.call, &section)?;
        let change = SectionChange::Add { section: &section, options: &options };
        change.check(self.call, &buildout)?;
        if !buildout.add_section(&self.call.part, &section, options) {
            return Err(SetError::Exists.into());
        }
        self.call.still = None;
        Ok(())
    }

    fn drop(&mut self, sections: Resource<ReadableSections>) -> wasmtime::Result<()> {
        self.table.delete(sections)?;
        Ok(())
    }
}
