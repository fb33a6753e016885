//! Operations in directories in which a recipe may change some entries and not others: each is done in the opened directory
//! that was checked.

use std::path::Path;

use cap_std::fs::{Dir as Directory, MetadataExt as _};
use wasmtime::component::Resource;
use wasmtime_wasi::FsPerms;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::routing::{FilesystemView, Located};
use crate::grants::guard::Change;
use crate::grants::mounts::Access;

impl FilesystemView<'_> {
    /// What an operation is about to change: the directory that contains it, opened without the rest of the path, and its name
    /// there. Refuses what stays as it is.
    pub(super) fn changing(&mut self, located: Located, change: Change) -> FsResult<Located> {
        let guard = &self.call.rights.guard;
        if guard.is_empty() {
            return Ok(located);
        }
        let Descriptor::Dir(holder) = self.table.get(&located.directory)? else {
            return Err(ErrorCode::NotDirectory.into());
        };
        let path = Path::new(&located.path);
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            // The directory itself, which has no name here: nothing of it can be replaced.
            return if change == Change::Write { Ok(located) } else { Err(ErrorCode::Busy.into()) };
        };
        let access = if holder.perms == FsPerms::ReadWrite { Access::Write } else { Access::Read };
        let opened = holder.dir.try_clone().map_err(|error| ErrorCode::from(&error))?;
        let opened = match parent.as_os_str().is_empty() {
            true => opened,
            false => {
                let parent = Directory::from_std_file(opened).open_dir(parent);
                parent.map_err(|error| ErrorCode::from(&error))?.into_std_file()
            }
        };
        let linked = || Directory::from_std_file(opened.try_clone()?).symlink_metadata(name);
        let is_linked =
            linked().is_ok_and(|found: cap_std::fs::Metadata| guard.is_linked(found.dev(), found.ino(), found.nlink()));
        if is_linked || guard.keeps_entry(&opened, name, change).map_err(|error| ErrorCode::from(&error))? {
            let path = located.absolute.unwrap_or_else(|| path.to_owned());
            return Err(self.deny(path, Access::Write));
        }
        let name = name.to_string_lossy().into_owned();
        let number = self.push(opened, access)?;
        self.files.temporary.push(number);
        Ok(Located { directory: Resource::new_borrow(number), path: name, ..located })
    }

    /// Refuses to change the status of something open that stays as it is: the system allows it also if it is open only for
    /// reading.
    pub(super) fn check_itself(&self, handle: &Resource<Descriptor>) -> FsResult<()> {
        let opened = match self.table.get(handle)? {
            Descriptor::File(opened) => &opened.file,
            Descriptor::Dir(opened) => &opened.dir,
        };
        match self.call.rights.guard.keeps_file(opened).map_err(|error| ErrorCode::from(&error))? {
            true => Err(ErrorCode::NotPermitted.into()),
            false => Ok(()),
        }
    }

    /// Closes the directories of the operation before.
    pub(super) fn release(&mut self) {
        for number in std::mem::take(&mut self.files.temporary) {
            // It exists: only this list has the number.
            let _ = self.table.delete(Resource::<Descriptor>::new_own(number));
        }
    }
}
