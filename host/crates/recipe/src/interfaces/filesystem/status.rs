//! `stat` of an entry of an open directory, in one system call.
//!
//! WASI's implementation opens the entry's directory again each time, because a path can point anywhere; a single name
//! cannot.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use rustix::fs::{AtFlags, FileType, Stat};
use wasmtime_wasi::p2::bindings::sync::filesystem::types as wit;

/// The second half of an identity in WASI is the first half, mixed with this value.
const UPPER_MIX: u64 = std::f64::consts::PI.to_bits();

/// The type of an entry and its identity.
pub(super) type Status = (wit::DescriptorStat, wit::MetadataHashValue);

/// The status of `path`, a single name or `.`, in `directory`. `None` if only walking the path can determine it: it has
/// several components, or is a symbolic link that is to be followed.
pub(super) fn of_entry(directory: &File, path: &str, flags: wit::PathFlags) -> Option<io::Result<Status>> {
    if path.is_empty() || path == ".." || path.contains(['/', '\0']) {
        return None;
    }
    let found = match rustix::fs::statat(directory, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => found,
        Err(error) => return Some(Err(error.into())),
    };
    let is_link = FileType::from_raw_mode(found.st_mode) == FileType::Symlink;
    if is_link && flags.contains(wit::PathFlags::SYMLINK_FOLLOW) {
        return None;
    }
    Some(Ok((description(&found), identity(&found))))
}

/// The status of the directory at `path`, which no recipe can replace. `None` if it is not a directory.
pub(super) fn of_directory(path: &std::path::Path) -> Option<Status> {
    let found = rustix::fs::stat(path).ok()?;
    let is_directory = FileType::from_raw_mode(found.st_mode) == FileType::Directory;
    is_directory.then(|| (description(&found), identity(&found)))
}

fn description(found: &Stat) -> wit::DescriptorStat {
    wit::DescriptorStat {
        type_: match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => wit::DescriptorType::RegularFile,
            FileType::Directory => wit::DescriptorType::Directory,
            FileType::Symlink => wit::DescriptorType::SymbolicLink,
            FileType::Fifo => wit::DescriptorType::Fifo,
            FileType::Socket => wit::DescriptorType::Socket,
            FileType::CharacterDevice => wit::DescriptorType::CharacterDevice,
            FileType::BlockDevice => wit::DescriptorType::BlockDevice,
            FileType::Unknown => wit::DescriptorType::Unknown,
        },
        link_count: found.st_nlink,
        size: u64::try_from(found.st_size).unwrap_or_default(),
        data_access_timestamp: time(found.st_atime, found.st_atime_nsec),
        data_modification_timestamp: time(found.st_mtime, found.st_mtime_nsec),
        status_change_timestamp: time(found.st_ctime, found.st_ctime_nsec),
    }
}

/// A time that WASI can represent: none before 1970.
fn time(seconds: i64, nanoseconds: impl TryInto<u32>) -> Option<wit::Datetime> {
    Some(wit::Datetime { seconds: seconds.try_into().ok()?, nanoseconds: nanoseconds.try_into().ok()? })
}

/// The same value that WASI's implementation returns for this file: it becomes the inode number that the guest sees.
fn identity(found: &Stat) -> wit::MetadataHashValue {
    let mut hasher = DefaultHasher::new();
    (found.st_dev, found.st_ino).hash(&mut hasher);
    let lower = hasher.finish();
    wit::MetadataHashValue { lower, upper: lower ^ UPPER_MIX }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces::filesystem::ready::ready;
    use wasmtime::component::{Resource, ResourceTable};
    use wasmtime_wasi::filesystem::{Descriptor, Dir, WasiFilesystemCtx, WasiFilesystemCtxView};
    use wasmtime_wasi::p2::bindings::filesystem::types::{HostDescriptor as Inner, PathFlags};
    use wasmtime_wasi::{FsPerms, OpenMode};

    /// The information about a file must be the same in all functions. The exception is the time of the last change of
    /// status: WASI's implementation returns the time of creation instead.
    #[test]
    fn it_is_what_wasi_reports() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::write(scratch.path().join("file"), "text").unwrap();
        std::fs::create_dir(scratch.path().join("directory")).unwrap();
        std::os::unix::fs::symlink("file", scratch.path().join("link")).unwrap();
        let directory = File::open(scratch.path()).unwrap();
        let mut table = ResourceTable::new();
        let dir = Dir::new(directory.try_clone().unwrap(), FsPerms::ReadOnly, OpenMode::READ, true);
        let handle = table.push(Descriptor::Dir(dir)).unwrap().rep();
        let mut context = WasiFilesystemCtx::default();
        let mut view = WasiFilesystemCtxView { ctx: &mut context, table: &mut table };
        for name in ["file", "directory", "link", "."] {
            let (ours, hash) = of_entry(&directory, name, wit::PathFlags::empty()).unwrap().unwrap();
            let stat = Inner::stat_at(&mut view, Resource::new_borrow(handle), PathFlags::empty(), name.to_owned());
            let stat = wit::DescriptorStat::from(ready(stat).unwrap());
            let stat = wit::DescriptorStat { status_change_timestamp: ours.status_change_timestamp, ..stat };
            assert_eq!(format!("{ours:?}"), format!("{stat:?}"), "{name}");
            let inner =
                Inner::metadata_hash_at(&mut view, Resource::new_borrow(handle), PathFlags::empty(), name.to_owned());
            let inner = wit::MetadataHashValue::from(ready(inner).unwrap());
            assert_eq!((hash.lower, hash.upper), (inner.lower, inner.upper), "{name}");
        }
    }

    #[test]
    fn what_must_be_walked_is_left() {
        let scratch = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("elsewhere", scratch.path().join("link")).unwrap();
        let directory = File::open(scratch.path()).unwrap();
        let follow = wit::PathFlags::SYMLINK_FOLLOW;
        for path in ["a/b", "..", "", "/", "link"] {
            assert!(of_entry(&directory, path, follow).is_none(), "{path}");
        }
        assert!(of_entry(&directory, "missing", follow).unwrap().is_err());
    }
}
