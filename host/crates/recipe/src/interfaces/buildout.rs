//! `buildout:recipe/buildout`: the other sections.

use std::sync::Arc;

use wasmtime::component::{HasData, Resource, ResourceTable};

use super::bindings::LookupFailure;
use super::bindings::buildout::recipe::buildout::{Host, HostBuildout};
use super::bindings::buildout::recipe::types::{self, LookupError};
use super::lookup::look_up;
use super::resources::ReadableSections;
use crate::call::Call;
use config::options::{Buildout, OptionError};

/// Marks the interface in the linker.
pub(crate) struct OtherSections;

/// The state that its functions see.
pub(crate) struct BuildoutView<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) table: &'a mut ResourceTable,
}

impl HasData for OtherSections {
    type Data<'a> = BuildoutView<'a>;
}

impl BuildoutView<'_> {
    fn sections_of(&self, handle: &Resource<ReadableSections>) -> Result<(Arc<str>, Buildout), LookupFailure> {
        let sections = self.table.get(handle).map_err(LookupFailure::trap)?;
        Ok((Arc::clone(&sections.part), sections.buildout.clone()))
    }
}

/// The options that the recipe of `part` reads in another section, or sees in its section.
fn read(buildout: &Buildout, part: &str, section: &str, name: &str) -> Result<Option<String>, OptionError> {
    if section == part { buildout.look(part, name) } else { buildout.get_for(part, section, name) }
}

impl types::Host for BuildoutView<'_> {
    fn convert_lookup_error(&mut self, failure: LookupFailure) -> wasmtime::Result<LookupError> {
        failure.downcast()
    }
}

impl Host for BuildoutView<'_> {}

impl HostBuildout for BuildoutView<'_> {
    fn get(
        &mut self,
        sections: Resource<ReadableSections>,
        section: String,
        name: String,
    ) -> Result<Option<String>, LookupFailure> {
        self.call.note("buildout.get", &[&section, &name]);
        let (part, buildout) = self.sections_of(&sections)?;
        look_up(self.call, || read(&buildout, &part, &section, &name))
    }

    fn require(
        &mut self,
        sections: Resource<ReadableSections>,
        section: String,
        name: String,
    ) -> Result<String, LookupFailure> {
        self.call.note("buildout.require", &[&section, &name]);
        let (part, buildout) = self.sections_of(&sections)?;
        look_up(self.call, || match read(&buildout, &part, &section, &name)? {
            Some(value) => Ok(value),
            None => buildout.require(&section, &name),
        })
    }

    fn sections(&mut self, sections: Resource<ReadableSections>) -> Result<Vec<String>, LookupFailure> {
        let (_, buildout) = self.sections_of(&sections)?;
        Ok(buildout.sections())
    }

    fn keys(&mut self, sections: Resource<ReadableSections>, section: String) -> Result<Vec<String>, LookupFailure> {
        self.call.note("buildout.keys", &[&section]);
        let (part, buildout) = self.sections_of(&sections)?;
        look_up(self.call, || buildout.keys_for(&part, &section))
    }

    fn drop(&mut self, sections: Resource<ReadableSections>) -> wasmtime::Result<()> {
        self.table.delete(sections)?;
        Ok(())
    }
}
