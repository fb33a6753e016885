//! The trees of parts that are installed: what a part that references them was made with.
//!
//! A tree is captured once in a run, and only if a part that references it is installed. Of a part that was just fetched or
//! built, it is known.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::collections::Map;
use base::interrupt::Interrupt;
use remote::{TreeLimits, TreeNode, capture};

use super::super::view::ResolvedBuildout;
use crate::error::RunError;

/// A path of a part, and what is there.
pub(super) type PathTree = (PathBuf, TreeNode);

/// The trees that are known.
#[derive(Debug, Default)]
pub(super) struct PartTrees {
    known: Mutex<Map<String, Vec<PathTree>>>,
}

impl PartTrees {
    /// Notes the tree at the location of a part.
    pub(super) fn set(&self, part: &str, location: PathBuf, tree: &TreeNode) {
        self.locked().insert(part.to_owned(), vec![(location, tree.by_digest())]);
    }

    /// Forgets the trees of a part that is going to be made.
    pub(super) fn forget(&self, part: &str) {
        self.locked().remove(part);
    }

    /// The trees of an installed part.
    pub(super) fn of(&self, view: &ResolvedBuildout, part: &str) -> Result<Vec<PathTree>, String> {
        if let Some(known) = self.locked().get(part) {
            return Ok(known.clone());
        }
        let paths =
            paths(view, part).map_err(|error| format!("what part {part} made is not known: {}", error.message()))?;
        let interrupt = &view.context.settings.native.interrupt;
        let trees = paths.into_iter().map(|path| tree(path, interrupt)).collect::<Result<Vec<_>, _>>()?;
        self.locked().insert(part.to_owned(), trees.clone());
        Ok(trees)
    }

    fn locked(&self) -> MutexGuard<'_, Map<String, Vec<PathTree>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tree(path: PathBuf, interrupt: &Interrupt) -> Result<PathTree, String> {
    let captured = capture(&path, &TreeLimits::default(), interrupt).map_err(|error| error.to_string())?;
    Ok((path, captured.node.by_digest()))
}

/// The paths of an installed part: those that are recorded, else its location, which several buildouts share.
fn paths(view: &ResolvedBuildout, part: &str) -> Result<Vec<PathBuf>, RunError> {
    let recorded = view.recipes.runtime()?.recorded(part).unwrap_or_default();
    let mut paths: Vec<PathBuf> = recorded.into_iter().filter(|path| path.symlink_metadata().is_ok()).collect();
    if paths.is_empty() {
        let location = view.buildout.get(part, "location")?.map(PathBuf::from);
        paths.extend(location.filter(|location| location.is_absolute() && location.is_dir()));
    }
    paths.sort();
    Ok(paths)
}
