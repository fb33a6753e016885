//! `buildout:recipe/options`: the part's section.

use std::sync::Arc;

use wasmtime::component::{HasData, Resource, ResourceTable};

use super::bindings::buildout::recipe::options::{Host, HostOptions, SetError};
use super::bindings::buildout::recipe::types::{self, LookupError};
use super::bindings::{LookupFailure, SetFailure};
use super::changes::{check_fixed, check_own_name, count};
use super::lookup::look_up;
use super::resources::PartOptions;
use crate::call::{Call, Phase};
use config::options::Buildout;

/// Marks the interface in the linker.
pub(crate) struct OwnOptions;

/// The state that its functions see.
pub(crate) struct OptionsView<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) table: &'a mut ResourceTable,
}

impl HasData for OwnOptions {
    type Data<'a> = OptionsView<'a>;
}

impl OptionsView<'_> {
    fn section_of(&self, handle: &Resource<PartOptions>) -> wasmtime::Result<(Arc<str>, Buildout)> {
        let options = self.table.get(handle)?;
        Ok((Arc::clone(&options.part), options.buildout.clone()))
    }
}

impl OptionsView<'_> {
    fn is_unchanged(&mut self, buildout: &Buildout, part: &str, name: &str, value: &str) -> bool {
        look_up(self.call, || buildout.get(part, name)).ok().flatten().as_deref() == Some(value)
    }

    /// The section, if an option may be set in this call.
    fn section_to_change(
        &mut self,
        options: &Resource<PartOptions>,
        name: &str,
        value: &str,
    ) -> Result<(Arc<str>, Buildout), SetFailure> {
        let (part, buildout) = self.section_of(options).map_err(SetFailure::trap)?;
        let is_open = matches!(self.call.phase, Phase::Init | Phase::Install | Phase::Update);
        if !is_open || self.call.part != part {
            return Err(SetError::AfterInit.into());
        }
        // Recipes set all options of their section again, as they were.
        if name == "recipe" && self.is_unchanged(&buildout, &part, name, value) {
            return Ok((part, buildout));
        }
        check_own_name(name)?;
        if self.call.is_fixed(&part, name) {
            let current = look_up(self.call, || buildout.get(&part, name)).ok().flatten();
            check_fixed(value, current.as_deref(), &self.call.rights)?;
        }
        count(self.call, name, value)?;
        self.call.still = None;
        Ok((part, buildout))
    }
}

impl types::Host for OptionsView<'_> {
    fn convert_lookup_error(&mut self, failure: LookupFailure) -> wasmtime::Result<LookupError> {
        failure.downcast()
    }
}

impl Host for OptionsView<'_> {
    fn convert_set_error(&mut self, failure: SetFailure) -> wasmtime::Result<SetError> {
        failure.downcast()
    }
}

impl HostOptions for OptionsView<'_> {
    fn get(&mut self, options: Resource<PartOptions>, name: String) -> Result<Option<String>, LookupFailure> {
        self.call.note("options.get", &[&name]);
        let (part, buildout) = self.section_of(&options).map_err(LookupFailure::trap)?;
        look_up(self.call, || buildout.get(&part, &name))
    }

    fn require(&mut self, options: Resource<PartOptions>, name: String) -> Result<String, LookupFailure> {
        self.call.note("options.require", &[&name]);
        let (part, buildout) = self.section_of(&options).map_err(LookupFailure::trap)?;
        look_up(self.call, || buildout.require(&part, &name))
    }

    fn set(&mut self, options: Resource<PartOptions>, name: String, value: String) -> Result<(), SetFailure> {
        self.call.note("options.set", &[&name]);
        let (part, buildout) = self.section_to_change(&options, &name, &value)?;
        buildout.set(&part, &name, value);
        Ok(())
    }

    fn remove(&mut self, options: Resource<PartOptions>, name: String) -> Result<(), SetFailure> {
        self.call.note("options.remove", &[&name]);
        let (part, buildout) = self.section_to_change(&options, &name, "")?;
        buildout.remove(&part, &name);
        Ok(())
    }

    fn keys(&mut self, options: Resource<PartOptions>) -> Result<Vec<String>, LookupFailure> {
        self.call.note("options.keys", &[]);
        let (part, buildout) = self.section_of(&options).map_err(LookupFailure::trap)?;
        look_up(self.call, || buildout.keys(&part))
    }

    fn part(&mut self, options: Resource<PartOptions>) -> wasmtime::Result<String> {
        Ok(self.table.get(&options)?.part.to_string())
    }

    fn location(&mut self, options: Resource<PartOptions>) -> wasmtime::Result<String> {
        Ok(self.table.get(&options)?.location.clone())
    }

    fn drop(&mut self, options: Resource<PartOptions>) -> wasmtime::Result<()> {
        self.table.delete(options)?;
        Ok(())
    }
}
