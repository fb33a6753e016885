//! `buildout:recipe/buildout`: the other sections.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::bindings::buildout::recipe::buildout::{Host, HostBuildout};
use super::bindings::buildout::recipe::types::LookupError;
use super::state::State;
use config::options::{Buildout, OptionError};

/// All sections, as the recipe of one part reads them while it is initialised.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Sections {
    pub(super) part: Arc<str>,
    pub(super) buildout: Buildout,
}

impl State {
    fn sections_of(&mut self, handle: &Resource<Sections>) -> wasmtime::Result<(Arc<str>, Buildout)> {
        let sections = self.table.get(handle)?;
        Ok((Arc::clone(&sections.part), sections.buildout.clone()))
    }
}

/// What the recipe of `part` reads of another section, or looks at in its own.
fn read(buildout: &Buildout, part: &str, section: &str, name: &str) -> Result<Option<String>, OptionError> {
    if section == part { buildout.look(part, name) } else { buildout.get_for(part, section, name) }
}

impl Host for State {}

impl HostBuildout for State {
    fn get(
        &mut self,
        sections: Resource<Sections>,
        section: String,
        name: String,
    ) -> wasmtime::Result<Result<Option<String>, LookupError>> {
        self.calling("buildout.get", &[&section, &name]);
        let (part, buildout) = self.sections_of(&sections)?;
        self.look_up(|| read(&buildout, &part, &section, &name))
    }

    fn require(
        &mut self,
        sections: Resource<Sections>,
        section: String,
        name: String,
    ) -> wasmtime::Result<Result<String, LookupError>> {
        self.calling("buildout.require", &[&section, &name]);
        let (part, buildout) = self.sections_of(&sections)?;
        self.look_up(|| match read(&buildout, &part, &section, &name)? {
            Some(value) => Ok(value),
            None => buildout.require(&section, &name),
        })
    }

    fn sections(&mut self, sections: Resource<Sections>) -> wasmtime::Result<Result<Vec<String>, LookupError>> {
        let (_, buildout) = self.sections_of(&sections)?;
        Ok(Ok(buildout.sections()))
    }

    fn keys(
        &mut self,
        sections: Resource<Sections>,
        section: String,
    ) -> wasmtime::Result<Result<Vec<String>, LookupError>> {
        self.calling("buildout.keys", &[&section]);
        let (part, buildout) = self.sections_of(&sections)?;
        self.look_up(|| buildout.keys_for(&part, &section))
    }

    fn drop(&mut self, sections: Resource<Sections>) -> wasmtime::Result<()> {
        self.table.delete(sections)?;
        Ok(())
    }
}
