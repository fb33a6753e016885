//! Removing what is in a directory that its owner may not write: archives and builds leave such directories, and WASI has no
//! way to change permissions.

use std::path::Path;

use cap_std::fs::Dir;
use rustix::fs::{Mode, fchmod, fstat};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView, WasiFilesystemView as _};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::routing::{FilesystemView, Located};

impl FilesystemView<'_> {
    /// Removes an entry with `remove`. In the part's own place, a directory that cannot be written becomes writable first.
    pub(super) fn removing(
        &mut self,
        located: Located,
        remove: impl Fn(&mut WasiFilesystemCtxView<'_>, Resource<Descriptor>, String) -> FsResult<()>,
    ) -> FsResult<()> {
        let Located { directory, path, absolute, .. } = located;
        let number = directory.rep();
        let Err(error) = remove(&mut self.filesystem(), directory, path.clone()) else { return Ok(()) };
        let is_own = absolute.is_some_and(|path| self.call.rights.is_own_place(&path));
        if !is_own || error.downcast_ref() != Some(&ErrorCode::Access) || self.make_writable(number, &path).is_none() {
            return Err(error);
        }
        remove(&mut self.filesystem(), Resource::new_borrow(number), path)
    }

    /// Lets the owner write the directory that has this entry. Never follows a link out of the open directory.
    fn make_writable(&self, number: u32, entry: &str) -> Option<()> {
        let Descriptor::Dir(holder) = self.table.get(&Resource::<Descriptor>::new_borrow(number)).ok()? else {
            return None;
        };
        let directory = Dir::from_std_file(holder.dir.try_clone().ok()?);
        let parent = Path::new(entry).parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory =
            parent.map_or(Ok(None), |parent| directory.open_dir(parent).map(Some)).ok()?.unwrap_or(directory);
        let mode = Mode::from_raw_mode(fstat(&directory).ok()?.st_mode) | Mode::RWXU;
        fchmod(&directory, mode).ok()
    }
}
