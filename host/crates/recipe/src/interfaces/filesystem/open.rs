//! Open files of an instance: handles of granted directories, and the files that its guest opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::collections::{Map, Set};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::Descriptor;

use super::status::Status;
use crate::grants::mounts::{Access, Mount, same};

/// The open files.
#[derive(Default)]
pub(crate) struct OpenFiles {
    /// Handles of the root directory that the guest has, by number.
    pub(super) roots: Set<u32>,
    /// Handles of granted directories, by their index among the mounts. The guest never has them.
    pub(super) mounts: Map<usize, u32>,
    /// Handles of the directories that contain a granted file, or a granted directory that does not exist, by the same
    /// index. The guest never has these either.
    pub(super) holders: Map<usize, u32>,
    /// What the guest opened in this call (files, directories, streams) by number, with the paths of directories.
    pub(super) handles: Map<u32, Option<PathBuf>>,
    /// Granted directories that stay open from call to call.
    lasting: Vec<Lasting>,
    /// Directories that are open for one operation.
    pub(super) temporary: Vec<u32>,
    /// The result of the guest's last call of the host.
    pub(super) known: Option<KnownEntry>,
}

/// A handle of a granted directory that stays in place: it is used in all calls.
struct Lasting {
    path: Arc<Path>,
    access: Access,
    number: u32,
}

/// The information about an entry from one call of the host.
pub(super) struct KnownEntry {
    /// The number of the call: it is valid until the next one.
    pub(super) call: u64,
    pub(super) directory: u32,
    pub(super) path: String,
    pub(super) status: Status,
}

impl OpenFiles {
    /// Closes the files of a call, and returns whether the guest still has something open.
    pub(crate) fn close(&mut self, table: &mut ResourceTable) -> bool {
        self.close_mounts(table);
        self.known = None;
        let handles = std::mem::take(&mut self.handles);
        handles.into_keys().any(|number| table.get_any_mut(number).is_ok())
    }

    /// Closes the handles of granted directories: from now on, directories that a command or the host has put in their
    /// place are used.
    pub(crate) fn close_mounts(&mut self, table: &mut ResourceTable) {
        let mounts = std::mem::take(&mut self.mounts).into_values().chain(std::mem::take(&mut self.temporary));
        for number in mounts.chain(std::mem::take(&mut self.holders).into_values()) {
            // It exists: only these maps have the number.
            let _ = table.delete(Resource::<Descriptor>::new_own(number));
        }
    }

    /// The handle of a granted directory, if it was already opened.
    pub(super) fn mount(&self, at: usize, mount: &Mount) -> Option<u32> {
        if !mount.lasting {
            return self.mounts.get(&at).copied();
        }
        let is_it = |kept: &&Lasting| kept.access == mount.access && same(&kept.path, &mount.path);
        self.lasting.iter().find(is_it).map(|kept| kept.number)
    }

    pub(super) fn keep_mount(&mut self, at: usize, mount: &Mount, number: u32) {
        if mount.lasting {
            self.lasting.push(Lasting { path: mount.path.clone(), access: mount.access, number });
        } else {
            self.mounts.insert(at, number);
        }
    }
}
