//! The buildout as resolved with one Python, with the recipes of its parts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::Configuration;
use config::options::Buildout;
use recipe::Locations;

use super::context::RunContext;
use super::prepare::recipes::Recipes;
use crate::error::{Doing, RunError};

/// The buildout as resolved with one Python.
#[derive(Clone)]
pub(super) struct ResolvedBuildout {
    pub(super) context: Arc<RunContext>,
    /// The options; recipes are initialized when their options are read.
    pub(super) buildout: Buildout,
    pub(super) recipes: Arc<Recipes>,
}

impl ResolvedBuildout {
    /// The buildout of a configuration.
    ///
    /// # Errors
    /// When `recipes.toml`, in the directory of the configuration, is invalid.
    pub(super) fn new(configuration: &Arc<Configuration>, context: Arc<RunContext>) -> Result<Self, RunError> {
        let recipes = Recipes::new(&configuration_directory(configuration), configuration, &context)?;
        let recipes = Arc::new(recipes);
        let buildout = Buildout::new(Arc::clone(configuration), Arc::clone(&recipes) as Arc<_>);
        Ok(Self { context, buildout, recipes })
    }

    /// The directories of the buildout.
    ///
    /// # Errors
    /// When an option of `[buildout]` cannot be substituted.
    pub(super) fn locations(&self) -> Result<Arc<Locations>, RunError> {
        self.buildout.section("buildout").doing(|| "Reading [buildout].".into())?;
        Ok(Arc::clone(self.recipes.locations(&self.buildout)?))
    }

    /// `${buildout:executable}`.
    pub(super) fn executable(&self) -> Result<String, RunError> {
        Ok(self.buildout.require("buildout", "executable")?)
    }

    /// The directory of `recipes.toml`.
    pub(super) fn configuration_directory(&self) -> PathBuf {
        configuration_directory(self.buildout.configuration())
    }

    /// An operation on a part, for errors: with the place of its section.
    pub(super) fn operation(&self, verb: &str, part: &str) -> String {
        match self.buildout.place_of(part, None) {
            Some(place) => format!("{verb} part {part} ({}).", place.line_name()),
            None => format!("{verb} part {part}."),
        }
    }
}

fn configuration_directory(configuration: &Configuration) -> PathBuf {
    let file = configuration.file_path().and_then(Path::parent);
    file.unwrap_or(&configuration.directory).to_owned()
}
