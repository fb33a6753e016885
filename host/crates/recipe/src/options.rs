//! `buildout:recipe/options`: the part's own section.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::bindings::buildout::recipe::options::{Host, HostOptions, SetError};
use super::bindings::buildout::recipe::types::{LookupError, LookupReason};
use super::limits;
use super::state::{Call, Phase, State};
use config::options::{Buildout, OptionError, Problem};

/// The section of one part, as its recipe holds it.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct PartOptions {
    pub(super) part: Arc<str>,
    pub(super) location: String,
    pub(super) buildout: Buildout,
}

impl State {
    /// Looks up an option; a failure is kept, so that the recipe can fail with it.
    pub(super) fn look_up<T>(
        &mut self,
        look: impl FnOnce() -> Result<T, OptionError>,
    ) -> wasmtime::Result<Result<T, LookupError>> {
        if self.call.lookup_errors.len() >= limits::LOOKUP_ERRORS {
            let message = format!("more than {} failed look-ups", limits::LOOKUP_ERRORS);
            let reference = u32::MAX;
            return Ok(Err(LookupError { reason: LookupReason::Limit, message, reference }));
        }
        match Call::pausing(self, |_| look()) {
            Ok(value) => Ok(Ok(value)),
            Err(error) => {
                let reason = match error.problem() {
                    Problem::UnknownSection { .. } => LookupReason::UnknownSection,
                    Problem::UnknownOption { .. } => LookupReason::UnknownOption,
                    Problem::Circle(_) => LookupReason::Cycle,
                    Problem::Reference(_) | Problem::TooDeep(_) | Problem::Recipe(_) => LookupReason::Failed,
                };
                let message = error.to_string();
                let reference = u32::try_from(self.call.lookup_errors.len()).unwrap_or(u32::MAX);
                self.call.lookup_errors.push(error);
                Ok(Err(LookupError { reason, message, reference }))
            }
        }
    }

    fn part_options(&mut self, handle: &Resource<PartOptions>) -> wasmtime::Result<(Arc<str>, Buildout)> {
        let options = self.table.get(handle)?;
        Ok((Arc::clone(&options.part), options.buildout.clone()))
    }
}

impl Host for State {}

impl HostOptions for State {
    fn get(
        &mut self,
        options: Resource<PartOptions>,
        name: String,
    ) -> wasmtime::Result<Result<Option<String>, LookupError>> {
        self.calling("options.get", &[&name]);
        let (part, buildout) = self.part_options(&options)?;
        self.look_up(|| buildout.get(&part, &name))
    }

    fn require(
        &mut self,
        options: Resource<PartOptions>,
        name: String,
    ) -> wasmtime::Result<Result<String, LookupError>> {
        self.calling("options.require", &[&name]);
        let (part, buildout) = self.part_options(&options)?;
        self.look_up(|| buildout.require(&part, &name))
    }

    fn set(
        &mut self,
        options: Resource<PartOptions>,
        name: String,
        value: String,
    ) -> wasmtime::Result<Result<(), SetError>> {
        self.calling("options.set", &[&name]);
        let (part, buildout) = self.part_options(&options)?;
        if self.call.phase != Phase::Init || self.call.part != part {
            return Ok(Err(SetError::AfterInit));
        }
        let invalid = name.is_empty() || name.starts_with(' ') || name.starts_with("__buildout_");
        if invalid || name.contains(['\n', '\r', '=', ':', ']', '\0']) {
            return Ok(Err(SetError::InvalidName));
        }
        self.call.options_set += 1;
        let too_much = self.call.options_set > limits::OPTIONS_SET;
        if too_much || name.len() > limits::OPTION_NAME || value.len() > limits::OPTION_VALUE {
            return Ok(Err(SetError::Limit));
        }
        buildout.set(&part, &name, value);
        Ok(Ok(()))
    }

    fn keys(&mut self, options: Resource<PartOptions>) -> wasmtime::Result<Result<Vec<String>, LookupError>> {
        self.calling("options.keys", &[]);
        let (part, buildout) = self.part_options(&options)?;
        self.look_up(|| buildout.keys(&part))
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
