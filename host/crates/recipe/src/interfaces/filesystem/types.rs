//! The functions of `wasi:filesystem`, each routed to a granted directory.

use std::sync::Arc;

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, HostDescriptor as Inner};
use wasmtime_wasi::p2::bindings::filesystem::types::{HostDirectoryEntryStream as InnerEntries, PathFlags};
use wasmtime_wasi::p2::bindings::sync::filesystem::types as wit;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};
use wasmtime_wasi::{FsPerms, OpenMode};

use super::absolute::NamedPath;
use super::opening::{self, OpenedDescriptor};
use super::ready::ready;
use super::routing::{FilesystemView, Look};
use crate::grants::guard::Change;
use crate::grants::mounts::Access;

impl preopens::Host for FilesystemView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let root = std::fs::File::open("/")?;
        let handle = self.table.push(Descriptor::Dir(Dir::new(root, FsPerms::ReadOnly, OpenMode::READ, true)))?;
        self.files.roots.insert(handle.rep());
        Ok(vec![(handle, "/".to_owned())])
    }
}

impl wit::Host for FilesystemView<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<wit::ErrorCode> {
        wit::Host::convert_error_code(&mut self.filesystem(), error)
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<wit::ErrorCode>> {
        wit::Host::filesystem_error_code(&mut self.filesystem(), error)
    }
}

impl wit::HostDescriptor for FilesystemView<'_> {
    fn advise(
        &mut self,
        file: Resource<Descriptor>,
        offset: wit::Filesize,
        length: wit::Filesize,
        advice: wit::Advice,
    ) -> FsResult<()> {
        ready(Inner::advise(&mut self.filesystem(), file, offset, length, advice.into()))
    }

    fn sync_data(&mut self, file: Resource<Descriptor>) -> FsResult<()> {
        self.call.note("sync-data", &[]);
        let file = self.itself(file, Access::Read)?;
        ready(Inner::sync_data(&mut self.filesystem(), file))
    }

    fn get_flags(&mut self, file: Resource<Descriptor>) -> FsResult<wit::DescriptorFlags> {
        Ok(ready(Inner::get_flags(&mut self.filesystem(), file))?.into())
    }

    fn get_type(&mut self, file: Resource<Descriptor>) -> FsResult<wit::DescriptorType> {
        Ok(ready(Inner::get_type(&mut self.filesystem(), file))?.into())
    }

    fn set_size(&mut self, file: Resource<Descriptor>, size: wit::Filesize) -> FsResult<()> {
        self.call.note("set-size", &[]);
        self.check_space(&file, size, 0)?;
        ready(Inner::set_size(&mut self.filesystem(), file, size))
    }

    fn set_times(
        &mut self,
        file: Resource<Descriptor>,
        accessed: wit::NewTimestamp,
        modified: wit::NewTimestamp,
    ) -> FsResult<()> {
        self.call.note("set-times", &[]);
        let file = self.itself(file, Access::Write)?;
        self.check_itself(&file)?;
        ready(Inner::set_times(&mut self.filesystem(), file, accessed.into(), modified.into()))
    }

    fn read(
        &mut self,
        file: Resource<Descriptor>,
        length: wit::Filesize,
        offset: wit::Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        self.call.note("read", &[]);
        ready(Inner::read(&mut self.filesystem(), file, length, offset))
    }

    fn write(&mut self, file: Resource<Descriptor>, bytes: Vec<u8>, offset: wit::Filesize) -> FsResult<wit::Filesize> {
        self.call.note("write", &[]);
        let length = bytes.len() as u64;
        self.check_space(&file, offset.saturating_add(length), length)?;
        ready(Inner::write(&mut self.filesystem(), file, bytes, offset))
    }

    fn read_directory(&mut self, directory: Resource<Descriptor>) -> FsResult<Resource<wit::DirectoryEntryStream>> {
        self.call.note("read-directory", &[]);
        let directory = self.itself(directory, Access::Read)?;
        let entries = ready(Inner::read_directory(&mut self.filesystem(), directory));
        self.opened(entries)
    }

    fn sync(&mut self, file: Resource<Descriptor>) -> FsResult<()> {
        let file = self.itself(file, Access::Read)?;
        ready(Inner::sync(&mut self.filesystem(), file))
    }

    fn create_directory_at(&mut self, directory: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.call.note("create-directory", &[&path]);
        self.through_links(NamedPath::new(&directory, path, false), Self::create_directory)
    }

    fn stat(&mut self, file: Resource<Descriptor>) -> FsResult<wit::DescriptorStat> {
        let file = self.itself(file, Access::Read)?;
        Ok(ready(Inner::stat(&mut self.filesystem(), file))?.into())
    }

    fn stat_at(
        &mut self,
        directory: Resource<Descriptor>,
        flags: wit::PathFlags,
        path: String,
    ) -> FsResult<wit::DescriptorStat> {
        let follows = flags.contains(wit::PathFlags::SYMLINK_FOLLOW);
        self.through_links(NamedPath::new(&directory, path, follows), |view, named| {
            let located = match view.look(named.handle(), flags, named.path)? {
                Look::Found(found) => return Ok(found.0),
                Look::Walk(located) => located,
            };
            let flags = located.flags(flags).into();
            let found = ready(Inner::stat_at(&mut view.filesystem(), located.directory, flags, located.path));
            Ok(found?.into())
        })
    }

    fn set_times_at(
        &mut self,
        directory: Resource<Descriptor>,
        flags: wit::PathFlags,
        path: String,
        accessed: wit::NewTimestamp,
        modified: wit::NewTimestamp,
    ) -> FsResult<()> {
        self.call.note("set-times", &[&path]);
        let follows = flags.contains(wit::PathFlags::SYMLINK_FOLLOW);
        self.through_links(NamedPath::new(&directory, path, follows), |view, named| {
            let located = view.locate_any(named.handle(), named.path, Access::Write)?;
            let located = view.changing(located, Change::Write)?;
            let flags = located.flags(flags).into();
            let (directory, path) = (located.directory, located.path);
            ready(Inner::set_times_at(&mut view.filesystem(), directory, flags, path, accessed.into(), modified.into()))
        })
    }

    fn link_at(
        &mut self,
        directory: Resource<Descriptor>,
        flags: wit::PathFlags,
        path: String,
        new_directory: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.call.note("link", &[&path, &new_path]);
        let follows = flags.contains(wit::PathFlags::SYMLINK_FOLLOW);
        let (old, new) = (NamedPath::new(&directory, path, follows), NamedPath::new(&new_directory, new_path, false));
        self.through_both(old, Some(new), |view, old, new| {
            let Some(new) = new else { return Err(ErrorCode::Invalid.into()) };
            let old = view.locate_any(old.handle(), old.path, Access::Write)?;
            let new = view.locate_any(new.handle(), new.path, Access::Write)?;
            let (old, new) = (view.changing(old, Change::Replace)?, view.changing(new, Change::Replace)?);
            let flags = old.flags(flags).into();
            view.will_make(&new)?;
            let inner = &mut view.filesystem();
            ready(Inner::link_at(inner, old.directory, flags, old.path, new.directory, new.path))?;
            view.made(new.absolute);
            Ok(())
        })
    }

    fn open_at(
        &mut self,
        directory: Resource<Descriptor>,
        flags: wit::PathFlags,
        path: String,
        open: wit::OpenFlags,
        mode: wit::DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        self.call.note("open", &[&path]);
        let follows = flags.contains(wit::PathFlags::SYMLINK_FOLLOW);
        self.through_links(NamedPath::new(&directory, path, follows), |view, named| view.open(named, flags, open, mode))
    }

    fn drop(&mut self, file: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.files.roots.remove(&file.rep());
        self.files.handles.remove(&file.rep());
        Inner::drop(&mut self.filesystem(), file)
    }

    fn readlink_at(&mut self, directory: Resource<Descriptor>, path: String) -> FsResult<String> {
        self.call.note("readlink", &[&path]);
        let located = self.locate_any(directory, path, Access::Read)?;
        ready(Inner::readlink_at(&mut self.filesystem(), located.directory, located.path))
    }

    fn remove_directory_at(&mut self, directory: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.call.note("remove-directory", &[&path]);
        self.through_links(NamedPath::new(&directory, path, false), Self::remove_directory)
    }

    fn rename_at(
        &mut self,
        directory: Resource<Descriptor>,
        path: String,
        new_directory: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.call.note("rename", &[&path, &new_path]);
        let (old, new) = (NamedPath::new(&directory, path, false), NamedPath::new(&new_directory, new_path, false));
        self.through_both(old, Some(new), Self::rename)
    }

    fn symlink_at(&mut self, directory: Resource<Descriptor>, target: String, path: String) -> FsResult<()> {
        self.call.note("symlink", &[&path]);
        self.through_links(NamedPath::new(&directory, path, false), |view, named| view.symlink(target.clone(), named))
    }

    fn unlink_file_at(&mut self, directory: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.call.note("unlink", &[&path]);
        self.through_links(NamedPath::new(&directory, path, false), |view, named| {
            let located = view.locate_any(named.handle(), named.path, Access::Write)?;
            let located = view.changing(located, Change::Replace)?;
            view.removing(located, |view, directory, path| ready(Inner::unlink_file_at(view, directory, path)))
        })
    }

    fn read_via_stream(
        &mut self,
        file: Resource<Descriptor>,
        offset: wit::Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        let stream = Inner::read_via_stream(&mut self.filesystem(), file, offset);
        self.opened(stream)
    }

    fn write_via_stream(
        &mut self,
        file: Resource<Descriptor>,
        offset: wit::Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        self.call.note("write-via-stream", &[]);
        let written = Resource::new_borrow(file.rep());
        let stream = Inner::write_via_stream(&mut self.filesystem(), file, offset)?;
        let stream = self.watched(stream, &written, Some(offset));
        self.opened(stream)
    }

    fn append_via_stream(&mut self, file: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        self.call.note("append-via-stream", &[]);
        let written = Resource::new_borrow(file.rep());
        let stream = Inner::append_via_stream(&mut self.filesystem(), file)?;
        let stream = self.watched(stream, &written, None);
        self.opened(stream)
    }

    fn is_same_object(&mut self, a: Resource<Descriptor>, b: Resource<Descriptor>) -> wasmtime::Result<bool> {
        ready(Inner::is_same_object(&mut self.filesystem(), a, b))
    }

    fn metadata_hash(&mut self, file: Resource<Descriptor>) -> FsResult<wit::MetadataHashValue> {
        let file = self.itself(file, Access::Read)?;
        Ok(ready(Inner::metadata_hash(&mut self.filesystem(), file))?.into())
    }

    fn metadata_hash_at(
        &mut self,
        directory: Resource<Descriptor>,
        flags: wit::PathFlags,
        path: String,
    ) -> FsResult<wit::MetadataHashValue> {
        let follows = flags.contains(wit::PathFlags::SYMLINK_FOLLOW);
        self.through_links(NamedPath::new(&directory, path, follows), |view, named| {
            let located = match view.look(named.handle(), flags, named.path)? {
                Look::Found(found) => return Ok(found.1),
                Look::Walk(located) => located,
            };
            let flags = PathFlags::from(located.flags(flags));
            let inner = &mut view.filesystem();
            Ok(ready(Inner::metadata_hash_at(inner, located.directory, flags, located.path))?.into())
        })
    }
}

impl FilesystemView<'_> {
    fn create_directory(&mut self, named: NamedPath) -> FsResult<()> {
        let located = self.locate(named.handle(), named.path, Access::Write)?;
        let rights = Arc::clone(&self.call.rights);
        self.will_make(&located)?;
        if let Some(mount) = located.mount.and_then(|at| rights.mounts.get(at)) {
            mount.create().map_err(|error| ErrorCode::from(&error))?;
            self.made(located.absolute);
            return Ok(());
        }
        let located = self.changing(located, Change::Write)?;
        ready(Inner::create_directory_at(&mut self.filesystem(), located.directory, located.path))?;
        self.made(located.absolute);
        Ok(())
    }

    fn open(
        &mut self,
        named: NamedPath,
        flags: wit::PathFlags,
        open: wit::OpenFlags,
        mode: wit::DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let writes = open.intersects(wit::OpenFlags::CREATE | wit::OpenFlags::TRUNCATE)
            || mode.intersects(wit::DescriptorFlags::WRITE | wit::DescriptorFlags::MUTATE_DIRECTORY);
        let access = if writes { Access::Write } else { Access::Read };
        let located = self.locate_any(named.handle(), named.path, access)?;
        if open.contains(wit::OpenFlags::CREATE) {
            self.will_make(&located)?;
        }
        let Descriptor::Dir(holder) = self.table.get(&located.directory)? else {
            return Err(ErrorCode::NotDirectory.into());
        };
        let guard = Arc::clone(&self.call.rights.guard);
        let opened = opening::open(holder, &located.path, located.flags(flags), open, mode, &guard);
        if let (Err(ErrorCode::NotPermitted), Some(path), true) = (&opened, &located.absolute, writes) {
            self.call.deny(path.clone(), Access::Write);
        }
        let OpenedDescriptor { descriptor, is_new } = opened?;
        let handle = self.table.push(descriptor)?;
        self.files.handles.insert(handle.rep(), located.absolute.clone());
        if is_new {
            self.made(located.absolute);
        }
        Ok(handle)
    }

    fn remove_directory(&mut self, named: NamedPath) -> FsResult<()> {
        let located = self.locate(named.handle(), named.path, Access::Write)?;
        let rights = Arc::clone(&self.call.rights);
        if let Some((at, mount)) = located.mount.and_then(|at| Some((at, rights.mounts.get(at)?))) {
            if mount.lasting {
                return Err(ErrorCode::Busy.into());
            }
            mount.remove().map_err(|error| ErrorCode::from(&error))?;
            if let Some(number) = self.files.mounts.remove(&at) {
                self.table.delete(Resource::<Descriptor>::new_own(number)).map_err(FsError::trap)?;
            }
            return Ok(());
        }
        let located = self.changing(located, Change::Replace)?;
        self.removing(located, |view, directory, path| ready(Inner::remove_directory_at(view, directory, path)))
    }

    fn rename(&mut self, old: NamedPath, new: Option<NamedPath>) -> FsResult<()> {
        let Some(new) = new else { return Err(ErrorCode::Invalid.into()) };
        let old = self.locate(old.handle(), old.path, Access::Write)?;
        let new = self.locate(new.handle(), new.path, Access::Write)?;
        if old.mount.is_some() || new.mount.is_some() {
            // A granted directory keeps its name, like the mount point of a file system.
            return Err(ErrorCode::Busy.into());
        }
        let is_made = self.is_made(&old) && self.is_missing(&new);
        let (old, new) = (self.changing(old, Change::Replace)?, self.changing(new, Change::Replace)?);
        if is_made {
            self.will_make(&new)?;
        }
        ready(Inner::rename_at(&mut self.filesystem(), old.directory, old.path, new.directory, new.path))?;
        if is_made {
            self.made(new.absolute);
        }
        Ok(())
    }

    fn symlink(&mut self, target: String, named: NamedPath) -> FsResult<()> {
        let located = self.locate(named.handle(), named.path, Access::Write)?;
        if located.mount.is_some() {
            // It would be followed the next time the granted directory is opened.
            return Err(ErrorCode::Exist.into());
        }
        let located = self.changing(located, Change::Replace)?;
        self.will_make(&located)?;
        ready(Inner::symlink_at(&mut self.filesystem(), located.directory, target, located.path))?;
        self.made(located.absolute);
        Ok(())
    }
}

impl wit::HostDirectoryEntryStream for FilesystemView<'_> {
    fn read_directory_entry(
        &mut self,
        stream: Resource<wit::DirectoryEntryStream>,
    ) -> FsResult<Option<wit::DirectoryEntry>> {
        Ok(ready(InnerEntries::read_directory_entry(&mut self.filesystem(), stream))?.map(Into::into))
    }

    fn drop(&mut self, stream: Resource<wit::DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.files.handles.remove(&stream.rep());
        InnerEntries::drop(&mut self.filesystem(), stream)
    }
}
