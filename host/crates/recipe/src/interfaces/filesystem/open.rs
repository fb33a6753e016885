//! What an instance has open: handles of granted directories, and what its guest opened.

use std::path::Path;
use std::sync::Arc;

use base::collections::{Map, Set};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::Descriptor;

use super::status::Status;
use crate::grants::mounts::{Access, Mount, same};

/// What is open.
#[derive(Default)]
pub(crate) struct OpenFiles {
    /// Handles of the root directory that the guest holds, by number.
    pub(super) roots: Set<u32>,
    /// Handles of granted directories, by their place among the mounts. The guest never holds them.
    pub(super) mounts: Map<usize, u32>,
    /// Handles of the directories that hold a granted file, or a granted directory that does not exist, by the same place.
    /// Nor does it hold these.
    pub(super) holders: Map<usize, u32>,
    /// Numbers of what the guest opened in this call: files, directories, streams.
    pub(super) handles: Set<u32>,
    /// Granted directories that stay open from call to call.
    lasting: Vec<Lasting>,
    /// What the guest's last call of the host found.
    pub(super) known: Option<Known>,
}

/// A handle of a granted directory that stays where it is: it serves all calls.
struct Lasting {
    path: Arc<Path>,
    access: Access,
    number: u32,
}

/// What one call of the host found out about an entry.
pub(super) struct Known {
    /// The number of the call: it is valid until the next one.
    pub(super) call: u64,
    pub(super) directory: u32,
    pub(super) path: String,
    pub(super) status: Status,
}

impl OpenFiles {
    /// Closes what a call held, and returns whether the guest still holds something open.
    pub(crate) fn close(&mut self, table: &mut ResourceTable) -> bool {
        self.close_mounts(table);
        self.known = None;
        let handles = std::mem::take(&mut self.handles);
        handles.into_iter().any(|number| table.get_any_mut(number).is_ok())
    }

    /// Closes the handles of granted directories: what a command or the host has put in their place is seen from now on.
    pub(crate) fn close_mounts(&mut self, table: &mut ResourceTable) {
        let mounts = std::mem::take(&mut self.mounts).into_values();
        for number in mounts.chain(std::mem::take(&mut self.holders).into_values()) {
            // It exists: only these maps have the number.
            let _ = table.delete(Resource::<Descriptor>::new_own(number));
        }
    }

    /// The handle of a granted directory that was opened before.
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
