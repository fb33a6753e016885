//! Components of registries as `recipes.lock` has them: the lock wins, what is not in it is resolved once and written.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::component::registry::{Cache, Places, Remote, RemoteSettings, Tags};
use crate::component::{
    Capabilities, Component, ComponentError, DEFAULT_ENTRY_POINT, Locked, Obtained, Publication, Publications,
    RecipeReference, RecipesLock, Resolved, Sources,
};
use crate::confine::Interrupt;
use crate::environment::Environment;
use crate::event::{Level, Report};
use crate::recipe::Package;
use crate::source::Explain as _;

/// What a run may do with `recipes.lock`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockMode {
    /// What is missing is resolved and written.
    #[default]
    Write,
    /// What is missing is resolved; nothing is written. For looking at what a run would do.
    Leave,
    /// `--locked`: what is missing is an error.
    Locked,
}

/// Where components of registries are had from, for one buildout.
pub(super) struct Places_;

/// The lock of one run.
pub(super) struct Locking {
    path: PathBuf,
    mode: LockMode,
    report: Arc<dyn Report>,
    lock: Mutex<Option<RecipesLock>>,
    sources: OnceLock<Sources>,
}
