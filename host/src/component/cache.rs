//! Compiled forms of components on disk, keyed by the component's digest and the engine, authenticated with a key of
//! the user's: a compiled form is native code, so none is given out that this user's host did not store.
//!
//! Knows nothing of engines: a compiled form is bytes. No failure here stops a run; the form is then compiled again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::digest::Digest;
use crate::environment::Environment;

/// The most that compiled forms may take together, in bytes; the ones not used for longest go first.
const CAPACITY: u64 = 1 << 30;

const KEY_FILE: &str = "key";
const KEY_LENGTH: usize = 32;
const CODE_LENGTH: usize = 32;
const EXTENSION: &str = "compiled";

/// The compiled forms of one user.
#[derive(Clone, Debug)]
pub struct CompileCache {
    directory: Option<PathBuf>,
    capacity: u64,
}

/// A compiled form that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheEntry {
    /// Of the component.
    pub digest: Digest,
    /// What it takes, in bytes.
    pub size: u64,
    /// When it was used last.
    pub used: SystemTime,
}

impl CompileCache {
    /// The cache in the user's cache directory. Where there is no such directory, nothing is kept.
    pub fn open(environment: &Environment) -> Self {
        let directory = environment.cache_directory().map(|directory| directory.join("compiled"));
        Self { directory, capacity: CAPACITY }
    }

    /// The compiled form stored for that component and engine; `None` if there is none, or if it is not, byte for
    /// byte, what this user stored.
    pub fn load(&self, digest: &Digest, engine_key: &str) -> Option<Vec<u8>> {
        let directory = self.directory.as_ref()?;
        let path = directory.join(file_name(digest, engine_key));
        let key = read_key(directory).ok()?;
        let file = open_regular(&path).ok()?;
        let mut code = [0; CODE_LENGTH];
        (&file).read_exact(&mut code).ok()?;
        let mut compiled = Vec::new();
        (&file).take(self.capacity).read_to_end(&mut compiled).ok()?;
        authenticate(&key, digest, engine_key, &compiled)?.verify_slice(&code).ok()?;
        // The time of use decides what goes first; a cache that cannot be written keeps the time of storing.
        let _ = file.set_modified(SystemTime::now());
        Some(compiled)
    }

    /// Where compiled forms are kept, if anywhere.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The most that they may take together, in bytes.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// What is kept, the one used last first.
    ///
    /// # Errors
    /// When the directory cannot be read. One that does not exist holds nothing.
    pub fn entries(&self) -> io::Result<Vec<CacheEntry>> {
        let mut entries = Vec::new();
        for (path, metadata) in self.files()? {
            let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(&format!(".{EXTENSION}")))
            else {
                continue;
            };
            let digest = name.split('-').next().and_then(|digest| digest.parse().ok());
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            entries.extend(digest.map(|digest| CacheEntry { digest, size: metadata.len(), used }));
        }
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.used));
        Ok(entries)
    }

    /// Removes everything but the user's key; gives how many bytes that were.
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

    /// All files but the key.
    fn files(&self) -> io::Result<Vec<(PathBuf, fs::Metadata)>> {
        let Some(directory) = &self.directory else { return Ok(Vec::new()) };
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry?;
            // What another process has removed meanwhile is not there.
            if entry.file_name() != KEY_FILE
                && let Ok(metadata) = entry.metadata()
                && metadata.is_file()
            {
                files.push((entry.path(), metadata));
            }
        }
        Ok(files)
    }

    /// Stores a compiled form. Failing to is no error: the cache may be read-only, full or absent.
    pub fn store(&self, digest: &Digest, engine_key: &str, compiled: &[u8]) {
        if let Some(directory) = &self.directory {
            let _ = self.try_store(directory, digest, engine_key, compiled);
        }
    }

    fn try_store(&self, directory: &Path, digest: &Digest, engine_key: &str, compiled: &[u8]) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let key = read_key(directory).or_else(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof {
                // A power cut tore the key: what it authenticated is lost anyway.
                fs::remove_file(directory.join(KEY_FILE))?;
            }
            make_key(directory)
        })?;
        let code = authenticate(&key, digest, engine_key, compiled)
            .ok_or(io::ErrorKind::InvalidInput)?
            .finalize()
            .into_bytes();
        let name = file_name(digest, engine_key);
        write_whole(directory, &[&code, compiled], |temporary| fs::rename(temporary, directory.join(&name)))?;
        evict(directory, self.capacity, &name)
    }
}

/// The engine's key may hold any characters, so its digest stands for it.
fn file_name(digest: &Digest, engine_key: &str) -> String {
    format!("{digest}-{}.{EXTENSION}", &Digest::of(engine_key.as_bytes()).to_string()[..16])
}

/// The code covers what the form belongs to, so that a file cannot be put in another's place.
fn authenticate(key: &[u8; KEY_LENGTH], digest: &Digest, engine_key: &str, compiled: &[u8]) -> Option<Hmac<Sha256>> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).ok()?;
    code.update(digest.as_bytes());
    code.update(Digest::of(engine_key.as_bytes()).as_bytes());
    code.update(compiled);
    Some(code)
}

/// Opens a regular file for reading, without following a symbolic link and without waiting for a FIFO's writer.
fn open_regular(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// The user's key: a file that is the user's own and that no one else can read or write.
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

/// Makes the user's key. Of several processes that try at once one wins, as only one can link its file to the name;
/// all use the winner's key.
fn make_key(directory: &Path) -> io::Result<[u8; KEY_LENGTH]> {
    let mut key = [0; KEY_LENGTH];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let name = directory.join(KEY_FILE);
    let linked = write_whole(directory, &[&key], |temporary| fs::hard_link(temporary, &name));
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read_key(directory),
    }
}

/// Writes a file that only the user can read under a name of its own, then lets `publish` give it its name.
pub(super) fn write_whole(
    directory: &Path,
    content: &[&[u8]],
    publish: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let temporary = directory.join(format!("{:016x}.temporary", u64::from_ne_bytes(random)));
    let result = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        content.iter().try_for_each(|bytes| file.write_all(bytes))?;
        publish(&temporary)
    })();
    // Still there if it failed, or if `publish` linked it: a left file would only be evicted later.
    let _ = fs::remove_file(&temporary);
    result
}

/// Removes the files that were not used for longest, until the rest fits; but never `keep`, nor the key.
pub(super) fn evict(directory: &Path, capacity: u64, keep: &str) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name() != KEY_FILE
            && let Ok(metadata) = entry.metadata()
        {
            files.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), entry));
        }
    }
    let mut total: u64 = files.iter().map(|(_, length, _)| length).sum();
    files.sort_by_key(|(modified, _, _)| *modified);
    for (_, length, entry) in files {
        if total <= capacity {
            break;
        }
        if entry.file_name() != keep && fs::remove_file(entry.path()).is_ok() {
            total = total.saturating_sub(length);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGINE: &str = "engine/1";

    fn cache() -> (tempfile::TempDir, CompileCache) {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment { home: Some(home.path().to_owned()), ..Environment::default() };
        (home, CompileCache::open(&environment))
    }

    fn compiled_file(cache: &CompileCache, digest: &Digest) -> PathBuf {
        cache.directory.as_ref().unwrap().join(file_name(digest, ENGINE))
    }

    #[test]
    fn what_was_stored_is_loaded_for_its_component_and_engine_alone() {
        let (_home, cache) = cache();
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        assert_eq!(cache.load(&one, ENGINE), None);
        cache.store(&one, ENGINE, b"native code");
        assert_eq!(cache.load(&one, ENGINE).as_deref(), Some(&b"native code"[..]));
        assert_eq!(cache.load(&other, ENGINE), None);
        assert_eq!(cache.load(&one, "engine/2"), None);
    }

    #[test]
    fn a_tampered_truncated_or_moved_form_is_not_loaded() {
        let (_home, cache) = cache();
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        cache.store(&one, ENGINE, b"native code");
        let file = compiled_file(&cache, &one);
        let good = fs::read(&file).unwrap();
        fs::write(compiled_file(&cache, &other), &good).unwrap();
        assert_eq!(cache.load(&other, ENGINE), None, "moved");
        for position in 0..good.len() {
            let mut bad = good.clone();
            bad[position] ^= 1;
            fs::write(&file, &bad).unwrap();
            assert_eq!(cache.load(&one, ENGINE), None, "byte {position} changed");
            fs::write(&file, &good[..position]).unwrap();
            assert_eq!(cache.load(&one, ENGINE), None, "cut at {position}");
        }
        fs::write(&file, [&good[..], b"x"].concat()).unwrap();
        assert_eq!(cache.load(&one, ENGINE), None, "longer");
        cache.store(&one, ENGINE, b"native code");
        assert!(cache.load(&one, ENGINE).is_some(), "stored anew");
    }

    #[test]
    fn a_form_stored_with_another_key_is_not_loaded() {
        let (_home, cache) = cache();
        let digest = Digest::of(b"one");
        cache.store(&digest, ENGINE, b"native code");
        let key = cache.directory.as_ref().unwrap().join(KEY_FILE);
        assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
        fs::write(&key, [7; KEY_LENGTH]).unwrap();
        assert_eq!(cache.load(&digest, ENGINE), None);
        fs::write(&key, b"torn").unwrap();
        assert_eq!(cache.load(&digest, ENGINE), None);
        cache.store(&digest, ENGINE, b"native code");
        assert!(cache.load(&digest, ENGINE).is_some(), "a torn key is replaced");
    }

    #[test]
    fn a_key_that_others_can_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_home, cache) = cache();
        let digest = Digest::of(b"one");
        cache.store(&digest, ENGINE, b"native code");
        let key = cache.directory.as_ref().unwrap().join(KEY_FILE);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(cache.load(&digest, ENGINE), None);
    }

    #[test]
    fn all_who_make_the_key_at_once_use_the_same() {
        let (_home, cache) = cache();
        let directory = cache.directory.as_ref().unwrap();
        fs::create_dir_all(directory).unwrap();
        let keys: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8).map(|_| scope.spawn(|| make_key(directory).unwrap())).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(fs::read_dir(directory).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn without_a_writable_home_nothing_is_kept_and_nothing_fails() {
        let digest = Digest::of(b"one");
        for home in [None, Some("/dev/null".into()), Some("/proc".into())] {
            let cache = CompileCache::open(&Environment { home, ..Environment::default() });
            cache.store(&digest, ENGINE, b"native code");
            assert_eq!(cache.load(&digest, ENGINE), None);
        }
    }

    #[test]
    fn the_forms_not_used_for_longest_go_first() {
        let (_home, mut cache) = cache();
        cache.capacity = 3 * 1032;
        let digests: Vec<_> = (0..4u8).map(|number| Digest::of(&[number])).collect();
        for (index, digest) in digests[..3].iter().enumerate() {
            cache.store(digest, ENGINE, &[0; 1000]);
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(index as u64);
            File::options().append(true).open(compiled_file(&cache, digest)).unwrap().set_modified(time).unwrap();
        }
        assert!(cache.load(&digests[0], ENGINE).is_some());
        cache.store(&digests[3], ENGINE, &[0; 1000]);
        let kept: Vec<_> = digests.iter().map(|digest| compiled_file(&cache, digest).exists()).collect();
        assert_eq!(kept, [true, false, true, true]);
    }

    #[test]
    fn a_link_or_fifo_in_the_place_of_a_form_is_not_read() {
        let (_home, cache) = cache();
        let digest = Digest::of(b"one");
        cache.store(&digest, ENGINE, b"native code");
        let file = compiled_file(&cache, &digest);
        let elsewhere = file.with_extension("elsewhere");
        fs::rename(&file, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        assert_eq!(cache.load(&digest, ENGINE), None);
        fs::remove_file(&file).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &file, rustix::fs::Mode::RUSR).unwrap();
        assert_eq!(cache.load(&digest, ENGINE), None);
    }
}
