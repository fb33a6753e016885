//! `buildout:recipe/options`: the part's section.

use std::sync::Arc;

use wasmtime::component::{HasData, Resource, ResourceTable};

use super::bindings::buildout::recipe::options::{Host, HostOptions, SetError};
use super::bindings::buildout::recipe::types::{self, LookupError};
use super::bindings::{LookupFailure, SetFailure};
use super::lookup::look_up;
use super::resources::PartOptions;
use crate::call::{Call, Phase};
use crate::grants::mounts::normalize;
use crate::grants::rights::Rights;
use crate::limits;
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

/// Refuses names that cannot be written in a configuration, and options that the host trusts: which recipe made the part,
/// and what the host recorded.
fn check_name(name: &str) -> Result<(), SetError> {
    let is_trusted = name == "recipe" || name.starts_with("__buildout_");
    let is_invalid = name.is_empty() || name.starts_with(' ');
    if is_trusted || is_invalid || name.contains(['\n', '\r', '=', ':', ']', '\0']) {
        return Err(SetError::InvalidName);
    }
    Ok(())
}

/// Refuses to change which paths a grant opens to the recipe. Another form of the same path is allowed: recipes make paths
/// absolute.
fn check_fixed(value: &str, current: Option<&str>, rights: &Rights) -> Result<(), SetError> {
    let path = |value: &str| normalize(&rights.directory().join(value));
    let is_same = current.is_some_and(|current| path(current) == path(value));
    if is_same { Ok(()) } else { Err(SetError::InvalidName) }
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
        let (part, buildout) = self.section_of(&options).map_err(SetFailure::trap)?;
        if self.call.phase != Phase::Init || self.call.part != part {
            return Err(SetError::AfterInit.into());
        }
        check_name(&name)?;
        if self.call.is_fixed(&name) {
            let current = look_up(self.call, || buildout.get(&part, &name)).ok().flatten();
            check_fixed(&value, current.as_deref(), &self.call.rights)?;
        }
        self.call.options_set += 1;
        let is_too_much = self.call.options_set > limits::OPTIONS_SET;
        if is_too_much || name.len() > limits::OPTION_NAME || value.len() > limits::OPTION_VALUE {
            return Err(SetError::Limit.into());
        }
        buildout.set(&part, &name, value);
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
