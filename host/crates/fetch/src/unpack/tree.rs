//! The tree that is being unpacked: files, directories and links below one open directory.
//!
//! Does not know about archive formats. The directory was empty at first, so its contents are known: an entry is
//! written only to directories from this archive. In addition, cap-std prevents any access outside.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use cap_std::fs::{
    Dir, DirBuilder, DirBuilderExt as _, File, OpenOptions, OpenOptionsExt as _, Permissions, PermissionsExt as _,
};
use rustix::fs::{AtFlags, Timespec, Timestamps, UTIME_OMIT, futimens, utimensat};

use super::Unpacked;
use super::error::{Fault, Stop};
use super::meter::Meter;
use super::name::leads_out;
use base::collections::Map;
use base::files::FileError;

const BUFFER: usize = 128 << 10;

/// The attributes of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes {
    /// Permission bits; other bits are ignored.
    pub(super) mode: u32,
    /// Modification time.
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

    /// In the range that file systems can store: the maximum is that of a plain tar header (year 2242).
    fn stamps(self) -> Timestamps {
        let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
        let seconds = self.seconds.clamp(0, 0o777_7777_7777);
        let modified = Timespec { tv_sec: seconds, tv_nsec: self.nanoseconds.min(999_999_999).into() };
        Timestamps { last_access: omit, last_modification: modified }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A directory, explicit or implied by a path.
    Directory,
    File,
    Link,
}

/// A tree that is being unpacked.
pub(super) struct Tree<'a> {
    root: &'a Dir,
    meter: &'a Meter,
    strip: bool,
    canceled: &'a dyn Fn() -> bool,
    kinds: Map<PathBuf, Kind>,
    /// Times of directories, set at the end: writing to a directory changes its time.
    directories: Vec<(PathBuf, Time)>,
    /// The most recently used directory: most entries are in the same directory as the previous one.
    current: Option<(PathBuf, Dir)>,
    buffer: Vec<u8>,
    bytes: u64,
    entries: u64,
}

impl<'a> Tree<'a> {
    /// A tree in `root`. With `strip`, links are checked relative to its only top-level directory.
    pub(super) fn new(root: &'a Dir, meter: &'a Meter, strip: bool, canceled: &'a dyn Fn() -> bool) -> Self {
        Self {
            root,
            meter,
            strip,
            canceled,
            kinds: Map::default(),
            directories: Vec::new(),
            current: None,
            buffer: vec![0; BUFFER],
            bytes: 0,
            entries: 0,
        }
    }

    /// Adds a directory, or sets the attributes of an existing one.
    pub(super) fn directory(&mut self, path: &Path, attributes: Attributes) -> Result<(), Stop> {
        self.count(path)?;
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        match self.kinds.get(path) {
            Some(Kind::Directory) => {
                // The umask cannot be read without changing it, so others never get write permission.
                let permissions = Permissions::from_mode(attributes.mode & 0o755 | 0o700);
                self.root.set_permissions(path, permissions).map_err(FileError::of("set permissions of", path))?;
            }
            Some(_) => return Err(Stop::at(path, Fault::Duplicate)),
            None => {
                let (parent, name) = self.parent(path)?;
                make_directory(parent, name, attributes.mode & 0o777 | 0o700)
                    .map_err(FileError::of("make the directory", path))?;
                self.kinds.insert(path.to_owned(), Kind::Directory);
            }
        }
        self.directories.push((path.to_owned(), attributes.modified));
        Ok(())
    }

    /// Adds a file with `size` bytes of `content`.
    pub(super) fn file(
        &mut self,
        path: &Path,
        attributes: Attributes,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), Stop> {
        self.new_entry(path)?;
        self.meter.check(self.bytes.saturating_add(size)).map_err(|fault| Stop::at(path, fault))?;
        let (parent, name) = self.parent(path)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(attributes.mode & 0o777 | 0o400);
        let mut file = parent.open_with(name, &options).map_err(FileError::of("make", path))?;
        self.kinds.insert(path.to_owned(), Kind::File);
        self.copy(path, size, content, &mut file)?;
        futimens(&file, &attributes.modified.stamps())
            .map_err(|error| FileError::of("set the time of", path)(error.into()).into())
    }

    fn copy(&mut self, path: &Path, size: u64, content: &mut dyn Read, file: &mut File) -> Result<(), Stop> {
        let mut copied = 0;
        loop {
            if (self.canceled)() {
                return Err(Stop::Canceled);
            }
            let count = match content.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Stop::reading(&error).in_entry(path)),
            };
            copied += count as u64;
            self.bytes += count as u64;
            if copied > size {
                return Err(Stop::at(path, Fault::Disagreement("size")));
            }
            self.meter.check(self.bytes).map_err(|fault| Stop::at(path, fault))?;
            file.write_all(&self.buffer[..count]).map_err(FileError::of("write", path))?;
        }
        if copied == size { Ok(()) } else { Err(Stop::at(path, Fault::Damaged("the archive ends within it".into()))) }
    }

    /// Adds a symbolic link to `target`.
    pub(super) fn symbolic_link(&mut self, path: &Path, target: &Path, modified: Time) -> Result<(), Stop> {
        self.new_entry(path)?;
        if target.as_os_str().is_empty() || target.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(Stop::at(path, Fault::Name("leads to no path")));
        }
        let depth = path.components().count() - 1;
        if leads_out(target, depth.saturating_sub(usize::from(self.strip))) {
            return Err(Stop::at(path, Fault::LinkOutside(target.to_owned())));
        }
        let (parent, name) = self.parent(path)?;
        parent.symlink(target, name).map_err(FileError::of("make the link", path))?;
        utimensat(parent, name, &modified.stamps(), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| FileError::of("set the time of", path)(error.into()))?;
        self.kinds.insert(path.to_owned(), Kind::Link);
        Ok(())
    }

    /// Adds a hard link to the earlier file `target` of the archive.
    pub(super) fn hard_link(&mut self, path: &Path, target: &Path) -> Result<(), Stop> {
        self.new_entry(path)?;
        if self.kinds.get(target) != Some(&Kind::File) {
            return Err(Stop::at(path, Fault::HardLink(target.to_owned())));
        }
        let root = self.root;
        let (parent, name) = self.parent(path)?;
        root.hard_link(target, parent, name).map_err(FileError::of("make the link", path))?;
        self.kinds.insert(path.to_owned(), Kind::File);
        Ok(())
    }

    /// Sets the times of directories, checks the targets of links now that the tree is complete, and returns the
    /// result.
    pub(super) fn finish(self) -> Result<Unpacked, Stop> {
        for (path, modified) in &self.directories {
            utimensat(self.root, path, &modified.stamps(), AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|error| FileError::of("set the time of", path)(error.into()))?;
        }
        let mut top_level: Vec<OsString> =
            self.kinds.keys().filter(|path| path.components().count() == 1).map(|path| path.clone().into()).collect();
        top_level.sort();
        self.check_links(&top_level)?;
        Ok(Unpacked { top_level, bytes: self.bytes, entries: self.entries })
    }

    /// Links that each stay inside by their string can point outside in combination (`a -> b/..`, where `b` is a link).
    fn check_links(&self, top_level: &[OsString]) -> Result<(), Stop> {
        let stripped;
        let (base, prefix) = match top_level {
            _ if !self.strip => (self.root, Path::new("")),
            [only] if self.kinds.get(Path::new(only)) == Some(&Kind::Directory) => {
                stripped = self.root.open_dir(only).map_err(FileError::of("open", Path::new(only)))?;
                (&stripped, Path::new(only))
            }
            _ => return Err(Stop::because(Fault::NoTopLevelDirectory(top_level.to_vec()))),
        };
        for path in self.kinds.iter().filter(|(_, kind)| **kind == Kind::Link).map(|(path, _)| path) {
            let inside = path.strip_prefix(prefix).unwrap_or(path);
            // When cap-std refuses to leave the directory, its error has no system error number, unlike all others.
            if base
                .metadata(inside)
                .is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none())
            {
                let target = base.read_link_contents(inside).unwrap_or_default();
                return Err(Stop::at(path, Fault::LinkOutside(target)));
            }
        }
        Ok(())
    }

    fn count(&mut self, path: &Path) -> Result<(), Stop> {
        if (self.canceled)() {
            return Err(Stop::Canceled);
        }
        self.allows(self.entries).map_err(Stop::because)?;
        self.entries += 1;
        let depth = self.meter.limits.depth;
        if path.components().count() as u64 > depth {
            return Err(Stop::at(path, Fault::Limit { what: "nested directories", limit: depth }));
        }
        Ok(())
    }

    /// Checks whether one more entry than `entries` is allowed.
    pub(super) fn allows(&self, entries: u64) -> Result<(), Fault> {
        let limit = self.meter.limits.entries;
        if entries < limit { Ok(()) } else { Err(Fault::Limit { what: "entries", limit }) }
    }

    fn new_entry(&mut self, path: &Path) -> Result<(), Stop> {
        self.count(path)?;
        match self.kinds.contains_key(path) {
            true => Err(Stop::at(path, Fault::Duplicate)),
            false if path.as_os_str().is_empty() => Err(Stop::because(Fault::Name("is empty"))),
            false => Ok(()),
        }
    }

    /// The parent directory of `path`, created if the archive did not list it, and the name in it.
    fn parent<'p>(&mut self, path: &'p Path) -> Result<(&Dir, &'p OsStr), Stop> {
        let name = path.file_name().unwrap_or_default();
        let parent = path.parent().unwrap_or(Path::new(""));
        if parent.as_os_str().is_empty() {
            return Ok((self.root, name));
        }
        if self.current.as_ref().is_none_or(|(path, _)| path != parent) {
            self.make_missing(parent).map_err(|stop| match stop {
                Stop::Fault { fault, .. } => Stop::at(path, fault),
                other => other,
            })?;
            let directory = self.root.open_dir(parent).map_err(FileError::of("open", parent))?;
            self.current = Some((parent.to_owned(), directory));
        }
        let directory = self.current.as_ref().map_or(self.root, |(_, directory)| directory);
        Ok((directory, name))
    }

    fn make_missing(&mut self, directory: &Path) -> Result<(), Stop> {
        let mut path = PathBuf::new();
        for component in directory.components() {
            path.push(component);
            match self.kinds.get(&path) {
                Some(Kind::Directory) => {}
                Some(_) => return Err(Stop::because(Fault::NotBeneathDirectory(path))),
                None => {
                    make_directory(self.root, path.as_os_str(), 0o777)
                        .map_err(FileError::of("make the directory", &path))?;
                    self.kinds.insert(path.clone(), Kind::Directory);
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
