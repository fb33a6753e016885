//! The disk → trees: what a path contains. What cannot be kept is refused.
//!
//! Files can change, or be replaced by links and pipes, while they are captured. So each is opened below its open
//! directory without following links and without waiting, and then looked at by its descriptor.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use base::digest::Digest;
use base::files::FileError;
use base::interrupt::Interrupt;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, flistxattr, openat, readlinkat, statat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::{TreeDirectory, TreeLimits, TreeNode, check_name, check_target};
use crate::blob::BlobDigest;

/// A tree of the disk, and where its contents are.
#[derive(Clone, Debug)]
pub struct CapturedTree {
    /// What the path is.
    pub node: TreeNode,
    /// A file with each content.
    pub files: BTreeMap<BlobDigest, PathBuf>,
}

/// Why a path is not captured.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The system's error.
    #[error(transparent)]
    File(#[from] FileError),
    /// Something that a tree cannot hold.
    #[error("{} cannot be kept in a cache: it is {what}", .path.display())]
    Unsupported {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// It exceeds one of the [`TreeLimits`].
    #[error("{} cannot be kept in a cache: it has more than {most} {what}", .path.display())]
    Limit {
        /// The path.
        path: PathBuf,
        /// What is limited.
        what: &'static str,
        /// The limit.
        most: u64,
    },
    /// The file was written while it was read.
    #[error("{} changed while it was read", .0.display())]
    Changed(PathBuf),
    /// The run was interrupted.
    #[error("Reading {} was interrupted", .0.display())]
    Interrupted(PathBuf),
}

/// Captures what `path` is: a directory and all below it, a regular file, or a symbolic link.
///
/// # Errors
/// The first path that cannot be read, or that a tree cannot hold: set-user-id and set-group-id files, extended
/// attributes that matter, devices, sockets, pipes, names that are not UTF-8.
pub fn capture(path: &Path, limits: &TreeLimits, interrupt: &Interrupt) -> Result<CapturedTree, CaptureError> {
    let hashes = Hashes { interrupt, done: Mutex::default(), failed: Mutex::default() };
    let workers = thread::available_parallelism().map_or(1, |count| count.get().min(8));
    let (queue, received) = sync_channel(4 * workers);
    let received = Mutex::new(received);
    let (walked, paths) = thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| hashes.compute(&received));
        }
        let mut walk = TreeWalk { limits: *limits, hashes: &hashes, queue, files: Vec::new(), entries: 0, bytes: 0 };
        let walked = walk.node(WalkedEntry { parent: CWD, name: path.as_os_str(), path }, 0);
        (walked, walk.files)
    });
    if let Some(error) = locked(&hashes.failed).take() {
        return Err(error);
    }
    let draft = walked?;
    let digests = std::mem::take(&mut *locked(&hashes.done));
    let files = paths.into_iter().enumerate().map(|(index, path)| (digests[&index], path)).collect();
    Ok(CapturedTree { node: draft.finish(&digests), files })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A tree whose files are not hashed yet: they have numbers.
enum DraftNode {
    Directory(BTreeMap<String, DraftNode>),
    File { number: usize, executable: bool },
    Link { target: String },
}

impl DraftNode {
    fn finish(self, digests: &HashMap<usize, BlobDigest>) -> TreeNode {
        match self {
            Self::Directory(entries) => {
                let entries = entries.into_iter().map(|(name, draft)| (name, draft.finish(digests))).collect();
                TreeNode::Directory(TreeDirectory { entries })
            }
            Self::File { number, executable } => TreeNode::File { digest: digests[&number], executable },
            Self::Link { target } => TreeNode::Link { target },
        }
    }
}

/// A file that was found, open.
struct FoundFile {
    number: usize,
    file: File,
    path: PathBuf,
    size: u64,
}

/// The walk through the directories. It opens files, and other threads hash them at the same time.
struct TreeWalk<'a> {
    limits: TreeLimits,
    hashes: &'a Hashes<'a>,
    queue: SyncSender<FoundFile>,
    files: Vec<PathBuf>,
    entries: u64,
    bytes: u64,
}

/// An entry of an open directory.
#[derive(Clone, Copy)]
struct WalkedEntry<'a> {
    parent: BorrowedFd<'a>,
    name: &'a OsStr,
    /// For messages, and to find the content later.
    path: &'a Path,
}

impl TreeWalk<'_> {
    fn node(&mut self, entry: WalkedEntry<'_>, depth: usize) -> Result<DraftNode, CaptureError> {
        let WalkedEntry { parent, name, path } = entry;
        if self.hashes.interrupt.signal().is_some() {
            return Err(CaptureError::Interrupted(path.to_owned()));
        }
        let status = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed("read", path))?;
        match FileType::from_raw_mode(status.st_mode) {
            FileType::Directory => self.directory(entry, depth),
            FileType::RegularFile => self.file(entry),
            FileType::Symlink => link(entry),
            FileType::Fifo => Err(unsupported(path, "a named pipe")),
            FileType::Socket => Err(unsupported(path, "a socket")),
            _ => Err(unsupported(path, "a device")),
        }
    }

    fn directory(&mut self, entry: WalkedEntry<'_>, depth: usize) -> Result<DraftNode, CaptureError> {
        let WalkedEntry { parent, name, path } = entry;
        self.limit(depth as u64, self.limits.depth as u64, "levels of directories", path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = openat(parent, name, flags, Mode::empty()).map_err(failed("open", path))?;
        check_attributes(&open, path)?;
        let mut entries = BTreeMap::new();
        for entry in Dir::read_from(&open).map_err(failed("read", path))? {
            let entry = entry.map_err(failed("read", path))?;
            let bytes = entry.file_name().to_bytes();
            if matches!(bytes, b"." | b"..") {
                continue;
            }
            let inner = path.join(OsStr::from_bytes(bytes));
            self.entries += 1;
            self.limit(self.entries, self.limits.entries, "entries", path)?;
            let name = std::str::from_utf8(bytes).ok().filter(|name| check_name(name).is_ok());
            let name = name.ok_or_else(|| unsupported(&inner, "a name that is not UTF-8"))?;
            let found = WalkedEntry { parent: open.as_fd(), name: OsStr::new(name), path: &inner };
            let draft = self.node(found, depth + 1)?;
            entries.insert(name.to_owned(), draft);
        }
        Ok(DraftNode::Directory(entries))
    }

    fn file(&mut self, entry: WalkedEntry<'_>) -> Result<DraftNode, CaptureError> {
        let WalkedEntry { parent, name, path } = entry;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(openat(parent, name, flags, Mode::empty()).map_err(failed("open", path))?);
        let metadata = file.metadata().map_err(FileError::of("read", path))?;
        if !metadata.is_file() {
            return Err(CaptureError::Changed(path.to_owned()));
        }
        if metadata.mode() & SET_IDENTITY != 0 {
            return Err(unsupported(path, "a file that changes the user or group of who runs it"));
        }
        check_attributes(&file, path)?;
        self.bytes = self.bytes.saturating_add(metadata.len());
        self.limit(self.bytes, self.limits.bytes, "bytes", path)?;
        let number = self.files.len();
        self.files.push(path.to_owned());
        let found = FoundFile { number, file, path: path.to_owned(), size: metadata.len() };
        // The receivers end later than this.
        let _ = self.queue.send(found);
        Ok(DraftNode::File { number, executable: metadata.mode() & OWNER_EXECUTES != 0 })
    }

    fn limit(&self, found: u64, most: u64, what: &'static str, path: &Path) -> Result<(), CaptureError> {
        if found > most { Err(CaptureError::Limit { path: path.to_owned(), what, most }) } else { Ok(()) }
    }
}

fn link(entry: WalkedEntry<'_>) -> Result<DraftNode, CaptureError> {
    let WalkedEntry { parent, name, path } = entry;
    let target = readlinkat(parent, name, Vec::new()).map_err(failed("read", path))?;
    let target = target.into_string().ok().filter(|target| check_target(target).is_ok());
    Ok(DraftNode::Link { target: target.ok_or_else(|| unsupported(path, "a link whose target is not UTF-8"))? })
}

/// The set-user-id and set-group-id bits.
const SET_IDENTITY: u32 = 0o6000;
const OWNER_EXECUTES: u32 = 0o100;

/// Extended attributes that the system sets on every file.
const OF_THE_SYSTEM: [&str; 5] =
    ["security.selinux", "security.SMACK64", "security.ima", "security.evm", "system.nfs4"];

/// Refuses a file with extended attributes that would be lost: capabilities, access control lists, those of users.
fn check_attributes(file: impl AsFd, path: &Path) -> Result<(), CaptureError> {
    let mut names = [0; 4096];
    let found = match flistxattr(file, &mut names) {
        Ok(length) => &names[..length],
        // The file system has none.
        Err(Errno::NOTSUP) => &[],
        Err(Errno::RANGE) => return Err(unsupported(path, "a file with many extended attributes")),
        Err(error) => return Err(failed("read the attributes of", path)(error)),
    };
    let mut names = found.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let is_ignored = |name: &[u8]| OF_THE_SYSTEM.iter().any(|prefix| name.starts_with(prefix.as_bytes()));
    match names.all(is_ignored) {
        true => Ok(()),
        false => Err(unsupported(path, "a file with extended attributes")),
    }
}

fn unsupported(path: &Path, what: &'static str) -> CaptureError {
    CaptureError::Unsupported { path: path.to_owned(), what }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(Errno) -> CaptureError {
    move |error| FileError::of(doing, path)(error.into()).into()
}

/// What the threads that hash share.
struct Hashes<'a> {
    interrupt: &'a Interrupt,
    done: Mutex<HashMap<usize, BlobDigest>>,
    failed: Mutex<Option<CaptureError>>,
}

impl Hashes<'_> {
    /// Hashes the files that arrive, until no more arrive. After a failure, the rest is only received.
    fn compute(&self, received: &Mutex<Receiver<FoundFile>>) {
        let mut buffer = vec![0; 128 << 10];
        loop {
            let next = locked(received).recv();
            let Ok(found) = next else { return };
            if locked(&self.failed).is_some() {
                continue;
            }
            match self.hash(found, &mut buffer) {
                Ok((number, digest)) => drop(locked(&self.done).insert(number, digest)),
                Err(error) => drop(locked(&self.failed).get_or_insert(error)),
            }
        }
    }

    fn hash(&self, found: FoundFile, buffer: &mut [u8]) -> Result<(usize, BlobDigest), CaptureError> {
        let FoundFile { number, mut file, path, size } = found;
        let (mut hash, mut read) = (Sha256::new(), 0);
        loop {
            if self.interrupt.signal().is_some() {
                return Err(CaptureError::Interrupted(path));
            }
            let length = match file.read(buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(FileError::of("read", &path)(error).into()),
            };
            read += length as u64;
            if read > size {
                return Err(CaptureError::Changed(path));
            }
            hash.update(&buffer[..length]);
        }
        if read != size {
            return Err(CaptureError::Changed(path));
        }
        let hash: [u8; 32] = hash.finalize().into();
        Ok((number, BlobDigest::new(Digest::from(hash), size)))
    }
}
