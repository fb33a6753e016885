//! Symbolic links that lead from one granted directory to another: absolute ones, and relative ones that leave theirs.

use std::path::{Path, PathBuf};

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::routing::FilesystemView;
use crate::grants::mounts::normalize;
use crate::grants::symlinks::resolve;

/// What the guest means: a path in a directory, by the number of its handle.
#[derive(Clone, Debug)]
pub(super) struct NamedPath {
    pub(super) directory: u32,
    pub(super) path: String,
    /// Whether a link is followed if it is the last name.
    pub(super) follows: bool,
}

impl NamedPath {
    pub(super) fn new(directory: &Resource<Descriptor>, path: String, follows: bool) -> Self {
        Self { directory: directory.rep(), path, follows }
    }

    pub(super) fn handle(&self) -> Resource<Descriptor> {
        Resource::new_borrow(self.directory)
    }
}

impl FilesystemView<'_> {
    /// Calls `call`; again with the path that links lead to, if it was refused because one led out of its directory.
    pub(super) fn through_links<T>(
        &mut self,
        named: NamedPath,
        call: impl Fn(&mut Self, NamedPath) -> FsResult<T>,
    ) -> FsResult<T> {
        self.through_both(named, None, |view, named, _| call(view, named))
    }

    /// The same for a call with two paths.
    pub(super) fn through_both<T>(
        &mut self,
        first: NamedPath,
        second: Option<NamedPath>,
        call: impl Fn(&mut Self, NamedPath, Option<NamedPath>) -> FsResult<T>,
    ) -> FsResult<T> {
        let outcome = call(self, first.clone(), second.clone());
        let Err(error) = &outcome else { return outcome };
        if !matches!(error.downcast_ref(), Some(ErrorCode::NotPermitted)) {
            return outcome;
        }
        let real = self.led_to(&first);
        let other = second.as_ref().map(|second| self.led_to(second));
        if real.is_none() && other.as_ref().is_none_or(Option::is_none) {
            return outcome;
        }
        call(self, real.unwrap_or(first), other.flatten().or(second))
    }

    /// Where links lead, if there are any.
    fn led_to(&self, named: &NamedPath) -> Option<NamedPath> {
        let path = self.absolute(named)?;
        let real = resolve(&self.call.rights.mounts, &path, named.follows).ok()?;
        let root = self.files.roots.iter().next().copied()?;
        let is_other = real != path;
        is_other.then(|| NamedPath {
            directory: root,
            path: real.to_string_lossy().into_owned(),
            follows: named.follows,
        })
    }

    fn absolute(&self, NamedPath { directory, path, .. }: &NamedPath) -> Option<PathBuf> {
        match self.files.roots.contains(directory) {
            true => Some(normalize(&Path::new("/").join(path))),
            false => self.path_below(*directory, path),
        }
    }
}
