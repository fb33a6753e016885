#![allow(missing_docs)]
use crate::{component::*, environment::Environment, event::Report, options::Buildout, source::Explain};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};
pub struct RuntimeSettings {
    pub report: Arc<dyn Report>,
    pub cache: CompileCache,
    pub environment: Environment,
}
pub struct Runtime {}
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct RecipeError;
impl Explain for RecipeError {}
impl RecipeError {
    pub fn created(&self) -> Vec<String> {
        vec![]
    }
}
impl Runtime {
    pub fn new(_settings: RuntimeSettings) -> Result<Self, RecipeError> {
        Ok(Self {})
    }
    pub fn init(
        &self,
        _buildout: &Buildout,
        _part: &str,
        _recipe: &Resolved,
        _locations: &Locations,
    ) -> Result<(), RecipeError> {
        Ok(())
    }
    pub fn has_update(&self, _part: &str) -> bool {
        false
    }
    pub fn install(&self, _part: &str) -> Result<Vec<String>, RecipeError> {
        Ok(vec![])
    }
    pub fn update(&self, _part: &str) -> Result<Option<Vec<String>>, RecipeError> {
        Ok(None)
    }
    pub fn has_uninstall(&self, _recipe: &Resolved) -> Result<bool, RecipeError> {
        Ok(false)
    }
    pub fn uninstall(
        &self,
        _part: &str,
        _recipe: &Resolved,
        _recorded: &BTreeMap<String, String>,
        _locations: &Locations,
    ) -> Result<(), RecipeError> {
        Ok(())
    }
}
#[derive(Debug, Clone)]
pub struct Locations {
    pub directory: PathBuf,
    pub parts: PathBuf,
    pub bin: PathBuf,
    pub develop_eggs: PathBuf,
    pub eggs: PathBuf,
    pub installed: Option<PathBuf>,
    pub configuration_directory: PathBuf,
}
