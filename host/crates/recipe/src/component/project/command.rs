//! Runs the build command of a `recipe.toml`, if the inputs of the component have changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::bytes::{BytesKind, LARGEST_COMPONENT, kind_of};
use super::super::error::ComponentError;
use super::built::{BuiltProject, OFFLINE};
use super::encode::component_of_module;
use super::inputs::{ComponentInputs, encoded};
use super::manifest::ProjectManifest;
use super::tools::ProjectTools;
use base::files::read_whole;

/// One build.
pub(super) struct CommandBuild<'a> {
    pub(super) tools: ProjectTools<'a>,
    pub(super) manifest: &'a ProjectManifest,
    pub(super) offline: bool,
}

impl CommandBuild<'_> {
    pub(super) fn run(&self) -> Result<BuiltProject, ComponentError> {
        let project = self.tools.project;
        let output = project.join(&self.manifest.component);
        let globs = self.manifest.inputs.as_ref();
        // The inputs before the build: if they are edited meanwhile, the next run builds again.
        let inputs = globs.map(|globs| ComponentInputs::of(project, self.manifest, globs)).transpose()?;
        if !inputs.as_ref().is_some_and(|inputs| inputs.made(&output)) {
            self.start()?;
            if !output.is_file() {
                let (project, component) = (project.to_owned(), self.manifest.component.clone());
                return Err(ComponentError::NotBuilt { project, component });
            }
            if let Some(inputs) = &inputs {
                inputs.record(&output);
            }
        }
        Ok(BuiltProject { package: self.manifest.name.clone(), component: component(&output)? })
    }

    fn start(&self) -> Result<(), ComponentError> {
        let project = self.tools.project.to_owned();
        let Some((program, arguments)) = self.manifest.command.split_first() else { return Ok(()) };
        let mut command = self.tools.command(program);
        command.args(arguments);
        if self.offline {
            command.envs(OFFLINE);
        }
        let outcome = self.tools.run_talking(command).map_err(|error| {
            let hint = "It is the command of [build] in recipe.toml: install it, or put it on the PATH.";
            ComponentError::Start { program: program.clone(), project: project.clone(), error: Arc::new(error), hint }
        })?;
        if !outcome.success {
            self.tools.show(&self.manifest.name, &outcome.messages);
            return Err(ComponentError::BuildCommand { project, command: self.manifest.command.join(" ") });
        }
        Ok(())
    }
}

/// The result of the command as a component: a core module is made into one, in a file next to it.
fn component(output: &Path) -> Result<PathBuf, ComponentError> {
    if std::fs::metadata(output).is_ok_and(|metadata| metadata.len() > LARGEST_COMPONENT) {
        return Err(ComponentError::TooLarge { path: output.to_owned() });
    }
    let bytes = read_whole(output).map_err(|error| ComponentError::read(output, error))?;
    match kind_of(&bytes) {
        BytesKind::Component => Ok(output.to_owned()),
        BytesKind::CoreModule => {
            let file = encoded(output);
            let made = component_of_module(output, &bytes)?;
            if read_whole(&file).ok().as_deref() != Some(made.as_slice()) {
                std::fs::write(&file, made).map_err(|error| ComponentError::write(&file, error))?;
            }
            Ok(file)
        }
        BytesKind::Other(found) => Err(ComponentError::NotAComponent { path: output.to_owned(), found }),
    }
}
