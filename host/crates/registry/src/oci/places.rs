//! All stores that may have an artifact, nearest first: directories of copies, the cache, the registry.

use super::artifacts::{ArtifactManifest, Artifacts, LARGEST_MANIFEST};
use super::cache::ArtifactCache;
use super::document::{Descriptor, ImageManifest, check};
use super::error::RegistryError;
use super::layout::ImageLayout;
use super::reference::Reference;

/// Whether tags must be resolved by the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TagLookup {
    /// Yes: the registry is asked.
    Asked,
    /// No: the last known digest is used.
    Kept,
}

/// All stores that may have an artifact, nearest first. Downloads from the registry are stored in the cache; uploads
/// are sent only to the registry.
pub(crate) struct ArtifactStores<R> {
    /// Directories in OCI layout. Artifacts in them are not requested elsewhere.
    pub(crate) vendored: Vec<ImageLayout>,
    /// The user's cache.
    pub(crate) cache: ArtifactCache,
    /// The registry.
    pub(crate) registry: R,
    /// How tags are resolved.
    pub(crate) tags: TagLookup,
}

impl<R> ArtifactStores<R> {
    /// The response of the first directory that contains it; `None` if none does.
    fn ask_vendored<T>(
        &self,
        ask: impl Fn(&ImageLayout) -> Result<T, RegistryError>,
    ) -> Option<Result<T, RegistryError>> {
        let mut answers = self.vendored.iter().map(ask);
        answers.find(|answer| !matches!(answer, Err(RegistryError::NotFound { .. })))
    }
}

impl<R: Artifacts> Artifacts for ArtifactStores<R> {
    fn manifest(&self, reference: &Reference) -> Result<ArtifactManifest, RegistryError> {
        if let Some(answer) = self.ask_vendored(|layout| layout.manifest(reference)) {
            return answer;
        }
        let known = reference.digest().or_else(|| self.cache.tag(reference).filter(|_| self.tags == TagLookup::Kept));
        if let Some(bytes) = known.and_then(|digest| self.cache.load(digest, LARGEST_MANIFEST)) {
            return Ok(ArtifactManifest::new(bytes));
        }
        let manifest = self.registry.manifest(reference)?;
        // A proxy on the way to the registry may respond with its own page, which must not replace a good copy.
        if ImageManifest::parse(reference, &manifest.bytes).is_ok() {
            self.cache.keep_manifest(reference, &manifest);
        }
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
        let expected = descriptor.expected(what, reference, most)?;
        if let Some(bytes) = self.cache.load(expected.0, most) {
            return check(what, reference, bytes, expected);
        }
        let bytes = self.registry.blob(what, reference, descriptor, most)?;
        self.cache.keep(&bytes);
        Ok(bytes)
    }

    fn put_blob(&self, reference: &Reference, bytes: &[u8]) -> Result<(), RegistryError> {
        self.registry.put_blob(reference, bytes)
    }

    fn put_manifest(&self, reference: &Reference, manifest: &ArtifactManifest) -> Result<(), RegistryError> {
        self.registry.put_manifest(reference, manifest)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use super::*;
    use crate::oci::{Artifact, ArtifactDescription, ArtifactSignature, add_signature, signatures};
    use base::digest::Digest;
    use base::environment::Environment;
    use base::event::{Level, Report, Silent};
    use test_support::ReportedMessages;

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    /// A layout that replaces a registry: without its directory, all requests fail.
    struct StoresFixture {
        home: tempfile::TempDir,
        registry: tempfile::TempDir,
        reference: Reference,
        digest: Digest,
    }

    impl StoresFixture {
        fn new() -> Self {
            let (home, registry) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let reference: Reference = "registry.example/acme/recipes:1.2".parse().unwrap();
            let layout = ImageLayout::create(registry.path()).unwrap();
            let artifact = Artifact::publish(&layout, &reference, COMPONENT, &ArtifactDescription::default()).unwrap();
            let digest = artifact.manifest.digest;
            let signature = ArtifactSignature { payload: b"payload".into(), base64: "c2ln".into() };
            add_signature(&layout, &reference, digest, &signature).unwrap();
            Self { home, registry, reference, digest }
        }

        fn places(&self, tags: TagLookup) -> ArtifactStores<ImageLayout> {
            self.places_at(self.home.path(), tags, Arc::new(Silent))
        }

        fn places_at(&self, home: &Path, tags: TagLookup, report: Arc<dyn Report>) -> ArtifactStores<ImageLayout> {
            let environment = Environment { home: Some(home.to_owned()), ..Environment::default() };
            let registry = ImageLayout::open(self.registry.path()).unwrap();
            ArtifactStores { vendored: Vec::new(), cache: ArtifactCache::open(&environment, report), registry, tags }
        }

        fn file(&self, name: &str) -> PathBuf {
            self.home.path().join(".cache/buildout-host/artifacts").join(name)
        }
    }

    /// Manifest, component and signatures.
    fn all(places: &ArtifactStores<ImageLayout>, reference: &Reference, digest: Digest) -> Result<(), RegistryError> {
        let artifact = Artifact::of(places, reference)?;
        assert_eq!(artifact.manifest.digest, digest);
        assert_eq!(artifact.component(places, reference)?, COMPONENT);
        assert_eq!(signatures(places, reference, digest)?.len(), 1);
        Ok(())
    }

    fn empty(directory: &Path) {
        fs::remove_dir_all(directory.join("blobs")).unwrap();
        fs::remove_file(directory.join("index.json")).unwrap();
    }

    #[test]
    fn requests_nothing_twice() {
        let space = StoresFixture::new();
        let pinned = space.reference.with_digest(space.digest);
        let places = space.places(TagLookup::Kept);
        all(&places, &pinned, space.digest).unwrap();
        all(&places, &space.reference, space.digest).unwrap();
        empty(space.registry.path());
        all(&places, &pinned, space.digest).unwrap();
        all(&places, &space.reference, space.digest).unwrap();
        let asked = space.places(TagLookup::Asked);
        assert!(asked.manifest(&pinned).is_ok());
        assert!(matches!(asked.manifest(&space.reference), Err(RegistryError::NotFound { .. })));
    }

    #[test]
    fn ignores_a_damaged_copy() {
        let space = StoresFixture::new();
        let pinned = space.reference.with_digest(space.digest);
        let places = space.places(TagLookup::Kept);
        all(&places, &pinned, space.digest).unwrap();
        for digest in [space.digest, Digest::of(COMPONENT), Digest::of(b"payload")] {
            let file = space.file(&digest.to_string());
            let good = fs::read(&file).unwrap();
            fs::write(&file, [&good[..good.len() - 1], b"!"].concat()).unwrap();
            all(&places, &pinned, space.digest).unwrap();
            assert_eq!(fs::read(&file).unwrap(), good, "it was requested again");
        }
        fs::write(space.file(&Digest::of(COMPONENT).to_string()), "damaged").unwrap();
        empty(space.registry.path());
        assert!(all(&places, &pinned, space.digest).is_err());
    }

    #[test]
    fn a_vendored_copy_comes_first_even_if_it_is_damaged() {
        let space = StoresFixture::new();
        let mut places = space.places(TagLookup::Kept);
        places.vendored = vec![places.registry.clone()];
        let pinned = space.reference.with_digest(space.digest);
        all(&places, &pinned, space.digest).unwrap();
        assert!(!space.file("").exists(), "nothing was requested elsewhere");
        let blob = space.registry.path().join(format!("blobs/sha256/{}", Digest::of(COMPONENT)));
        fs::write(blob, b"\0asm\x0d\0\x01\x01").unwrap();
        assert!(matches!(all(&places, &pinned, space.digest), Err(RegistryError::DamagedCopy { .. })));
    }

    #[test]
    fn removes_what_was_not_used_for_longest() {
        let space = StoresFixture::new();
        let places = space.places(TagLookup::Kept);
        places.cache.keep(b"12345678");
        places.cache.clone().with_capacity(10).keep(b"abcdefgh");
        assert_eq!(places.cache.load(Digest::of(b"12345678"), 100), None);
        assert!(places.cache.load(Digest::of(b"abcdefgh"), 100).is_some());
    }

    #[test]
    fn an_answer_that_is_not_a_manifest_replaces_no_good_one() {
        let space = StoresFixture::new();
        let places = space.places(TagLookup::Asked);
        all(&places, &space.reference, space.digest).unwrap();
        let page = ArtifactManifest::new(b"<html>Log in</html>".to_vec());
        places.registry.put_manifest(&space.reference, &page).unwrap();
        assert_eq!(places.manifest(&space.reference).unwrap(), page);
        empty(space.registry.path());
        all(&space.places(TagLookup::Kept), &space.reference, space.digest).unwrap();
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_reported_once() {
        let space = StoresFixture::new();
        // Nothing can be created below a file, not even by root.
        let home = space.home.path().join("file");
        fs::write(&home, "").unwrap();
        let warnings = Arc::new(ReportedMessages::default());
        let places = space.places_at(&home, TagLookup::Kept, Arc::clone(&warnings) as Arc<dyn Report>);
        all(&places, &space.reference, space.digest).unwrap();
        let warnings = warnings.take(Level::Warning);
        assert!(warnings.len() == 1 && warnings[0].contains(&*home.to_string_lossy()), "{warnings:?}");
    }
}
