//! The tree that is unpacked: files, directories and links, written below one open directory.
//!
//! Knows nothing of archive formats. The directory was empty, so all of its content is known: an entry is written only
//! through directories of this archive. In addition, cap-std does not follow anything out of the directory.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use cap_std::fs::{
    Dir, DirBuilder, DirBuilderExt as _, File, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _,
    Permissions, PermissionsExt as _,
};
use rustix::fs::{AtFlags, Timespec, Timestamps, UTIME_OMIT, futimens, utimensat};

use super::error::{ArchiveFault, UnpackStop};
use super::meter::Meter;
use super::name::points_outside;
use base::collections::Map;
use base::files::FileError;

const BUFFER: usize = 128 << 10;

/// What was unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnpackedArchive {
    /// Names of the files and directories at the archive's top, sorted.
    pub top_level: Vec<OsString>,
    /// Bytes of all files together.
    pub bytes: u64,
    /// How many files, directories and links the archive lists.
    pub entries: u64,
}

/// The attributes of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryAttributes {
    /// Permission bits; further ones are ignored.
    pub(super) mode: u32,
    /// Time of the last modification.
    pub(super) modified: Time,
}

/// A time, since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
}

impl Time {
    pub(super) const EPOCH: Self = Self { seconds: 0, nanoseconds: 0 };

    /// The time of an existing file.
    fn of_file(metadata: &Metadata) -> Self {
        Self { seconds: metadata.mtime(), nanoseconds: u32::try_from(metadata.mtime_nsec()).unwrap_or(0) }
    }

    /// As file systems can store it: the largest time is that of a plain tar header (year 2242).
    fn stamps(self) -> Timestamps {
        let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
        let seconds = self.seconds.clamp(0, 0o777_7777_7777);
        let modified = Timespec { tv_sec: seconds, tv_nsec: self.nanoseconds.min(999_999_999).into() };
        Timestamps { last_access: omit, last_modification: modified }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EntryKind {
    /// A directory, listed in the archive or only implied.
    Directory,
    File,
    Link,
}

/// A tree that is unpacked.
pub(super) struct Tree<'a> {
    root: &'a Dir,
    meter: &'a Meter,
    strip: bool,
    /// Whether an entry replaces an earlier one of the same name.
    replace: bool,
    canceled: &'a dyn Fn() -> bool,
    kinds: Map<PathBuf, EntryKind>,
    /// Times of directories, set at the end: writing into a directory changes its time.
    directories: Vec<(PathBuf, Time)>,
    /// The directory that was used last: most entries are in the directory of the one before.
    current: Option<(PathBuf, Dir)>,
    buffer: Vec<u8>,
    bytes: u64,
    entries: u64,
}

impl<'a> Tree<'a> {
    /// A tree in `root`. With `strip`, links are judged as seen from its only top-level directory.
    pub(super) fn new(root: &'a Dir, meter: &'a Meter, strip: bool, canceled: &'a dyn Fn() -> bool) -> Self {
        Self {
            root,
            meter,
            strip,
            replace: false,
            canceled,
            kinds: Map::default(),
            directories: Vec::new(),
            current: None,
            buffer: vec![0; BUFFER],
            bytes: 0,
            entries: 0,
        }
    }

    /// A directory; an existing one gets these attributes.
    pub(super) fn directory(&mut self, path: &Path, attributes: EntryAttributes) -> Result<(), UnpackStop> {
        self.count(path)?;
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        match self.kinds.get(path) {
            Some(EntryKind::Directory) => {
                // The umask cannot be read without changing it, so no one else gets permission to write.
                let permissions = Permissions::from_mode(attributes.mode & 0o755 | 0o700);
                self.root.set_permissions(path, permissions).map_err(FileError::of("set permissions of", path))?;
            }
            Some(_) => return Err(UnpackStop::at(path, ArchiveFault::Duplicate)),
            None => {
                let (parent, name) = self.parent(path)?;
                make_directory(parent, name, attributes.mode & 0o777 | 0o700)
                    .map_err(FileError::of("create the directory", path))?;
                self.kinds.insert(path.to_owned(), EntryKind::Directory);
            }
        }
        self.directories.push((path.to_owned(), attributes.modified));
        Ok(())
    }

    /// From now on, a file or link replaces an earlier one of the same name: a tar file that was appended to has both.
    pub(super) fn replace_duplicates(&mut self) {
        self.replace = true;
    }

    /// A file with `size` bytes of `content`.
    pub(super) fn file(
        &mut self,
        path: &Path,
        attributes: EntryAttributes,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), UnpackStop> {
        self.sparse_file(path, attributes, size, &[(0, size)], content)
    }

    /// A file of `size` bytes that has `content` in these parts (start and length, in order), and holes elsewhere.
    pub(super) fn sparse_file(
        &mut self,
        path: &Path,
        attributes: EntryAttributes,
        size: u64,
        parts: &[(u64, u64)],
        content: &mut dyn Read,
    ) -> Result<(), UnpackStop> {
        self.new_entry(path)?;
        let data = parts.iter().fold(0_u64, |sum, (_, length)| sum.saturating_add(*length));
        // The ratio is checked while the content is read: only little of the archive may have been read so far.
        self.meter.check_bytes(self.bytes.saturating_add(data)).map_err(|fault| UnpackStop::at(path, fault))?;
        self.meter.check_bytes(size).map_err(|fault| UnpackStop::at(path, fault))?;
        let (parent, name) = self.parent(path)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(attributes.mode & 0o777 | 0o400);
        let mut file = parent.open_with(name, &options).map_err(FileError::of("make", path))?;
        self.kinds.insert(path.to_owned(), EntryKind::File);
        for (start, length) in parts {
            if *start > 0 {
                file.seek(SeekFrom::Start(*start)).map_err(FileError::of("write", path))?;
            }
            self.copy(path, *length, &mut (&mut *content).take(*length), &mut file)?;
        }
        if content.read(&mut [0]).map_err(|error| UnpackStop::reading(&error).in_entry(path))? > 0 {
            return Err(UnpackStop::at(path, ArchiveFault::Disagreement("size")));
        }
        if parts != [(0, size)] {
            file.set_len(size).map_err(FileError::of("write", path))?;
        }
        futimens(&file, &attributes.modified.stamps())
            .map_err(|error| FileError::of("set the time of", path)(error.into()).into())
    }

    fn copy(&mut self, path: &Path, size: u64, content: &mut dyn Read, file: &mut File) -> Result<(), UnpackStop> {
        let mut copied = 0;
        loop {
            if (self.canceled)() {
                return Err(UnpackStop::Canceled);
            }
            let count = match content.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(UnpackStop::reading(&error).in_entry(path)),
            };
            copied += count as u64;
            self.bytes += count as u64;
            self.meter.check(self.bytes).map_err(|fault| UnpackStop::at(path, fault))?;
            file.write_all(&self.buffer[..count]).map_err(FileError::of("write", path))?;
        }
        if copied == size {
            Ok(())
        } else {
            Err(UnpackStop::at(path, ArchiveFault::Damaged("the archive ends within it".into())))
        }
    }

    /// A symbolic link to `target`.
    pub(super) fn symbolic_link(&mut self, path: &Path, target: &Path, modified: Time) -> Result<(), UnpackStop> {
        self.new_entry(path)?;
        if target.as_os_str().is_empty() || target.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(UnpackStop::at(path, ArchiveFault::Name("is that of a link without a valid target")));
        }
        let depth = path.components().count() - 1;
        if points_outside(target, depth.saturating_sub(usize::from(self.strip))) {
            return Err(UnpackStop::at(path, ArchiveFault::LinkOutside(target.to_owned())));
        }
        let (parent, name) = self.parent(path)?;
        parent.symlink(target, name).map_err(FileError::of("create the link", path))?;
        utimensat(parent, name, &modified.stamps(), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| FileError::of("set the time of", path)(error.into()))?;
        self.kinds.insert(path.to_owned(), EntryKind::Link);
        Ok(())
    }

    /// A hard link to a file or symbolic link of this archive. One to itself changes nothing: tar writes that for a file
    /// that was named twice.
    pub(super) fn hard_link(&mut self, path: &Path, target: &Path) -> Result<(), UnpackStop> {
        let kind = self.kinds.get(target).copied().filter(|kind| *kind != EntryKind::Directory);
        let Some(kind) = kind else { return Err(UnpackStop::at(path, ArchiveFault::HardLink(target.to_owned()))) };
        if path == target {
            return self.count(path);
        }
        if kind == EntryKind::Link {
            let failed = FileError::of("read the link", target);
            let (link, metadata) = (self.root.read_link_contents(target), self.root.symlink_metadata(target));
            let modified = metadata.map(|metadata| Time::of_file(&metadata)).unwrap_or(Time::EPOCH);
            return self.symbolic_link(path, &link.map_err(failed)?, modified);
        }
        self.new_entry(path)?;
        let root = self.root;
        let (parent, name) = self.parent(path)?;
        root.hard_link(target, parent, name).map_err(FileError::of("create the link", path))?;
        self.kinds.insert(path.to_owned(), EntryKind::File);
        Ok(())
    }

    /// Sets the times of directories, checks where links point to now that everything exists, and returns what was unpacked.
    pub(super) fn finish(self) -> Result<UnpackedArchive, UnpackStop> {
        for (path, modified) in &self.directories {
            utimensat(self.root, path, &modified.stamps(), AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|error| FileError::of("set the time of", path)(error.into()))?;
        }
        let mut top_level: Vec<OsString> =
            self.kinds.keys().filter(|path| path.components().count() == 1).map(|path| path.clone().into()).collect();
        top_level.sort();
        self.check_links(&top_level)?;
        Ok(UnpackedArchive { top_level, bytes: self.bytes, entries: self.entries })
    }

    /// Links that each stay inside by their text can point outside together (`a -> b/..`, where `b` is a link).
    fn check_links(&self, top_level: &[OsString]) -> Result<(), UnpackStop> {
        let stripped;
        let (base, prefix) = match top_level {
            _ if !self.strip => (self.root, Path::new("")),
            [only] if self.kinds.get(Path::new(only)) == Some(&EntryKind::Directory) => {
                stripped = self.root.open_dir(only).map_err(FileError::of("open", Path::new(only)))?;
                (&stripped, Path::new(only))
            }
            _ => return Err(UnpackStop::because(ArchiveFault::NoTopLevelDirectory(top_level.to_vec()))),
        };
        for path in self.kinds.iter().filter(|(_, kind)| **kind == EntryKind::Link).map(|(path, _)| path) {
            let inside = path.strip_prefix(prefix).unwrap_or(path);
            // cap-std's refusal to leave the directory is the one that has no error number of the system.
            if base
                .metadata(inside)
                .is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none())
            {
                let target = base.read_link_contents(inside).unwrap_or_default();
                return Err(UnpackStop::at(path, ArchiveFault::LinkOutside(target)));
            }
        }
        Ok(())
    }

    fn count(&mut self, path: &Path) -> Result<(), UnpackStop> {
        if (self.canceled)() {
            return Err(UnpackStop::Canceled);
        }
        self.allows(self.entries).map_err(UnpackStop::because)?;
        self.entries += 1;
        let depth = self.meter.limits.depth;
        if path.components().count() as u64 > depth {
            return Err(UnpackStop::at(path, ArchiveFault::Limit { what: "nested directories", limit: depth }));
        }
        Ok(())
    }

    /// Whether there may be one more entry than `entries`.
    pub(super) fn allows(&self, entries: u64) -> Result<(), ArchiveFault> {
        let limit = self.meter.limits.entries;
        if entries < limit { Ok(()) } else { Err(ArchiveFault::Limit { what: "entries", limit }) }
    }

    /// Makes room for a file or link.
    fn new_entry(&mut self, path: &Path) -> Result<(), UnpackStop> {
        self.count(path)?;
        if path.as_os_str().is_empty() {
            return Err(UnpackStop::because(ArchiveFault::Name("is empty")));
        }
        match self.kinds.get(path) {
            None => Ok(()),
            Some(EntryKind::File | EntryKind::Link) if self.replace => {
                self.kinds.remove(path);
                Ok(self.root.remove_file(path).map_err(FileError::of("replace", path))?)
            }
            Some(_) => Err(UnpackStop::at(path, ArchiveFault::Duplicate)),
        }
    }

    /// The directory of `path`, made if the archive did not list it, and the name in it.
    fn parent<'p>(&mut self, path: &'p Path) -> Result<(&Dir, &'p OsStr), UnpackStop> {
        let name = path.file_name().unwrap_or_default();
        let parent = path.parent().unwrap_or(Path::new(""));
        if parent.as_os_str().is_empty() {
            return Ok((self.root, name));
        }
        if self.current.as_ref().is_none_or(|(path, _)| path != parent) {
            self.make_missing(parent).map_err(|stop| match stop {
                UnpackStop::Fault { fault, .. } => UnpackStop::at(path, fault),
                other => other,
            })?;
            let directory = self.root.open_dir(parent).map_err(FileError::of("open", parent))?;
            self.current = Some((parent.to_owned(), directory));
        }
        let directory = self.current.as_ref().map_or(self.root, |(_, directory)| directory);
        Ok((directory, name))
    }

    fn make_missing(&mut self, directory: &Path) -> Result<(), UnpackStop> {
        let mut path = PathBuf::new();
        for component in directory.components() {
            path.push(component);
            match self.kinds.get(&path) {
                Some(EntryKind::Directory) => {}
                Some(_) => return Err(UnpackStop::because(ArchiveFault::NotBeneathDirectory(path))),
                None => {
                    make_directory(self.root, path.as_os_str(), 0o777)
                        .map_err(FileError::of("create the directory", &path))?;
                    self.kinds.insert(path.clone(), EntryKind::Directory);
                }
            }
        }
        Ok(())
    }
}

fn make_directory(parent: &Dir, name: &OsStr, mode: u32) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.mode(mode);
    parent.create_dir_with(name, &builder)
}
