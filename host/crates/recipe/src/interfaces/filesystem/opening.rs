//! `open-at`: opens without waiting, then looks at what was opened.
//!
//! WASI's own implementation waits where someone else has put a named pipe in place of a file, deadline or not. Otherwise
//! this does what that one does.

use std::io::ErrorKind;
use std::path::Path;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsMaybeDirExt as _, OpenOptionsSyncExt as _};
use cap_std::fs::{Dir as Directory, OpenOptions};
use wasmtime_wasi::filesystem::{Descriptor, Dir, File};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types as wit;
use wasmtime_wasi::{FsPerms, OpenMode};

use crate::grants::guard::{Change, Guard};

/// How often a file that appears and disappears meanwhile is tried again.
const TRIES: usize = 8;

/// What was opened, and whether it did not exist before.
pub(super) struct OpenedDescriptor {
    pub(super) descriptor: Descriptor,
    pub(super) is_new: bool,
}

/// Opens `path` in `directory`.
pub(super) fn open(
    directory: &Dir,
    path: &str,
    follow: wit::PathFlags,
    open: wit::OpenFlags,
    flags: wit::DescriptorFlags,
    guard: &Guard,
) -> Result<OpenedDescriptor, ErrorCode> {
    check(open, flags)?;
    let mode = mode(open, flags);
    if mode.contains(OpenMode::WRITE) && directory.perms == FsPerms::ReadOnly {
        return Err(ErrorCode::NotPermitted);
    }
    let handle = directory.dir.try_clone().map_err(|error| ErrorCode::from(&error))?;
    let (handle, options) = (Directory::from_std_file(handle), options(follow, open, mode));
    let (file, is_new) = match guard.is_empty() || !mode.contains(OpenMode::WRITE) {
        true => open_or_create(&handle, path, &options, open)?,
        false => open_guarded(&handle, path, options, open, guard)?,
    };
    let metadata = file.metadata().map_err(|error| ErrorCode::from(&error))?;
    let descriptor = if metadata.is_dir() {
        Descriptor::Dir(Dir::new(file, directory.perms, mode, true))
    } else if open.contains(wit::OpenFlags::DIRECTORY) {
        return Err(ErrorCode::NotDirectory);
    } else if metadata.is_file() {
        Descriptor::File(File::new(file, directory.perms, mode, true))
    } else {
        // Reading or writing a named pipe, a socket or a device may never end.
        return Err(ErrorCode::Unsupported);
    };
    Ok(OpenedDescriptor { descriptor, is_new })
}

fn check(open: wit::OpenFlags, flags: wit::DescriptorFlags) -> Result<(), ErrorCode> {
    use wit::DescriptorFlags as Flags;
    if flags.intersects(Flags::FILE_INTEGRITY_SYNC | Flags::DATA_INTEGRITY_SYNC | Flags::REQUESTED_WRITE_SYNC) {
        return Err(ErrorCode::Unsupported);
    }
    let makes = wit::OpenFlags::CREATE | wit::OpenFlags::EXCLUSIVE | wit::OpenFlags::TRUNCATE;
    if open.contains(wit::OpenFlags::DIRECTORY) && open.intersects(makes) {
        return Err(ErrorCode::Invalid);
    }
    Ok(())
}

/// What the descriptor is opened for. One that is not opened for writing is opened for reading.
fn mode(open: wit::OpenFlags, flags: wit::DescriptorFlags) -> OpenMode {
    let mut mode = OpenMode::empty();
    let writes = flags.contains(wit::DescriptorFlags::WRITE);
    if writes || open.intersects(wit::OpenFlags::CREATE | wit::OpenFlags::TRUNCATE) {
        mode |= OpenMode::WRITE;
    }
    if !writes || flags.contains(wit::DescriptorFlags::READ) {
        mode |= OpenMode::READ;
    }
    mode
}

fn options(follow: wit::PathFlags, open: wit::OpenFlags, mode: OpenMode) -> OpenOptions {
    let follow = match follow.contains(wit::PathFlags::SYMLINK_FOLLOW) {
        true => FollowSymlinks::Yes,
        false => FollowSymlinks::No,
    };
    let mut options = OpenOptions::new();
    options.read(mode.contains(OpenMode::READ)).write(mode.contains(OpenMode::WRITE));
    options.truncate(open.contains(wit::OpenFlags::TRUNCATE));
    options.follow(follow).maybe_dir(true).nonblock(true);
    options
}

/// Opens a file; with `CREATE`, creates it if it does not exist. Returns whether it was created: one system call does not show that.
fn open_or_create(
    directory: &Directory,
    path: &str,
    options: &OpenOptions,
    open: wit::OpenFlags,
) -> Result<(std::fs::File, bool), ErrorCode> {
    let open_with = |options: &OpenOptions| directory.open_with(path, options).map(cap_std::fs::File::into_std);
    if !open.contains(wit::OpenFlags::CREATE) {
        return open_with(options).map(|file| (file, false)).map_err(failed);
    }
    let create = || open_with(options.clone().create_new(true)).map(|file| (file, true));
    if open.contains(wit::OpenFlags::EXCLUSIVE) {
        return create().map_err(failed);
    }
    for _ in 0..TRIES {
        match open_with(options) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return opened.map(|file| (file, false)).map_err(failed),
        }
        match create() {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return created.map_err(failed),
        }
    }
    // A link to a file that does not exist: the file is created, and is not one that the part can name.
    open_with(options.clone().create(true)).map(|file| (file, false)).map_err(failed)
}

/// The same where some files stay as they are: nothing is changed before what was opened is known.
fn open_guarded(
    directory: &Directory,
    path: &str,
    mut options: OpenOptions,
    open: wit::OpenFlags,
    guard: &Guard,
) -> Result<(std::fs::File, bool), ErrorCode> {
    options.truncate(false);
    let (creates, exclusive) = (open.contains(wit::OpenFlags::CREATE), open.contains(wit::OpenFlags::EXCLUSIVE));
    for _ in 0..TRIES {
        match directory.open_with(path, &options).map(cap_std::fs::File::into_std) {
            Ok(_) if creates && exclusive => return Err(ErrorCode::Exist),
            Ok(file) if guard.keeps_file(&file).map_err(failed)? => return Err(ErrorCode::NotPermitted),
            Ok(file) => {
                if open.contains(wit::OpenFlags::TRUNCATE) {
                    file.set_len(0).map_err(failed)?;
                }
                return Ok((file, false));
            }
            Err(error) if error.kind() == ErrorKind::NotFound && creates => {}
            Err(error) => return Err(failed(error)),
        }
        match create_guarded(directory, path, &options, guard)? {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (file, true)).map_err(failed),
        }
    }
    // A link to a file that does not exist, whose place is not known before it is there.
    Err(ErrorCode::NotPermitted)
}

fn create_guarded(
    directory: &Directory,
    path: &str,
    options: &OpenOptions,
    guard: &Guard,
) -> Result<std::io::Result<std::fs::File>, ErrorCode> {
    let path = Path::new(path);
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Err(ErrorCode::NoEntry) };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let parent = directory.open_dir(parent).map_err(failed)?;
    if guard.keeps_entry(&parent, name, Change::Write).map_err(failed)? {
        return Err(ErrorCode::NotPermitted);
    }
    Ok(parent.open_with(name, options.clone().create_new(true)).map(cap_std::fs::File::into_std))
}

fn failed(error: std::io::Error) -> ErrorCode {
    match error.raw_os_error() {
        // Of a named pipe that no one reads.
        Some(number) if number == rustix::io::Errno::NXIO.raw_os_error() => ErrorCode::Unsupported,
        _ => ErrorCode::from(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(directory: &Dir, path: &str, flags: wit::OpenFlags, write: bool) -> Result<bool, ErrorCode> {
        t_guarded(directory, path, flags, write, &Guard::default())
    }

    fn t_guarded(
        directory: &Dir,
        path: &str,
        flags: wit::OpenFlags,
        write: bool,
        guard: &Guard,
    ) -> Result<bool, ErrorCode> {
        let mode = if write { wit::DescriptorFlags::WRITE } else { wit::DescriptorFlags::READ };
        open(directory, path, wit::PathFlags::SYMLINK_FOLLOW, flags, mode, guard).map(|opened| opened.is_new)
    }

    #[test]
    fn what_stays_as_it_is_is_neither_truncated_nor_made() {
        let space = tempfile::tempdir().unwrap();
        let root = space.path().canonicalize().unwrap();
        let at = |name: &str| root.join(name);
        std::fs::create_dir(at("bin")).unwrap();
        std::fs::write(at("bin/buildout"), "text").unwrap();
        std::fs::write(at("other"), "text").unwrap();
        for (target, link) in
            [("bin/buildout", "link"), ("other", "fine"), ("recipes.toml", "dangling"), ("bin", "sub")]
        {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        std::fs::hard_link(at("bin/buildout"), at("hard")).unwrap();
        let guard = Guard::new(vec![at("bin/buildout"), at("recipes.toml")], &[]);
        let file = std::fs::File::open(&root).unwrap();
        let directory = Dir::new(file, FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE, true);
        let (create, truncate) = (wit::OpenFlags::CREATE, wit::OpenFlags::TRUNCATE);
        for path in ["bin/buildout", "link", "hard", "recipes.toml", "dangling", "sub/buildout", "bin/../recipes.toml"]
        {
            let t = |flags| t_guarded(&directory, path, flags, true, &guard);
            assert_eq!(t(create | truncate), Err(ErrorCode::NotPermitted), "{path}");
        }
        assert_eq!(std::fs::read(at("bin/buildout")).unwrap(), b"text");
        assert!(!at("recipes.toml").exists());
        assert_eq!(t_guarded(&directory, "link", wit::OpenFlags::empty(), false, &guard), Ok(false), "it can be read");
        assert_eq!(t_guarded(&directory, "fine", create | truncate, true, &guard), Ok(false));
        assert_eq!(std::fs::read(at("other")).unwrap(), b"");
        assert_eq!(t_guarded(&directory, "sub/new", create, true, &guard), Ok(true));
        let exclusive = create | wit::OpenFlags::EXCLUSIVE;
        assert_eq!(t_guarded(&directory, "bin/new", exclusive, true, &guard), Err(ErrorCode::Exist));
    }

    #[test]
    fn knows_what_is_new_and_waits_for_nothing() {
        let space = tempfile::tempdir().unwrap();
        let at = |name: &str| space.path().join(name);
        std::fs::write(at("old"), "text").unwrap();
        std::fs::create_dir(at("directory")).unwrap();
        std::os::unix::fs::symlink("later", at("dangling")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let file = std::fs::File::open(space.path()).unwrap();
        let directory = Dir::new(file, FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE, true);
        let create = wit::OpenFlags::CREATE;
        assert_eq!(t(&directory, "old", create, true), Ok(false));
        assert_eq!(t(&directory, "new", create, true), Ok(true));
        assert_eq!(t(&directory, "new", create | wit::OpenFlags::EXCLUSIVE, true), Err(ErrorCode::Exist));
        assert_eq!(t(&directory, "dangling", create, true), Ok(false));
        assert!(at("later").is_file());
        assert_eq!(t(&directory, "directory", wit::OpenFlags::DIRECTORY, false), Ok(false));
        assert_eq!(t(&directory, "old", wit::OpenFlags::DIRECTORY, false), Err(ErrorCode::NotDirectory));
        assert_eq!(t(&directory, "missing", wit::OpenFlags::empty(), false), Err(ErrorCode::NoEntry));
        for (flags, write) in [(wit::OpenFlags::empty(), false), (create, true), (wit::OpenFlags::TRUNCATE, true)] {
            assert_eq!(t(&directory, "pipe", flags, write), Err(ErrorCode::Unsupported));
        }
    }
}
