//! The input root of a part's action: what the commands of the part see of the buildout, and its sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base::collections::Map;
use base::interrupt::Interrupt;
use recipe::{PartInput, PartSource};
use remote::{BlobDigest, CapturedTree, InputRoot, TreeLimits, TreeNode, capture};

use super::super::super::view::ResolvedBuildout;
use super::order::{FILES, SOURCES};

/// Files and directories of this machine that were captured, by path. Parts that are done do not change during a run.
#[derive(Debug, Default)]
pub(super) struct CapturedPaths(Mutex<Map<PathBuf, Arc<CapturedTree>>>);

impl CapturedPaths {
    pub(super) fn capture(&self, path: &Path, interrupt: &Interrupt) -> Result<Arc<CapturedTree>, String> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(captured) = known().get(path) {
            return Ok(Arc::clone(captured));
        }
        let captured = capture(path, &TreeLimits::default(), interrupt).map_err(|error| error.to_string())?;
        Ok(Arc::clone(known().entry(path.to_owned()).or_insert(Arc::new(captured))))
    }

    /// Forgets what a part that is going to be made was.
    pub(super) fn forget(&self, location: &Path) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|path, _| !path.starts_with(location));
    }
}

/// Where the paths of a buildout are in an input root.
pub(super) struct InputLayout {
    /// What in the input root is shown at which path.
    pub(super) paths: Vec<(String, PathBuf)>,
}

impl InputLayout {
    /// The buildout directory, and the directory of the location if that is elsewhere.
    pub(super) fn new(directory: &Path, location: &Path) -> Self {
        let mut paths = vec![("buildout".to_owned(), directory.to_owned())];
        if let Some(parts) = location.parent().filter(|parts| !parts.starts_with(directory)) {
            paths.push(("parts".to_owned(), parts.to_owned()));
        }
        Self { paths }
    }

    /// Whether a path is in a directory that is known already.
    fn shows(&self, path: &Path) -> bool {
        self.paths.iter().any(|(_, shown)| path.starts_with(shown))
    }

    /// The path in the input root for a path of this machine.
    pub(super) fn place(&mut self, path: &Path) -> Result<String, String> {
        let below = |(input, shown): &(String, PathBuf)| match path.strip_prefix(shown).ok()?.to_str()? {
            "" => Some(input.clone()),
            rest => Some(format!("{input}/{rest}")),
        };
        if path.components().any(|name| matches!(name, std::path::Component::ParentDir)) || !path.is_absolute() {
            return Err(format!("{} cannot be at the same path elsewhere", path.display()));
        }
        let known = self.paths.iter().find_map(below);
        Ok(known.unwrap_or_else(|| {
            let input = format!("outside/{}", self.paths.len());
            self.paths.push((input.clone(), path.to_owned()));
            input
        }))
    }
}

/// An input root that grows, and where its contents are on this machine.
pub(super) struct Inputs<'a> {
    pub(super) view: &'a ResolvedBuildout,
    pub(super) captured: &'a CapturedPaths,
    pub(super) layout: InputLayout,
    pub(super) root: InputRoot,
    pub(super) files: BTreeMap<BlobDigest, PathBuf>,
}

impl Inputs<'_> {
    /// Adds what is at a path of this machine, under the same path.
    pub(super) fn add_visible(&mut self, paths: &[PathBuf]) -> Result<(), String> {
        // What lies in another one comes with it.
        let is_inner = |path: &PathBuf| paths.iter().any(|outer| outer != path && path.starts_with(outer));
        // A worker has what is of the system; a buildout may lie there as well.
        let is_here = |path: &PathBuf| !confine::is_of_system(path) || self.layout.shows(path);
        let own: Vec<_> = paths.iter().filter(|path| !is_inner(path) && is_here(path) && path.exists()).collect();
        for path in own {
            let captured = self.capture(path)?;
            if matches!(captured.node, TreeNode::Link { .. }) {
                return Err(format!("{} is a symbolic link", path.display()));
            }
            let place = self.layout.place(path)?;
            self.add_captured(&place, &captured)?;
        }
        Ok(())
    }

    /// Adds the sources that the recipe downloads, as a cache of downloads. Returns those that are files of this machine.
    pub(super) fn add_sources(&mut self, part: &str, inputs: &[PartInput]) -> Result<Vec<PathBuf>, String> {
        let runtime = self.view.recipes.runtime().map_err(|error| error.to_string())?;
        let mut local = Vec::new();
        for input in inputs {
            let PartInput::Source { url, digests } = input else { continue };
            match runtime.source(part, url, digests)? {
                PartSource::Local(path) => local.push(path),
                PartSource::Downloaded { path, sha256, cached } => {
                    let size = path.metadata().map_err(|error| format!("{}: {error}", path.display()))?.len();
                    let digest = BlobDigest::new(sha256, size);
                    let place = |path: &Path| format!("{FILES}/{SOURCES}/{}", path.display());
                    self.add(&place(&cached.content), TreeNode::File { digest, executable: false })?;
                    self.files.insert(digest, path);
                    for pointer in &cached.pointers {
                        self.add_text(&place(pointer), cached.pointer.clone())?;
                    }
                }
            }
        }
        Ok(local)
    }

    /// Adds this program.
    pub(super) fn add_program(&mut self, place: &str) -> Result<(), String> {
        let captured = self.capture(&self.view.context.settings.program)?;
        self.add_captured(place, &captured)
    }

    /// Adds a file that is not on the disk.
    pub(super) fn add_text(&mut self, place: &str, text: impl Into<Vec<u8>>) -> Result<(), String> {
        self.root.file(place, text.into(), false).map_err(|error| error.to_string())
    }

    fn capture(&self, path: &Path) -> Result<Arc<CapturedTree>, String> {
        self.captured.capture(path, &self.view.context.settings.native.interrupt)
    }

    fn add_captured(&mut self, place: &str, captured: &CapturedTree) -> Result<(), String> {
        self.files.extend(captured.files.iter().map(|(digest, path)| (*digest, path.clone())));
        self.add(place, captured.node.clone())
    }

    fn add(&mut self, place: &str, node: TreeNode) -> Result<(), String> {
        self.root.node(place, node).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_buildout_are_together_and_others_have_numbers() {
        let mut layout = InputLayout::new(Path::new("/b"), Path::new("/b/parts/a"));
        let mut t = |path: &str| layout.place(Path::new(path));
        assert_eq!(t("/b/parts/lib").unwrap(), "buildout/parts/lib");
        assert_eq!(t("/shared/x").unwrap(), "outside/1");
        assert_eq!((t("/shared/y").unwrap(), t("/shared/x/z").unwrap()), ("outside/2".into(), "outside/1/z".into()));
        assert!(t("/b/../c").is_err() && t("relative").is_err());
        let mut layout = InputLayout::new(Path::new("/b"), Path::new("/elsewhere/a"));
        assert_eq!(layout.place(Path::new("/elsewhere/a")).unwrap(), "parts/a");
    }
}
