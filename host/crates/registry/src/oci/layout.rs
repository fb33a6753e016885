//! A directory in OCI image layout (`oci-layout`, `index.json`, `blobs/sha256/DIGEST`), as skopeo and other programs
//! read and write it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::artifacts::{ArtifactManifest, Artifacts, LARGEST_MANIFEST};
use super::document::{Descriptor, ImageIndex, LayoutMarker, MANIFEST, NAME, check, to_json};
use super::error::{Integrity, RegistryError};
use super::reference::Reference;
use base::digest::Digest;
use base::files::{self, FileError, read_at_most};

const MARKER: &str = "oci-layout";
const INDEX: &str = "index.json";
const VERSION: &str = "1.0.0";

/// The largest `index.json`, in bytes.
const LARGEST_INDEX: u64 = 16 << 20;

/// A directory in OCI image layout. It can contain artifacts of several registries: each is stored under its full
/// reference.
#[derive(Clone, Debug)]
pub struct ImageLayout {
    directory: PathBuf,
}

impl ImageLayout {
    /// Opens the layout in `directory`.
    ///
    /// # Errors
    /// If it does not exist, or has an unknown version.
    pub fn open(directory: &Path) -> Result<Self, RegistryError> {
        let not_a_layout = |reason: String| RegistryError::NotALayout { path: directory.to_owned(), reason };
        let marker = read(&directory.join(MARKER), LARGEST_MANIFEST)?;
        let marker = marker.ok_or_else(|| not_a_layout(format!("it has no file {MARKER}")))?;
        let marker: LayoutMarker =
            serde_json::from_slice(&marker).map_err(|error| not_a_layout(format!("{MARKER} is broken: {error}")))?;
        match marker.image_layout_version.as_str() {
            VERSION => Ok(Self { directory: directory.to_owned() }),
            other => Err(not_a_layout(format!("its version is {other:?}, not {VERSION}"))),
        }
    }

    /// Creates an empty layout in `directory`, unless it exists.
    ///
    /// # Errors
    /// If it cannot be written, or exists with an unknown version.
    pub fn create(directory: &Path) -> Result<Self, RegistryError> {
        let blobs = directory.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).map_err(FileError::of("create the directory", &blobs))?;
        if !directory.join(MARKER).exists() {
            let layout = Self { directory: directory.to_owned() };
            layout.write_index(&layout.index()?)?;
            let marker = LayoutMarker { image_layout_version: VERSION.to_owned() };
            files::replace(&directory.join(MARKER), &to_json(&marker))?;
        }
        Self::open(directory)
    }

    fn index(&self) -> Result<ImageIndex, RegistryError> {
        match read(&self.directory.join(INDEX), LARGEST_INDEX)? {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| RegistryError::malformed(INDEX, self.directory.display(), error)),
            None => Ok(ImageIndex::empty()),
        }
    }

    fn write_index(&self, index: &ImageIndex) -> Result<(), RegistryError> {
        files::replace(&self.directory.join(INDEX), &to_json(index))?;
        Ok(())
    }

    /// The entry of `reference` in the index: under its full name, or, if the layout contains only one repository and
    /// its names are tags (as written by other programs), under its tag.
    fn find(&self, reference: &Reference) -> Result<Option<Descriptor>, RegistryError> {
        let manifests = self.index()?.manifests;
        let named = |name: &str| manifests.iter().find(|manifest| manifest.annotation(NAME) == Some(name)).cloned();
        let tags_alone =
            || !manifests.iter().any(|manifest| manifest.annotation(NAME).is_some_and(|name| name.contains('/')));
        let whole = reference.tagged_name().and_then(|name| named(&name));
        Ok(whole.or_else(|| reference.tag().filter(|_| tags_alone()).and_then(named)))
    }

    fn blob_path(&self, digest: Digest) -> PathBuf {
        self.directory.join("blobs/sha256").join(digest.to_string())
    }

    fn not_found(&self, reference: &Reference) -> RegistryError {
        RegistryError::NotFound { reference: reference.to_string(), place: self.directory.display().to_string() }
    }

    /// The blob with that digest, of at most `most` bytes.
    fn read_blob(
        &self,
        what: &'static str,
        reference: &Reference,
        digest: Digest,
        most: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let path = self.blob_path(digest);
        match read_at_most(&path, most) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(self.not_found(reference)),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                Err(RegistryError::integrity(what, reference, Integrity::TooLarge { limit: most }))
            }
            Err(error) => Err(FileError::of("read", &path)(error).into()),
        }
    }
}

impl Artifacts for ImageLayout {
    fn manifest(&self, reference: &Reference) -> Result<ArtifactManifest, RegistryError> {
        const WHAT: &str = "The manifest";
        if let Some(digest) = reference.digest() {
            let manifest =
                ArtifactManifest::checked(self.read_blob(WHAT, reference, digest, LARGEST_MANIFEST)?, reference);
            return manifest.map_err(|error| error.in_copy(self.blob_path(digest)));
        }
        let found = self.find(reference)?.ok_or_else(|| self.not_found(reference))?;
        Ok(ArtifactManifest::new(self.blob(WHAT, reference, &found, LARGEST_MANIFEST)?))
    }

    fn blob(
        &self,
        what: &'static str,
        reference: &Reference,
        descriptor: &Descriptor,
        most: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let expected = descriptor.expected(what, reference, most)?;
        let bytes = self.read_blob(what, reference, expected.0, most);
        let checked = bytes.and_then(|bytes| check(what, reference, bytes, expected));
        checked.map_err(|error| error.in_copy(self.blob_path(expected.0)))
    }

    fn put_blob(&self, _reference: &Reference, bytes: &[u8]) -> Result<(), RegistryError> {
        files::replace_shared(&self.blob_path(Digest::of(bytes)), bytes)?;
        Ok(())
    }

    fn put_manifest(&self, reference: &Reference, manifest: &ArtifactManifest) -> Result<(), RegistryError> {
        self.put_blob(reference, &manifest.bytes)?;
        let Some(name) = reference.tagged_name() else { return Ok(()) };
        let mut index = self.index()?;
        index.manifests.retain(|manifest| manifest.annotation(NAME) != Some(&name));
        index.manifests.push(Descriptor::of(MANIFEST, &manifest.bytes).annotated(NAME, &name));
        index.manifests.sort_by(|a, b| a.annotation(NAME).cmp(&b.annotation(NAME)));
        self.write_index(&index)
    }
}

/// A file of at most `most` bytes; `None` if it does not exist.
fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, RegistryError> {
    match read_at_most(path, most) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::of("read", path)(error).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::{
        Artifact, ArtifactDescription, ArtifactSignature, LARGEST_COMPONENT, MOST_SIGNATURES, add_signature, signatures,
    };

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn reference() -> Reference {
        "registry.example/acme/recipes:1.2".parse().unwrap()
    }

    fn published() -> (tempfile::TempDir, ImageLayout, Artifact) {
        let directory = tempfile::tempdir().unwrap();
        let layout = ImageLayout::create(directory.path()).unwrap();
        let artifact = Artifact::publish(&layout, &reference(), COMPONENT, &ArtifactDescription::default()).unwrap();
        (directory, layout, artifact)
    }

    fn signature(text: &str) -> ArtifactSignature {
        ArtifactSignature { payload: format!("payload {text}").into_bytes(), base64: format!("c2ln{text}") }
    }

    #[test]
    fn finds_an_artifact_by_tag_and_by_digest() {
        let (directory, layout, artifact) = published();
        let layout_again = ImageLayout::open(directory.path()).unwrap();
        let digest = artifact.manifest.digest;
        for reference in [reference(), reference().with_digest(digest)] {
            let found = Artifact::of(&layout_again, &reference).unwrap();
            assert_eq!(found, artifact);
            assert_eq!(found.component(&layout, &reference).unwrap(), COMPONENT);
            assert!(found.config(&layout, &reference).is_ok());
        }
        let other = Artifact::publish(&layout, &reference(), b"other", &ArtifactDescription::default()).unwrap();
        assert_eq!(Artifact::of(&layout, &reference()).unwrap(), other);
        assert_eq!(Artifact::of(&layout, &reference().with_digest(digest)).unwrap(), artifact);
        assert_eq!(layout.index().unwrap().manifests.len(), 1);
        let absent: Reference = "registry.example/acme/others:1.2".parse().unwrap();
        assert!(matches!(layout.manifest(&absent), Err(RegistryError::NotFound { .. })));
    }

    #[test]
    fn a_changed_file_is_blamed_by_its_path() {
        let (directory, layout, artifact) = published();
        let blob = |digest: Digest| directory.path().join(format!("blobs/sha256/{digest}"));
        let (component, manifest) = (blob(artifact.digest), blob(artifact.manifest.digest));
        let damaged = |error: RegistryError| match error {
            RegistryError::DamagedCopy { what, path, integrity, .. } => (what, path, *integrity),
            other => panic!("{other}"),
        };
        let swapped = b"\0asm\x0d\0\x01\x01";
        std::fs::write(&component, swapped).unwrap();
        let error = artifact.component(&layout, &reference()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(&component.display().to_string()), "{message}");
        let integrity = Integrity::Digest { expected: artifact.digest, found: Digest::of(swapped) };
        assert_eq!(damaged(error), ("The component", component.clone(), integrity));

        std::fs::write(&component, b"more than there were").unwrap();
        let error = artifact.component(&layout, &reference()).unwrap_err();
        let integrity = Integrity::Size { expected: COMPONENT.len() as u64 };
        assert_eq!(damaged(error), ("The component", component.clone(), integrity));

        let integrity = Integrity::TooLarge { limit: LARGEST_COMPONENT };
        std::fs::File::create(&component).unwrap().set_len(LARGEST_COMPONENT + 1).unwrap();
        let error = artifact.component(&layout, &reference()).unwrap_err();
        assert_eq!(damaged(error), ("The component", component.clone(), integrity));

        std::fs::write(&manifest, b"{}").unwrap();
        for reference in [reference(), reference().with_digest(artifact.manifest.digest)] {
            let (what, path, _) = damaged(Artifact::of(&layout, &reference).unwrap_err());
            assert_eq!((what, path), ("The manifest", manifest.clone()));
        }
        std::fs::remove_file(&component).unwrap();
        assert!(matches!(artifact.component(&layout, &reference()), Err(RegistryError::NotFound { .. })));
    }

    #[test]
    fn a_named_pipe_in_place_of_a_blob_holds_up_no_one() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let (directory, layout, artifact) = published();
        let component = directory.path().join(format!("blobs/sha256/{}", artifact.digest));
        std::fs::remove_file(&component).unwrap();
        mknodat(CWD, &component, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert!(matches!(artifact.component(&layout, &reference()), Err(RegistryError::File(_))));
    }

    #[test]
    fn adds_a_signature_to_the_existing_ones() {
        let (_directory, layout, artifact) = published();
        let digest = artifact.manifest.digest;
        assert_eq!(signatures(&layout, &reference(), digest).unwrap(), []);
        for name in ["a", "b", "a"] {
            add_signature(&layout, &reference(), digest, &signature(name)).unwrap();
        }
        assert_eq!(signatures(&layout, &reference(), digest).unwrap(), [signature("a"), signature("b")]);
    }

    #[test]
    fn does_not_read_thousands_of_signatures() {
        let (_directory, layout, artifact) = published();
        let digest = artifact.manifest.digest;
        add_signature(&layout, &reference(), digest, &signature("a")).unwrap();
        let place = reference().signatures_of(digest);
        let text = String::from_utf8(layout.manifest(&place).unwrap().bytes).unwrap();
        let layer = text.split_once("\"layers\":[").unwrap().1.split_once("],").unwrap().0;
        let many = |count: usize| text.replace(layer, &vec![layer; count].join(","));
        layout.put_manifest(&place, &ArtifactManifest::new(many(MOST_SIGNATURES).into_bytes())).unwrap();
        assert_eq!(signatures(&layout, &reference(), digest).unwrap().len(), MOST_SIGNATURES);
        let error = add_signature(&layout, &reference(), digest, &signature("b")).unwrap_err();
        assert!(matches!(error, RegistryError::TooManySignatures { count, .. } if count == MOST_SIGNATURES + 1));
        layout.put_manifest(&place, &ArtifactManifest::new(many(5000).into_bytes())).unwrap();
        let error = signatures(&layout, &reference(), digest).unwrap_err();
        assert!(matches!(error, RegistryError::TooManySignatures { count: 5000, .. }));
    }

    #[test]
    fn reads_a_layout_whose_names_are_tags() {
        let (directory, layout, artifact) = published();
        let index = directory.path().join(INDEX);
        let text = std::fs::read_to_string(&index).unwrap();
        std::fs::write(&index, text.replace("registry.example/acme/recipes:1.2", "1.2")).unwrap();
        assert_eq!(Artifact::of(&layout, &reference()).unwrap(), artifact);
        assert!(Artifact::of(&layout, &reference().with_tag("1.3").unwrap()).is_err());
    }

    #[test]
    fn says_why_a_directory_is_not_a_layout() {
        let directory = tempfile::tempdir().unwrap();
        let error = |directory: &Path| ImageLayout::open(directory).unwrap_err().to_string();
        assert!(error(directory.path()).ends_with("is not an OCI image layout: it has no file oci-layout"));
        std::fs::write(directory.path().join(MARKER), "{\"imageLayoutVersion\": \"9.0.0\"}").unwrap();
        assert!(error(directory.path()).contains("its version is \"9.0.0\""));
        std::fs::write(directory.path().join(MARKER), "{").unwrap();
        assert!(error(directory.path()).contains("oci-layout is broken"));
    }
}
