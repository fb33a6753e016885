//! Copies of what registries gave out, in the user's cache directory: contents named by their digests, and where tags
//! led. Nothing in it is trusted: what is loaded is hashed again, and a damaged copy counts as none.
//!
//! No failure here stops a run; what cannot be kept is asked for again.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::artefacts::{Artefacts, Descriptor, LARGEST_MANIFEST, Manifest, check, expected};
use super::layout::read;
use super::{Layout, Reference, RegistryError};
use base::digest::Digest;
use base::environment::Environment;
use base::files::{evict, write_private};

/// The most that copies may take together, in bytes; the ones not used for longest go first.
const CAPACITY: u64 = 1 << 30;

/// What the file that says where a tag led ends in.
const TAG: &str = "tag";

/// The copies of one user.
#[derive(Clone, Debug)]
pub struct Cache {
    directory: Option<PathBuf>,
    capacity: u64,
}

impl Cache {
    /// The cache in the user's cache directory. Where there is no such directory, nothing is kept.
    pub fn open(environment: &Environment) -> Self {
        let directory = environment.cache_directory().map(|directory| directory.join("artefacts"));
        Self { directory, capacity: CAPACITY }
    }

    /// The content with that digest, of at most `most` bytes.
    fn load(&self, digest: Digest, most: u64) -> Option<Vec<u8>> {
        let path = self.directory.as_ref()?.join(digest.to_string());
        let bytes = read(&path, most).ok().flatten().filter(|bytes| Digest::of(bytes) == digest)?;
        // The time of use decides what goes first; a cache that cannot be written keeps the time of storing.
        let _ = fs::File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(bytes)
    }

    /// Where the tag led when it was asked last.
    fn tag(&self, reference: &Reference) -> Option<Digest> {
        let text = read(&self.directory.as_ref()?.join(tag_file(reference)?), LARGEST_MANIFEST).ok().flatten()?;
        std::str::from_utf8(&text).ok()?.trim().parse().ok()
    }

    fn keep(&self, bytes: &[u8]) {
        self.store(&Digest::of(bytes).to_string(), bytes);
    }

    /// Keeps a manifest, and that the tag leads there.
    fn keep_manifest(&self, reference: &Reference, manifest: &Manifest) {
        self.keep(&manifest.bytes);
        if let (None, Some(file)) = (reference.digest(), tag_file(reference)) {
            self.store(&file, manifest.digest.to_string().as_bytes());
        }
    }

    /// Failing to is no error: the cache may be read-only, full or absent.
    fn store(&self, name: &str, bytes: &[u8]) {
        if let Some(directory) = &self.directory {
            let _ = try_store(directory, self.capacity, name, bytes);
        }
    }
}

fn try_store(directory: &Path, capacity: u64, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    write_private(directory, &[bytes], |temporary| fs::rename(temporary, directory.join(name)))?;
    evict(directory, capacity, |kept| kept == name)
}

/// The name of a tag may hold any characters and be long, so its digest stands for it.
fn tag_file(reference: &Reference) -> Option<String> {
    Some(format!("{}.{TAG}", Digest::of(reference.tagged_name()?.as_bytes())))
}

/// Whether it matters where a tag leads now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tags {
    /// It does: the registry is asked.
    Asked,
    /// It does not: where it led when it was asked last will do.
    Kept,
}

/// All places that may have an artefact, the nearest first: directories that the buildout carries with it, the cache, the
/// registry. What the registry gives out is kept in the cache; what is put goes to the registry alone.
pub struct Places<R> {
    /// Directories in OCI layout. What is there is not asked for elsewhere.
    pub vendored: Vec<Layout>,
    /// The user's cache.
    pub cache: Cache,
    /// The registry.
    pub registry: R,
    /// What tags mean.
    pub tags: Tags,
}

impl<R> Places<R> {
    /// What the first directory that has it gives; `None` if none has it.
    fn ask_vendored<T>(&self, ask: impl Fn(&Layout) -> Result<T, RegistryError>) -> Option<Result<T, RegistryError>> {
        let mut answers = self.vendored.iter().map(ask);
        answers.find(|answer| !matches!(answer, Err(RegistryError::NotFound { .. })))
    }
}

impl<R: Artefacts> Artefacts for Places<R> {
    fn manifest(&self, reference: &Reference) -> Result<Manifest, RegistryError> {
        if let Some(answer) = self.ask_vendored(|layout| layout.manifest(reference)) {
            return answer;
        }
        let known = reference.digest().or_else(|| self.cache.tag(reference).filter(|_| self.tags == Tags::Kept));
        if let Some(bytes) = known.and_then(|digest| self.cache.load(digest, LARGEST_MANIFEST)) {
            return Ok(Manifest::new(bytes));
        }
        let manifest = self.registry.manifest(reference)?;
        self.cache.keep_manifest(reference, &manifest);
        Ok(manifest)
    }

    fn blob(
        &self,
        what: &'static str,
        reference: &Reference,
        descriptor: &Descriptor,
        most: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        if let Some(answer) = self.ask_vendored(|layout| layout.blob(what, reference, descriptor, most)) {
            return answer;
        }
        let wanted = expected(what, reference, descriptor, most)?;
        if let Some(bytes) = self.cache.load(wanted.0, most) {
            return check(what, reference, bytes, wanted);
        }
        let bytes = self.registry.blob(what, reference, descriptor, most)?;
        self.cache.keep(&bytes);
        Ok(bytes)
    }

    fn put_blob(&self, reference: &Reference, bytes: &[u8]) -> Result<(), RegistryError> {
        self.registry.put_blob(reference, bytes)
    }

    fn put_manifest(&self, reference: &Reference, manifest: &Manifest) -> Result<(), RegistryError> {
        self.registry.put_manifest(reference, manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::{Artefact, Description, Signature, add_signature, signatures};

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    /// A layout stands for the registry: with its directory gone, nothing can be asked.
    struct Space {
        home: tempfile::TempDir,
        registry: tempfile::TempDir,
        reference: Reference,
        digest: Digest,
    }

    impl Space {
        fn new() -> Self {
            let (home, registry) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let reference: Reference = "registry.example/acme/recipes:1.2".parse().unwrap();
            let layout = Layout::create(registry.path()).unwrap();
            let artefact = Artefact::publish(&layout, &reference, COMPONENT, &Description::default()).unwrap();
            let digest = artefact.manifest.digest;
            let signature = Signature { payload: b"payload".into(), base64: "c2ln".into() };
            add_signature(&layout, &reference, digest, &signature).unwrap();
            Self { home, registry, reference, digest }
        }

        fn places(&self, tags: Tags) -> Places<Layout> {
            let environment = Environment { home: Some(self.home.path().to_owned()), ..Environment::default() };
            let registry = Layout::open(self.registry.path()).unwrap();
            Places { vendored: Vec::new(), cache: Cache::open(&environment), registry, tags }
        }

        fn file(&self, name: &str) -> PathBuf {
            self.home.path().join(".cache/buildout-host/artefacts").join(name)
        }
    }

    /// Manifest, component and signatures.
    fn all(places: &Places<Layout>, reference: &Reference, digest: Digest) -> Result<(), RegistryError> {
        let artefact = Artefact::of(places, reference)?;
        assert_eq!(artefact.manifest.digest, digest);
        assert_eq!(artefact.component(places, reference)?, COMPONENT);
        assert_eq!(signatures(places, reference, digest)?.len(), 1);
        Ok(())
    }

    fn empty(directory: &Path) {
        fs::remove_dir_all(directory.join("blobs")).unwrap();
        fs::remove_file(directory.join("index.json")).unwrap();
    }

    #[test]
    fn what_was_read_once_is_not_asked_for_again() {
        let space = Space::new();
        let pinned = space.reference.with_digest(space.digest);
        let places = space.places(Tags::Kept);
        all(&places, &pinned, space.digest).unwrap();
        all(&places, &space.reference, space.digest).unwrap();
        empty(space.registry.path());
        all(&places, &pinned, space.digest).unwrap();
        all(&places, &space.reference, space.digest).unwrap();
        let asked = space.places(Tags::Asked);
        assert!(asked.manifest(&pinned).is_ok());
        assert!(matches!(asked.manifest(&space.reference), Err(RegistryError::NotFound { .. })));
    }

    #[test]
    fn a_damaged_copy_counts_as_none() {
        let space = Space::new();
        let pinned = space.reference.with_digest(space.digest);
        let places = space.places(Tags::Kept);
        all(&places, &pinned, space.digest).unwrap();
        for digest in [space.digest, Digest::of(COMPONENT), Digest::of(b"payload")] {
            let file = space.file(&digest.to_string());
            let good = fs::read(&file).unwrap();
            fs::write(&file, [&good[..good.len() - 1], b"!"].concat()).unwrap();
            all(&places, &pinned, space.digest).unwrap();
            assert_eq!(fs::read(&file).unwrap(), good, "it was fetched again");
        }
        fs::write(space.file(&Digest::of(COMPONENT).to_string()), "damaged").unwrap();
        empty(space.registry.path());
        assert!(all(&places, &pinned, space.digest).is_err());
    }

    #[test]
    fn a_vendored_copy_comes_first_and_counts_even_if_it_is_damaged() {
        let space = Space::new();
        let mut places = space.places(Tags::Kept);
        places.vendored = vec![places.registry.clone()];
        let pinned = space.reference.with_digest(space.digest);
        all(&places, &pinned, space.digest).unwrap();
        assert!(!space.file("").exists(), "nothing was asked for elsewhere");
        let blob = space.registry.path().join(format!("blobs/sha256/{}", Digest::of(COMPONENT)));
        fs::write(blob, b"\0asm\x0d\0\x01\x01").unwrap();
        assert!(matches!(all(&places, &pinned, space.digest), Err(RegistryError::Integrity { .. })));
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let space = Space::new();
        let cache = Cache { capacity: 10, ..space.places(Tags::Kept).cache };
        cache.keep(b"12345678");
        cache.keep(b"abcdefgh");
        assert_eq!(cache.load(Digest::of(b"12345678"), 100), None);
        assert!(cache.load(Digest::of(b"abcdefgh"), 100).is_some());
    }
}
