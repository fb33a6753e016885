//! `buildout:recipe/process`: native commands, lent to a part that is granted them.

use wasmtime::component::Resource;

use super::bindings::buildout::recipe::process::{Command, Host, HostRunner, Outcome, ProcessError};
use super::state::{Phase, State};

/// What a part may start, as its recipe holds it.
#[allow(unreachable_pub, reason = "the bindings re-export it")]
pub struct Runner {
    /// Programs; `*` for all.
    pub(super) programs: Vec<String>,
}

impl Host for State {
    fn open(&mut self, programs: Vec<String>) -> wasmtime::Result<Result<Resource<Runner>, ProcessError>> {
        let names: Vec<&str> = programs.iter().map(String::as_str).collect();
        self.calling("process.open", &names);
        if !matches!(self.call.phase, Phase::Install | Phase::Update | Phase::Uninstall) {
            let message = "commands run only while a part is installed, updated or uninstalled";
            return Ok(Err(ProcessError::Invalid(message.into())));
        }
        let granted = &self.call.granted.run;
        if let Some(missing) = programs.iter().find(|program| !is_granted(program, granted)) {
            let message = format!("{missing} may not be run: recipes.toml would have to grant run = [{missing:?}]");
            return Ok(Err(ProcessError::NotGranted(message)));
        }
        Ok(Ok(self.table.push(Runner { programs })?))
    }
}

impl HostRunner for State {
    fn run(&mut self, runner: Resource<Runner>, command: Command) -> wasmtime::Result<Result<Outcome, ProcessError>> {
        self.calling("process.run", &[&command.program]);
        let runner = self.table.get(&runner)?;
        if !is_granted(&command.program, &runner.programs) {
            let message = format!("{} is none of the programs that this runner was asked for", command.program);
            return Ok(Err(ProcessError::NotGranted(message)));
        }
        Ok(Err(ProcessError::NotFound("native commands are not there yet".into())))
    }

    fn environment(&mut self, _runner: Resource<Runner>) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    fn build_directory(&mut self, _runner: Resource<Runner>) -> wasmtime::Result<String> {
        Ok(self.call.granted.build_directory.to_string_lossy().into_owned())
    }

    fn jobs(&mut self, _runner: Resource<Runner>) -> wasmtime::Result<u32> {
        Ok(1)
    }

    fn drop(&mut self, runner: Resource<Runner>) -> wasmtime::Result<()> {
        self.table.delete(runner)?;
        Ok(())
    }
}

/// Whether a program is one of those that are granted.
fn is_granted(program: &str, granted: &[String]) -> bool {
    granted.iter().any(|granted| granted == "*" || granted == program)
}
