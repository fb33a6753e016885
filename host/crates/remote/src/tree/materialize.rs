//! Trees → the disk: made next to the destination, checked, and then renamed. Whole or not at all.
//!
//! Contents are copied, never linked: what a user changes in a part must not change the store. Links are made last, so
//! that nothing is ever written through one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use base::digest::Digest;
use base::files::FileError;
use base::interrupt::Interrupt;
use rustix::fs::{AtFlags, CWD, OFlags, Timespec, Timestamps, futimens, ioctl_ficlone, utimensat};
use sha2::{Digest as _, Sha256};

use super::staged::StagingDirectory;
use super::{HostileTree, LinkPolicy, TreeDirectory, TreeNode};
use crate::blob::BlobDigest;

/// The time of all that is written: 2000-01-01. One time for all, so that nothing looks older than what it was made from.
const TIME: i64 = 946_684_800;

/// Where contents come from. What it returns is not trusted: it is hashed while it is copied.
pub trait BlobReader: Sync {
    /// Opens a content.
    ///
    /// # Errors
    /// The system's error; [`ErrorKind::NotFound`] if it is not there.
    fn open(&self, digest: &BlobDigest) -> io::Result<File>;

    /// What was read is not what the digest says.
    fn damaged(&self, _digest: &BlobDigest) {}
}

/// Why a tree is not written.
#[derive(Debug, thiserror::Error)]
pub enum MaterializeError {
    /// The tree is not accepted.
    #[error("The tree for {} is not accepted: {cause}", .destination.display())]
    Hostile {
        /// Where it was to be.
        destination: PathBuf,
        /// What is wrong with it.
        cause: HostileTree,
    },
    /// A directory of which only the digest is known.
    #[error("The content of {} is not known", .0.display())]
    Unknown(PathBuf),
    /// A content that is gone, or is not what its digest says.
    #[error("The content {digest} is missing or damaged")]
    Blob {
        /// The content.
        digest: BlobDigest,
    },
    /// Something is at the destination.
    #[error("{} already exists", .0.display())]
    Occupied(PathBuf),
    /// The system's error.
    #[error(transparent)]
    File(#[from] FileError),
    /// The run was interrupted.
    #[error("Writing {} was interrupted", .0.display())]
    Interrupted(PathBuf),
}

/// A tree that is complete, next to its destination. It is removed when it is dropped.
#[derive(Debug)]
pub struct Materialized {
    staged: StagingDirectory,
    destination: PathBuf,
}

impl Materialized {
    /// Renames it to its destination.
    ///
    /// # Errors
    /// [`MaterializeError::Occupied`], or the system's error.
    pub fn place(self) -> Result<(), MaterializeError> {
        self.staged.become_destination(&self.destination).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => {
                MaterializeError::Occupied(self.destination.clone())
            }
            _ => FileError::of("make", &self.destination)(error).into(),
        })
    }
}

/// Makes `node` next to `destination`, whose directory must exist.
///
/// # Errors
/// The first thing that prevented it. Nothing is left.
pub fn materialize(
    node: &TreeNode,
    blobs: &dyn BlobReader,
    destination: &Path,
    links: LinkPolicy<'_>,
    interrupt: &Interrupt,
) -> Result<Materialized, MaterializeError> {
    let refused = |cause| MaterializeError::Hostile { destination: destination.to_owned(), cause };
    links.check(node).map_err(refused)?;
    let parent = destination.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let staged = StagingDirectory::new(parent)?;
    let mut outline = TreeOutline::default();
    outline.add(staged.tree(), node)?;
    let work = ContentCopier { blobs, interrupt, destination, clones: AtomicBool::new(true) };
    outline.make(&work)?;
    Ok(Materialized { staged, destination: destination.to_owned() })
}

/// What is to be made, in the order in which it was found: parents first.
#[derive(Default)]
struct TreeOutline<'a> {
    directories: Vec<PathBuf>,
    files: Vec<(PathBuf, BlobDigest, bool)>,
    links: Vec<(PathBuf, &'a str)>,
}

impl<'a> TreeOutline<'a> {
    fn add(&mut self, path: PathBuf, node: &'a TreeNode) -> Result<(), MaterializeError> {
        match node {
            TreeNode::Directory(TreeDirectory { entries }) => {
                let inner: Vec<_> = entries.iter().map(|(name, node)| (path.join(name), node)).collect();
                self.directories.push(path);
                inner.into_iter().try_for_each(|(path, node)| self.add(path, node))?;
            }
            TreeNode::File { digest, executable } => self.files.push((path, *digest, *executable)),
            TreeNode::Link { target } => self.links.push((path, target)),
            TreeNode::Subtree(_) => return Err(MaterializeError::Unknown(path)),
        }
        Ok(())
    }

    fn make(&self, work: &ContentCopier<'_>) -> Result<(), MaterializeError> {
        for path in &self.directories {
            fs::create_dir(path).map_err(FileError::of("create the directory", path))?;
        }
        self.make_files(work)?;
        for (path, target) in &self.links {
            std::os::unix::fs::symlink(target, path).map_err(FileError::of("create the link", path))?;
        }
        let others = self.links.iter().map(|(path, _)| path).chain(self.directories.iter().rev());
        for path in others {
            let set = utimensat(CWD, path, &times(), AtFlags::SYMLINK_NOFOLLOW);
            set.map_err(|error| FileError::of("set the time of", path)(error.into()))?;
        }
        Ok(())
    }

    fn make_files(&self, work: &ContentCopier<'_>) -> Result<(), MaterializeError> {
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        let workers = thread::available_parallelism().map_or(1, |count| count.get().min(8)).min(self.files.len());
        let copy = || {
            let mut buffer = vec![0; 128 << 10];
            while let Some((path, digest, executable)) = self.files.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = work.file(path, digest, *executable, &mut buffer) {
                    next.store(self.files.len(), Ordering::Relaxed);
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        };
        thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(copy))));
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

struct ContentCopier<'a> {
    blobs: &'a dyn BlobReader,
    interrupt: &'a Interrupt,
    destination: &'a Path,
    /// Whether the file system may be able to share the blocks of two files.
    clones: AtomicBool,
}

impl ContentCopier<'_> {
    fn file(
        &self,
        path: &Path,
        digest: &BlobDigest,
        executable: bool,
        buffer: &mut [u8],
    ) -> Result<(), MaterializeError> {
        let source = match self.blobs.open(digest) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(MaterializeError::Blob { digest: *digest });
            }
            other => other.map_err(FileError::of("open the content of", path))?,
        };
        let mode = if executable { 0o777 } else { 0o666 };
        let flags = (OFlags::NOFOLLOW | OFlags::CLOEXEC).bits().cast_signed();
        let made = OpenOptions::new().read(true).write(true).create_new(true).mode(mode).custom_flags(flags).open(path);
        let mut made = made.map_err(FileError::of("make", path))?;
        if !self.copy(source, &mut made, digest, path, buffer)? {
            self.blobs.damaged(digest);
            return Err(MaterializeError::Blob { digest: *digest });
        }
        futimens(&made, &times()).map_err(|error| FileError::of("set the time of", path)(error.into()))?;
        Ok(())
    }

    /// Whether the content is what the digest says.
    fn copy(
        &self,
        mut source: File,
        made: &mut File,
        digest: &BlobDigest,
        path: &Path,
        buffer: &mut [u8],
    ) -> Result<bool, MaterializeError> {
        let is_cloned = self.clones.load(Ordering::Relaxed) && ioctl_ficlone(&*made, &source).is_ok();
        if is_cloned {
            made.set_len(digest.size()).map_err(FileError::of("write", path))?;
            // What counts is what was made.
            source = made.try_clone().map_err(FileError::of("read", path))?;
        } else {
            self.clones.store(false, Ordering::Relaxed);
        }
        let (mut hash, mut copied) = (Sha256::new(), 0);
        // What comes after the end that the digest has is not read.
        while copied < digest.size() {
            if self.interrupt.signal().is_some() {
                return Err(MaterializeError::Interrupted(self.destination.to_owned()));
            }
            let left = usize::try_from(digest.size() - copied).map_or(buffer.len(), |left| left.min(buffer.len()));
            let length = match source.read(&mut buffer[..left]) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(FileError::of("read the content of", path)(error).into()),
            };
            copied += length as u64;
            hash.update(&buffer[..length]);
            if !is_cloned {
                made.write_all(&buffer[..length]).map_err(FileError::of("write", path))?;
            }
        }
        let hash: [u8; 32] = hash.finalize().into();
        Ok(BlobDigest::new(Digest::from(hash), copied) == *digest)
    }
}

fn times() -> Timestamps {
    let time = Timespec { tv_sec: TIME, tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}
