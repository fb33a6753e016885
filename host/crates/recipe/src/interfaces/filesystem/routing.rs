//! Routes a path of the guest to the granted directory that contains it, if there is one.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types as wit;
use wasmtime_wasi::p2::{FsError, FsResult};
use wasmtime_wasi::{FsPerms, OpenMode, WasiCtx, WasiCtxView, WasiView};

use super::open::{KnownEntry, OpenFiles};
use super::status;
use crate::call::Call;
use crate::grants::mounts::{Access, Mount, normalize};

/// Marks the interfaces in the linker.
pub(crate) struct Filesystem;

/// The state that their functions see.
pub(crate) struct FilesystemView<'a> {
    pub(crate) wasi: &'a mut WasiCtx,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) call: &'a mut Call,
    pub(crate) files: &'a mut OpenFiles,
}

impl HasData for Filesystem {
    type Data<'a> = FilesystemView<'a>;
}

impl WasiView for FilesystemView<'_> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.wasi, table: self.table }
    }
}

impl FilesystemView<'_> {
    /// The handle, and the path in it, for the guest's `path` in `directory`.
    pub(super) fn locate(
        &mut self,
        directory: Resource<Descriptor>,
        path: String,
        access: Access,
    ) -> FsResult<Located> {
        self.release();
        if !self.files.roots.contains(&directory.rep()) {
            let absolute = self.path_below(directory.rep(), &path);
            return Ok(Located { directory, path, absolute, mount: None, is_entry: false });
        }
        let absolute = normalize(&Path::new("/").join(&path));
        let rights = Arc::clone(&self.call.rights);
        let Some((at, rest)) = rights.mounts.route(&absolute) else {
            return Err(self.deny(absolute, access));
        };
        let mount = rights.mounts.get(at).filter(|mount| mount.access >= access);
        let Some(mount) = mount else {
            return Err(self.deny(absolute, access));
        };
        if rest.as_os_str().is_empty() {
            let absolute = Some(absolute);
            return Ok(Located { directory, path: ".".to_owned(), absolute, mount: Some(at), is_entry: false });
        }
        let number = self.open_mount(at, mount)?;
        // The text came from a `String`, and nothing was cut out of the middle of a character.
        let path = rest.to_string_lossy().into_owned();
        let directory = Resource::new_borrow(number);
        Ok(Located { directory, path, absolute: Some(absolute), mount: None, is_entry: false })
    }

    /// The absolute path of what the guest calls `path` in a directory that it opened.
    pub(super) fn path_below(&self, directory: u32, path: &str) -> Option<PathBuf> {
        let directory = self.files.handles.get(&directory)?.as_deref()?;
        (!path.split('/').any(|name| name == "..")).then(|| normalize(&directory.join(path)))
    }

    /// Whether the guest created what it located.
    pub(super) fn is_made(&self, located: &Located) -> bool {
        let Call { rights, made, .. } = &*self.call;
        located.absolute.as_ref().is_some_and(|path| made.includes(path) || rights.is_own_place(path))
    }

    pub(super) fn is_missing(&self, located: &Located) -> bool {
        located.absolute.as_ref().is_some_and(|path| path.symlink_metadata().is_err())
    }

    /// Announces what the guest is about to create.
    pub(super) fn will_make(&self, located: &Located) -> FsResult<()> {
        let announced = located.absolute.as_ref().map_or(Ok(()), |path| self.call.will_make(path));
        announced.map_err(|error| ErrorCode::from(&error).into())
    }

    /// Notes that the guest created what it calls by this path.
    pub(super) fn made(&mut self, path: Option<PathBuf>) {
        if let Some(path) = path {
            self.call.made.add(path);
        }
    }

    /// Like [`Self::locate`], for operations in which a granted directory is treated like any other directory. If it is
    /// not a directory, it is an entry of the directory that contains it.
    pub(super) fn locate_any(
        &mut self,
        directory: Resource<Descriptor>,
        path: String,
        access: Access,
    ) -> FsResult<Located> {
        let located = self.locate(directory, path, access)?;
        let Some(at) = located.mount else {
            return Ok(located);
        };
        let rights = Arc::clone(&self.call.rights);
        let Some(mount) = rights.mounts.get(at) else {
            return Err(ErrorCode::NoEntry.into());
        };
        let (number, path, is_entry) = match self.open_mount(at, mount) {
            Ok(number) => (number, located.path, false),
            Err(error) if error.downcast_ref().is_some_and(is_none) => {
                let name = mount.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                (self.open_holder(at, mount)?, name, true)
            }
            Err(error) => return Err(error),
        };
        let directory = Resource::new_borrow(number);
        Ok(Located { directory, path, absolute: located.absolute, mount: Some(at), is_entry })
    }

    /// The handle of the directory that contains the granted path.
    fn open_holder(&mut self, at: usize, mount: &Mount) -> FsResult<u32> {
        if let Some(number) = self.files.holders.get(&at) {
            return Ok(*number);
        }
        let (holder, _) = mount.holder().map_err(|error| ErrorCode::from(&error))?;
        let number = self.push(holder, mount.access)?;
        self.files.holders.insert(at, number);
        Ok(number)
    }

    pub(super) fn push(&mut self, directory: File, access: Access) -> FsResult<u32> {
        let (permissions, mode) = match access {
            Access::Read => (FsPerms::ReadOnly, OpenMode::READ),
            Access::Write => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
        };
        let directory = Dir::new(directory, permissions, mode, true);
        Ok(self.table.push(Descriptor::Dir(directory)).map_err(FsError::trap)?.rep())
    }

    /// The handle of a granted directory.
    fn open_mount(&mut self, at: usize, mount: &Mount) -> FsResult<u32> {
        if let Some(number) = self.files.mount(at, mount) {
            return Ok(number);
        }
        let file = mount.open().map_err(|error| ErrorCode::from(&error))?;
        let number = self.push(file, mount.access)?;
        self.files.keep_mount(at, mount, number);
        Ok(number)
    }

    pub(super) fn deny(&mut self, path: PathBuf, access: Access) -> FsError {
        self.call.deny(path, access);
        ErrorCode::NotPermitted.into()
    }

    /// The directory behind a handle on which the guest acts without a path.
    pub(super) fn itself(&mut self, handle: Resource<Descriptor>, access: Access) -> FsResult<Resource<Descriptor>> {
        if !self.files.roots.contains(&handle.rep()) {
            return Ok(handle);
        }
        Ok(self.locate_any(handle, String::new(), access)?.directory)
    }

    /// The type of an entry and its identity, if one system call returns both. C's `stat` requests them one after the
    /// other: the answer is kept for the second request.
    pub(super) fn look(
        &mut self,
        directory: Resource<Descriptor>,
        flags: wit::PathFlags,
        path: String,
    ) -> FsResult<Look> {
        if let Some(status) = self.known(directory.rep(), &path) {
            return Ok(Look::Found(status));
        }
        self.call.note("stat", &[&path]);
        let number = directory.rep();
        if let Some(status) = self.status_above(&directory, &path) {
            return Ok(Look::Found(status));
        }
        let located = self.locate_any(directory, path.clone(), Access::Read)?;
        if let Descriptor::Dir(holder) = self.table.get(&located.directory)?
            && let Some(found) = status::of_entry(&holder.dir, &located.path, located.flags(flags))
        {
            let status = found.map_err(|error| ErrorCode::from(&error))?;
            self.files.known = Some(KnownEntry { call: self.call.host_calls(), directory: number, path, status });
            return Ok(Look::Found(status));
        }
        Ok(Look::Walk(located))
    }

    /// The status of a directory above a granted one: it is a directory, and nothing in it can be listed.
    fn status_above(&self, directory: &Resource<Descriptor>, path: &str) -> Option<status::Status> {
        let mounts = &self.call.rights.mounts;
        let absolute = self.files.roots.contains(&directory.rep()).then(|| normalize(&Path::new("/").join(path)))?;
        let is_above = mounts.route(&absolute).is_none() && mounts.is_above(&absolute);
        is_above.then(|| status::of_directory(&absolute)).flatten()
    }

    /// The result of the guest's last call, if it was for the same entry. For a link, it depends on the flags.
    fn known(&mut self, directory: u32, path: &str) -> Option<status::Status> {
        let known = self.files.known.take()?;
        let is_same = known.call == self.call.host_calls() && known.directory == directory && known.path == path;
        (is_same && known.status.0.type_ != wit::DescriptorType::SymbolicLink).then_some(known.status)
    }

    pub(super) fn opened<T: 'static>(&mut self, handle: FsResult<Resource<T>>) -> FsResult<Resource<T>> {
        if let Ok(handle) = &handle {
            self.files.handles.insert(handle.rep(), None);
        }
        handle
    }
}

/// The result of a lookup of an entry.
pub(super) enum Look {
    Found(status::Status),
    /// The components of its path have to be walked.
    Walk(Located),
}

/// A directory and a path in it; `mount` if that path is a granted directory itself.
pub(super) struct Located {
    pub(super) directory: Resource<Descriptor>,
    pub(super) path: String,
    /// The path, absolute and normalized, if it is known.
    pub(super) absolute: Option<PathBuf>,
    pub(super) mount: Option<usize>,
    /// Whether the directory contains the granted path, and nothing else in it is granted.
    pub(super) is_entry: bool,
}

impl Located {
    /// The flags for the lookup of the path.
    pub(super) fn flags(&self, flags: wit::PathFlags) -> wit::PathFlags {
        // A link could point to files next to it.
        if self.is_entry { wit::PathFlags::empty() } else { flags }
    }
}

/// Whether the directory does not exist.
fn is_none(error: &ErrorCode) -> bool {
    matches!(error, ErrorCode::NotDirectory | ErrorCode::NoEntry | ErrorCode::Loop)
}
