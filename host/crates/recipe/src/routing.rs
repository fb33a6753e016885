//! Where a path of the guest leads: to the granted directory that holds it, or nowhere.

use std::fs::File;
use std::path::{Path, PathBuf};

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, HostDescriptor as Inner};
use wasmtime_wasi::p2::bindings::sync::filesystem::types as wit;
use wasmtime_wasi::p2::{FsError, FsResult};
use wasmtime_wasi::{FsPerms, OpenMode};

use super::files::ready;
use super::mounts::{Access, Mount, normalise, same};
use super::state::State;
use super::status;
use base::collections::{Map, Set};

/// Paths whose refusal is kept for the report.
const DENIED_KEPT: usize = 10;

/// Something that was refused because nothing grants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denied {
    pub(super) path: PathBuf,
    pub(super) access: Access,
}

/// A handle of a granted directory that stays where it is: it serves all calls.
pub(super) struct Lasting {
    path: std::sync::Arc<Path>,
    access: Access,
    number: u32,
}

/// What is open during a call.
#[derive(Default)]
pub(super) struct Open {
    /// Handles of granted directories, by their place among the mounts. The guest never holds them.
    pub(super) mounts: Map<usize, u32>,
    /// Handles of the directories that hold what is granted and no directory, by the same place. Nor does it hold these.
    holders: Map<usize, u32>,
    /// Numbers of what the guest opened: files, directories, streams.
    pub(super) handles: Set<u32>,
}

impl State {
    /// Closes what the call held, and says whether the guest still holds something open.
    pub(super) fn close_files(&mut self) -> bool {
        self.close_mounts();
        let handles = std::mem::take(&mut self.open.handles);
        handles.into_iter().any(|number| self.table.get_any_mut(number).is_ok())
    }

    /// Closes the handles of granted directories: what a command or the host has put in their place is seen from now on.
    pub(super) fn close_mounts(&mut self) {
        let mounts = std::mem::take(&mut self.open.mounts).into_values();
        for number in mounts.chain(std::mem::take(&mut self.open.holders).into_values()) {
            // It is there: only this file knows the number.
            let _ = self.table.delete(Resource::<Descriptor>::new_own(number));
        }
    }

    /// The handle and the path in it for what the guest calls `path` in `directory`.
    pub(super) fn locate(
        &mut self,
        directory: Resource<Descriptor>,
        path: String,
        access: Access,
    ) -> FsResult<Located> {
        if !self.roots.contains(&directory.rep()) {
            return Ok(Located { directory, path, mount: None, is_entry: false });
        }
        let absolute = normalise(&Path::new("/").join(&path));
        let granted = std::sync::Arc::clone(&self.call.granted);
        let Some((at, rest)) = granted.mounts.route(&absolute) else {
            return Err(self.deny(absolute, access));
        };
        let mount = granted.mounts.get(at).filter(|mount| mount.access >= access);
        let Some(mount) = mount else {
            return Err(self.deny(absolute, access));
        };
        if rest.as_os_str().is_empty() {
            return Ok(Located { directory, path: ".".to_owned(), mount: Some(at), is_entry: false });
        }
        let number = self.open_mount(at, mount)?;
        // The text came from a `String`, and nothing was cut out of the middle of a character.
        let path = rest.to_string_lossy().into_owned();
        Ok(Located { directory: Resource::new_borrow(number), path, mount: None, is_entry: false })
    }

    /// As [`Self::locate`], where the granted directory itself is an ordinary directory too. Where it is none, it is an
    /// entry of the directory that holds it.
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
        let granted = std::sync::Arc::clone(&self.call.granted);
        let Some(mount) = granted.mounts.get(at) else {
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
        Ok(Located { directory: Resource::new_borrow(number), path, mount: Some(at), is_entry })
    }

    /// The handle of the directory that holds what is granted.
    fn open_holder(&mut self, at: usize, mount: &Mount) -> FsResult<u32> {
        if let Some(number) = self.open.holders.get(&at) {
            return Ok(*number);
        }
        let (holder, _) = mount.holder().map_err(|error| ErrorCode::from(&error))?;
        let number = self.push(holder, mount.access)?;
        self.open.holders.insert(at, number);
        Ok(number)
    }

    fn push(&mut self, directory: File, access: Access) -> FsResult<u32> {
        let (permissions, mode) = match access {
            Access::Read => (FsPerms::ReadOnly, OpenMode::READ),
            Access::Write => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
        };
        let directory = Dir::new(directory, permissions, mode, true);
        Ok(self.table.push(Descriptor::Dir(directory)).map_err(FsError::trap)?.rep())
    }

    /// The handle of a granted directory.
    fn open_mount(&mut self, at: usize, mount: &Mount) -> FsResult<u32> {
        let kept = if mount.lasting {
            let is_it = |kept: &&Lasting| kept.access == mount.access && same(&kept.path, &mount.path);
            self.lasting.iter().find(is_it).map(|kept| kept.number)
        } else {
            self.open.mounts.get(&at).copied()
        };
        if let Some(number) = kept {
            return Ok(number);
        }
        let file = mount.open().map_err(|error| ErrorCode::from(&error))?;
        let number = self.push(file, mount.access)?;
        if mount.lasting {
            self.lasting.push(Lasting { path: mount.path.clone(), access: mount.access, number });
        } else {
            self.open.mounts.insert(at, number);
        }
        Ok(number)
    }

    pub(super) fn deny(&mut self, path: PathBuf, access: Access) -> FsError {
        let denied = Denied { path, access };
        if self.call.denied.len() < DENIED_KEPT && !self.call.denied.contains(&denied) {
            self.call.denied.push(denied);
        }
        ErrorCode::NotPermitted.into()
    }

    /// The directory behind a handle on which the guest acts without a path.
    pub(super) fn itself(&mut self, handle: Resource<Descriptor>, access: Access) -> FsResult<Resource<Descriptor>> {
        if !self.roots.contains(&handle.rep()) {
            return Ok(handle);
        }
        Ok(self.locate_any(handle, String::new(), access)?.directory)
    }

    /// What an entry is, and its identity, where one call of the system tells. C's `stat` asks for both, one after the
    /// other: the answer is kept for the second question.
    pub(super) fn look(
        &mut self,
        directory: Resource<Descriptor>,
        flags: wit::PathFlags,
        path: String,
    ) -> FsResult<Look> {
        let asked = Asked { directory: directory.rep(), path };
        // Whether links are followed makes a difference for links only.
        if let Some((earlier, found)) = self.known.take()
            && earlier == asked
            && found.0.type_ != wit::DescriptorType::SymbolicLink
        {
            return Ok(Look::Found(found));
        }
        self.calling("stat", &[&asked.path]);
        let located = self.locate_any(directory, asked.path.clone(), Access::Read)?;
        if let Descriptor::Dir(directory) = self.table.get(&located.directory)?
            && let Some(found) = status::of_entry(&directory.dir, &located.path, located.flags(flags))
        {
            let found = found.map_err(|error| ErrorCode::from(&error))?;
            self.known = Some((asked, found));
            return Ok(Look::Found(found));
        }
        Ok(Look::Walk(located))
    }

    /// Refuses to open what blocks until someone else acts: FIFOs, sockets, devices.
    pub(super) fn refuse_special(&mut self, located: &Located, flags: wit::PathFlags) -> FsResult<()> {
        let (directory, flags) = (Resource::new_borrow(located.directory.rep()), located.flags(flags));
        let found = ready(Inner::stat_at(&mut self.filesystem(), directory, flags.into(), located.path.clone()));
        match found.map(|found| wit::DescriptorStat::from(found).type_) {
            Ok(
                wit::DescriptorType::RegularFile | wit::DescriptorType::Directory | wit::DescriptorType::SymbolicLink,
            ) => Ok(()),
            Ok(_) => Err(ErrorCode::Unsupported.into()),
            // It does not exist, or cannot be had: opening it says so, or creates it.
            Err(_) => Ok(()),
        }
    }

    pub(super) fn opened<T: 'static>(&mut self, handle: FsResult<Resource<T>>) -> FsResult<Resource<T>> {
        if let Ok(handle) = &handle {
            self.open.handles.insert(handle.rep());
        }
        handle
    }
}

/// What the guest asked about, as it called it.
#[derive(PartialEq)]
pub(super) struct Asked {
    directory: u32,
    path: String,
}

/// What looking at an entry gave.
pub(super) enum Look {
    Found(status::Status),
    /// Its path has to be walked.
    Walk(Located),
}

/// A directory and a path in it; `mount` if that is a granted directory itself.
pub(super) struct Located {
    pub(super) directory: Resource<Descriptor>,
    pub(super) path: String,
    pub(super) mount: Option<usize>,
    /// Whether the directory holds what is granted, and nothing else of it is.
    is_entry: bool,
}

impl Located {
    /// The flags with which the path is looked up.
    pub(super) fn flags(&self, flags: wit::PathFlags) -> wit::PathFlags {
        // A link could lead to what lies beside it.
        if self.is_entry { wit::PathFlags::empty() } else { flags }
    }
}

/// Whether there is no directory.
fn is_none(error: &ErrorCode) -> bool {
    matches!(error, ErrorCode::NotDirectory | ErrorCode::NoEntry | ErrorCode::Loop)
}
