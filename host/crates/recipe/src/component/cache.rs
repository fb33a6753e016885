//! Compiled forms of components on disk, by the component's digest and the engine, authenticated with the user's key: a
//! compiled form is native code, so only those that this user's host has stored are returned.
//!
//! Hashing large files in each run would cost more than the run itself. So a file that was once read and hashed is
//! recognized by its metadata ([`Identity`]), in a note that is authenticated with the same key.
//!
//! Knows nothing of engines: a compiled form is bytes. No failure here stops a run; the form is compiled again instead.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use base::digest::Digest;
use base::environment::Environment;
use base::files::{Distrust, FileError, TEMPORARY, check_trusted, check_trusted_directory, write_private};

/// The most bytes that compiled forms may use together; the least recently used ones are removed first.
const CAPACITY: u64 = 1 << 30;

const KEY_FILE: &str = "key";
const KEY_LENGTH: usize = 32;
const CODE_LENGTH: usize = 32;
const EXTENSION: &str = "compiled";
const CODE_EXTENSION: &str = "code";
const NOTE_EXTENSION: &str = "note";

/// The minimum age of a file's last change for a note about it: the clock of a file system is coarse, and a change
/// within the same tick would not be noticed.
const SETTLED: Duration = Duration::from_secs(2);

/// How long notes about unused files are kept.
const NOTE_AGE: Duration = Duration::from_secs(30 * 86_400);

/// The compiled forms of one user.
#[derive(Clone, Debug)]
pub struct CompileCache {
    directory: Option<PathBuf>,
    capacity: u64,
    settled: Duration,
    /// Why nothing is taken from the directory, found out when it is first used.
    distrust: Arc<OnceLock<Option<Distrust>>>,
    /// Set when a form could not be stored.
    failed: Arc<OnceLock<()>>,
}

/// A compiled form that this user stored.
#[derive(Debug)]
pub(crate) enum CompiledForm {
    /// Its bytes.
    Read(Vec<u8>),
    /// A file that has not changed since it was read.
    Known(File),
}

/// The metadata of a file. When its content changes, so does its time of change (`ctime`), which no program can set,
/// unless the clock is set back to the very tick.
struct Identity([u8; 56]);

impl Identity {
    fn of(metadata: &fs::Metadata) -> Self {
        let numbers = [
            metadata.dev(),
            metadata.ino(),
            metadata.size(),
            metadata.mtime().cast_unsigned(),
            metadata.mtime_nsec().cast_unsigned(),
            metadata.ctime().cast_unsigned(),
            metadata.ctime_nsec().cast_unsigned(),
        ];
        let mut bytes = [0; 56];
        bytes.as_chunks_mut().0.iter_mut().zip(numbers).for_each(|(chunk, number)| *chunk = number.to_le_bytes());
        Self(bytes)
    }
}

/// Whether a file has not changed for that long. A change in the future (the clock was set back) counts as old.
fn is_settled(metadata: &fs::Metadata, settled: Duration) -> bool {
    let Ok(seconds) = u64::try_from(metadata.ctime()) else { return false };
    let nanoseconds = u64::try_from(metadata.ctime_nsec()).unwrap_or_default();
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds);
    SystemTime::now().duration_since(changed).is_ok_and(|ago| ago >= settled)
}

/// A stored compiled form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheEntry {
    /// The digest of the component.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last used.
    pub used: SystemTime,
}

impl CompileCache {
    /// The cache in the user's cache directory. If that does not exist, nothing is stored.
    pub fn open(environment: &Environment) -> Self {
        let directory = environment.cache_directory().map(|directory| directory.join("compiled"));
        Self { directory, capacity: CAPACITY, settled: SETTLED, distrust: Arc::default(), failed: Arc::default() }
    }

    /// Why a compiled form is not used: someone else could put other code in its place.
    pub(crate) fn distrust(&self, digest: &Digest, engine_key: &str) -> Option<Distrust> {
        let directory = self.directory.as_deref()?;
        if let Some(distrust) = self.distrust_of_directory() {
            return Some(distrust.clone());
        }
        [directory.join(file_name(digest, engine_key)), directory.join(KEY_FILE)].into_iter().find_map(|path| {
            let metadata = path.symlink_metadata().ok()?;
            check_trusted(&path, &metadata).err()
        })
    }

    fn distrust_of_directory(&self) -> Option<&Distrust> {
        let check = || check_trusted_directory(self.directory.as_deref()?).err();
        self.distrust.get_or_init(check).as_ref()
    }

    /// The directory, if it is used.
    fn trusted(&self) -> Option<&Path> {
        self.directory.as_deref().filter(|_| self.distrust_of_directory().is_none())
    }

    /// The compiled form stored for that component and engine; `None` if there is none, or if it is not, byte for byte,
    /// the one that this user has stored.
    pub(crate) fn load(&self, digest: &Digest, engine_key: &str) -> Option<CompiledForm> {
        let directory = self.trusted()?;
        let path = directory.join(file_name(digest, engine_key));
        let code_path = path.with_extension(CODE_EXTENSION);
        let file = open_regular(&path).ok()?;
        let metadata = file.metadata().ok()?;
        let form = if self.noted(&path, &metadata) == Some(*digest) {
            CompiledForm::Known(file)
        } else {
            let key = read_key(directory).ok()?;
            let mut code = [0; CODE_LENGTH];
            open_regular(&code_path).ok()?.read_exact(&mut code).ok()?;
            let length = usize::try_from(metadata.len().min(self.capacity)).ok()?;
            let mut compiled = Vec::with_capacity(length + 1);
            (&file).take(self.capacity).read_to_end(&mut compiled).ok()?;
            authenticate(&key, digest, engine_key, &compiled)?.verify_slice(&code).ok()?;
            self.note(&path, &metadata, digest);
            CompiledForm::Read(compiled)
        };
        // The time of use decides which form is removed first; in a read-only cache, it stays the time of storing.
        let _ = open_regular(&code_path).and_then(|code| code.set_modified(SystemTime::now()));
        Some(form)
    }

    /// The digest that was noted for a file, if the file has not changed since.
    pub(crate) fn noted(&self, path: &Path, metadata: &fs::Metadata) -> Option<Digest> {
        let directory = self.trusted()?;
        // The content of another user's file can change without a trace.
        check_trusted(path, metadata).ok()?;
        let key = read_key(directory).ok()?;
        let mut note = [0; CODE_LENGTH + CODE_LENGTH];
        open_regular(&directory.join(note_name(path))).ok()?.read_exact(&mut note).ok()?;
        let (code, digest) = note.split_at(CODE_LENGTH);
        authenticate_note(&key, path, metadata, digest)?.verify_slice(code).ok()?;
        <[u8; CODE_LENGTH]>::try_from(digest).ok().map(Digest::from)
    }

    /// Notes the digest of a file that was read whole after `metadata` was read, unless the file has just changed.
    pub(crate) fn note(&self, path: &Path, metadata: &fs::Metadata, digest: &Digest) {
        if let Some(directory) = self.trusted().filter(|_| is_settled(metadata, self.settled)) {
            // Where that fails, the file is read again the next time.
            let _ = try_note(directory, path, metadata, digest);
        }
    }

    /// The directory of compiled forms, if there is one.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The most bytes that they may use together.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The stored forms, the most recently used one first.
    ///
    /// # Errors
    /// When the directory cannot be read. A missing directory is empty.
    pub fn entries(&self) -> io::Result<Vec<CacheEntry>> {
        let mut entries = Vec::new();
        for (path, metadata) in self.files()? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(&format!(".{EXTENSION}")))
            else {
                continue;
            };
            let digest = name.split('-').next().and_then(|digest| digest.parse().ok());
            let used = fs::metadata(path.with_extension(CODE_EXTENSION)).and_then(|code| code.modified());
            let used = used.unwrap_or(SystemTime::UNIX_EPOCH);
            entries.extend(digest.map(|digest| CacheEntry { digest, size: metadata.len(), used }));
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.used));
        Ok(entries)
    }

    /// Removes everything except the user's key; returns the number of bytes removed.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn clear(&self) -> io::Result<u64> {
        let mut freed = 0;
        for (path, metadata) in self.files()? {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => freed += metadata.len(),
            }
        }
        Ok(freed)
    }

    /// All files that this cache writes, except the key; others belong to other programs.
    fn files(&self) -> io::Result<Vec<(PathBuf, fs::Metadata)>> {
        let Some(directory) = &self.directory else { return Ok(Vec::new()) };
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            // Another process may have removed the file meanwhile.
            let name = entry.file_name();
            let extension = Path::new(&name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if [EXTENSION, CODE_EXTENSION, NOTE_EXTENSION, TEMPORARY].contains(&extension)
                && let Ok(metadata) = entry.metadata()
                && metadata.is_file()
            {
                files.push((entry.path(), metadata));
            }
        }
        Ok(files)
    }

    /// Stores a compiled form. A failure stops nothing: the cache may be read-only, full or missing. Returns the first
    /// failure of this process.
    pub(crate) fn store(&self, digest: &Digest, engine_key: &str, compiled: &[u8]) -> Option<FileError> {
        let directory = self.trusted()?;
        let error = self.try_store(directory, digest, engine_key, compiled).err()?;
        self.failed.set(()).ok().map(|()| FileError::of("write in", directory)(error))
    }

    fn try_store(&self, directory: &Path, digest: &Digest, engine_key: &str, compiled: &[u8]) -> io::Result<()> {
        let key = prepare(directory)?;
        let code = authenticate(&key, digest, engine_key, compiled)
            .ok_or(io::ErrorKind::InvalidInput)?
            .finalize()
            .into_bytes();
        let path = directory.join(file_name(digest, engine_key));
        let code_path = path.with_extension(CODE_EXTENSION);
        write_private(directory, &[&code], |temporary| fs::rename(temporary, &code_path))?;
        write_private(directory, &[compiled], |temporary| fs::rename(temporary, &path))?;
        evict_forms(directory, self.capacity, &path)
    }
}

fn try_note(directory: &Path, path: &Path, metadata: &fs::Metadata, digest: &Digest) -> io::Result<()> {
    let key = prepare(directory)?;
    let code = authenticate_note(&key, path, metadata, digest.as_bytes()).ok_or(io::ErrorKind::InvalidInput)?;
    let note = directory.join(note_name(path));
    write_private(directory, &[&code.finalize().into_bytes(), digest.as_bytes()], |temporary| {
        fs::rename(temporary, note)
    })
}

/// Creates the directory and the user's key, unless they exist.
fn prepare(directory: &Path) -> io::Result<[u8; KEY_LENGTH]> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    read_key(directory).or_else(|error| {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            // A power cut has truncated the key: the files that it authenticated are lost anyway.
            fs::remove_file(directory.join(KEY_FILE))?;
        }
        make_key(directory)
    })
}

fn note_name(path: &Path) -> String {
    format!("{}.{NOTE_EXTENSION}", Digest::of(path.as_os_str().as_encoded_bytes()))
}

fn authenticate_note(
    key: &[u8; KEY_LENGTH],
    path: &Path,
    metadata: &fs::Metadata,
    digest: &[u8],
) -> Option<Hmac<Sha256>> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).ok()?;
    code.update(b"note\0");
    code.update(Digest::of(path.as_os_str().as_encoded_bytes()).as_bytes());
    code.update(&Identity::of(metadata).0);
    code.update(digest);
    Some(code)
}

/// The engine's key may contain any characters, so its digest is used.
fn file_name(digest: &Digest, engine_key: &str) -> String {
    format!("{digest}-{}.{EXTENSION}", &Digest::of(engine_key.as_bytes()).to_string()[..16])
}

/// The code covers the digest and the engine, so that a file cannot be put in another one's place.
fn authenticate(key: &[u8; KEY_LENGTH], digest: &Digest, engine_key: &str, compiled: &[u8]) -> Option<Hmac<Sha256>> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).ok()?;
    code.update(digest.as_bytes());
    code.update(Digest::of(engine_key.as_bytes()).as_bytes());
    code.update(compiled);
    Some(code)
}

/// Opens a regular file for reading that no other user can change, without following a symbolic link and without waiting
/// for a FIFO's writer.
fn open_regular(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let metadata = file.metadata()?;
    check_trusted(path, &metadata).map_err(io::Error::other)?;
    if metadata.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// The user's key: a file that belongs to the user and that no one else can read or write.
fn read_key(directory: &Path) -> io::Result<[u8; KEY_LENGTH]> {
    let mut file = open_regular(&directory.join(KEY_FILE))?;
    let metadata = file.metadata()?;
    if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o077 != 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut key = [0; KEY_LENGTH];
    file.read_exact(&mut key)?;
    Ok(key)
}

/// Creates the user's key. If several processes try at once, one wins, because only one can link its file to the name;
/// all use the winner's key.
fn make_key(directory: &Path) -> io::Result<[u8; KEY_LENGTH]> {
    let mut key = [0; KEY_LENGTH];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let name = directory.join(KEY_FILE);
    let linked = write_private(directory, &[&key], |temporary| fs::hard_link(temporary, &name));
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read_key(directory),
    }
}

/// Removes the least recently used forms until the rest fits, but never `keep`; and left-overs of other writers.
fn evict_forms(directory: &Path, capacity: u64, keep: &Path) -> io::Result<()> {
    let (mut forms, mut total) = (Vec::new(), 0);
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else { continue };
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(EXTENSION) => {
                let used = fs::metadata(path.with_extension(CODE_EXTENSION)).and_then(|code| code.modified());
                total += metadata.len();
                forms.push((used.unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), path));
            }
            Some(NOTE_EXTENSION) if modified.elapsed().is_ok_and(|age| age > NOTE_AGE) => fs::remove_file(path)?,
            Some(TEMPORARY) if modified.elapsed().is_ok_and(|age| age > NOTE_AGE) => fs::remove_file(path)?,
            _ => {}
        }
    }
    forms.sort();
    for (_, length, path) in forms {
        if total <= capacity {
            break;
        }
        if path != keep && fs::remove_file(&path).is_ok() {
            let _ = fs::remove_file(path.with_extension(CODE_EXTENSION));
            total = total.saturating_sub(length);
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
