//! A directory in OCI image layout (`oci-layout`, `index.json`, `blobs/sha256/DIGEST`), as `recipe vendor` makes one and
//! as skopeo and others read and write it.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use oci_spec::image::{
    ANNOTATION_REF_NAME, Descriptor, ImageIndex, ImageIndexBuilder, MediaType, OciLayout, OciLayoutBuilder,
};

use super::artefact::{MANIFEST, to_json};
use super::artefacts::{Artefacts, LARGEST_MANIFEST, Manifest, check, descriptor, expected};
use super::{Integrity, Reference, RegistryError};
use base::digest::Digest;
use base::files::{self, FileError};

const MARKER: &str = "oci-layout";
const INDEX: &str = "index.json";
const VERSION: &str = "1.0.0";

/// The longest `index.json` that is read, in bytes.
const LARGEST_INDEX: u64 = 16 << 20;

/// A directory in OCI image layout. Artefacts of several registries can stand beside one another: each is named by its
/// whole reference.
#[derive(Clone, Debug)]
pub struct Layout {
    directory: PathBuf,
}

impl Layout {
    /// The layout in `directory`.
    ///
    /// # Errors
    /// Where there is none, or one of a version that is not known.
    pub fn open(directory: &Path) -> Result<Self, RegistryError> {
        let not_a_layout = |reason: String| RegistryError::NotALayout { path: directory.to_owned(), reason };
        let marker = read(&directory.join(MARKER), LARGEST_MANIFEST)?;
        let marker = marker.ok_or_else(|| not_a_layout(format!("it has no file {MARKER}")))?;
        let marker: OciLayout =
            serde_json::from_slice(&marker).map_err(|error| not_a_layout(format!("{MARKER} is broken: {error}")))?;
        match marker.image_layout_version() == VERSION {
            true => Ok(Self { directory: directory.to_owned() }),
            false => Err(not_a_layout(format!("its version is {:?}, not {VERSION}", marker.image_layout_version()))),
        }
    }

    /// Makes an empty layout in `directory`, unless one is there.
    ///
    /// # Errors
    /// Where it cannot be written, or one of a version that is not known is there.
    pub fn create(directory: &Path) -> Result<Self, RegistryError> {
        let blobs = directory.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).map_err(FileError::of("make the directory", &blobs))?;
        if !directory.join(MARKER).exists() {
            let marker = OciLayoutBuilder::default().image_layout_version(VERSION).build();
            let marker = marker.map_err(|error| RegistryError::malformed(MARKER, directory.display(), error))?;
            let layout = Self { directory: directory.to_owned() };
            layout.write_index(&layout.index()?)?;
            files::replace(&directory.join(MARKER), &to_json(&marker))?;
        }
        Self::open(directory)
    }

    fn index(&self) -> Result<ImageIndex, RegistryError> {
        let path = self.directory.join(INDEX);
        let malformed =
            |reason: &dyn std::fmt::Display| RegistryError::malformed(INDEX, self.directory.display(), reason);
        match read(&path, LARGEST_INDEX)? {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| malformed(&error)),
            None => {
                let index = ImageIndexBuilder::default().schema_version(2_u32).media_type(MediaType::ImageIndex);
                index.manifests(Vec::new()).build().map_err(|error| malformed(&error))
            }
        }
    }

    fn write_index(&self, index: &ImageIndex) -> Result<(), RegistryError> {
        files::replace(&self.directory.join(INDEX), &to_json(index))?;
        Ok(())
    }

    /// What the index says of `reference`: under its whole name, or, where the layout holds one repository alone and so
    /// names only tags (as other tools do), under its tag.
    fn find(&self, reference: &Reference) -> Result<Option<Descriptor>, RegistryError> {
        let index = self.index()?;
        let named = |name: &str| index.manifests().iter().find(|manifest| name_of(manifest) == Some(name)).cloned();
        let tags_alone =
            || !index.manifests().iter().any(|manifest| name_of(manifest).is_some_and(|name| name.contains('/')));
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
        let bytes = read(&self.blob_path(digest), most)?.ok_or_else(|| self.not_found(reference))?;
        if bytes.len() as u64 > most {
            return Err(RegistryError::integrity(what, reference, Integrity::TooLarge { limit: most }));
        }
        Ok(bytes)
    }
}

impl Artefacts for Layout {
    fn manifest(&self, reference: &Reference) -> Result<Manifest, RegistryError> {
        const WHAT: &str = "The manifest";
        if let Some(digest) = reference.digest() {
            return Manifest::checked(self.read_blob(WHAT, reference, digest, LARGEST_MANIFEST)?, reference);
        }
        let found = self.find(reference)?.ok_or_else(|| self.not_found(reference))?;
        let (digest, size) = expected(WHAT, reference, &found, LARGEST_MANIFEST)?;
        let bytes = self.read_blob(WHAT, reference, digest, LARGEST_MANIFEST)?;
        Ok(Manifest::new(check(WHAT, reference, bytes, (digest, size))?))
    }

    fn blob(
        &self,
        what: &'static str,
        reference: &Reference,
        descriptor: &Descriptor,
        most: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let (digest, size) = expected(what, reference, descriptor, most)?;
        check(what, reference, self.read_blob(what, reference, digest, most)?, (digest, size))
    }

    fn put_blob(&self, _reference: &Reference, bytes: &[u8]) -> Result<(), RegistryError> {
        files::replace_shared(&self.blob_path(Digest::of(bytes)), bytes)?;
        Ok(())
    }

    fn put_manifest(&self, reference: &Reference, manifest: &Manifest) -> Result<(), RegistryError> {
        self.put_blob(reference, &manifest.bytes)?;
        let Some(name) = reference.tagged_name() else { return Ok(()) };
        let mut index = self.index()?;
        let mut entry = descriptor(MANIFEST, &manifest.bytes);
        entry.set_annotations(Some(HashMap::from([(ANNOTATION_REF_NAME.to_owned(), name.clone())])));
        let mut manifests = index.manifests().clone();
        manifests.retain(|manifest| name_of(manifest) != Some(&name));
        manifests.push(entry);
        manifests.sort_by(|a, b| name_of(a).cmp(&name_of(b)));
        index.set_manifests(manifests);
        self.write_index(&index)
    }
}

fn name_of(manifest: &Descriptor) -> Option<&str> {
    manifest.annotations().as_ref()?.get(ANNOTATION_REF_NAME).map(String::as_str)
}

/// At most one byte more than `most` of a regular file; `None` if there is no file.
pub(super) fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>, RegistryError> {
    let failed = |error| FileError::of("read", path)(error);
    match path.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        // Opening a FIFO would wait for a writer.
        Ok(_) => return Err(failed(std::io::ErrorKind::InvalidInput.into()).into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error).into()),
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(FileError::of("read", path))?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(FileError::of("read", path))?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::{Artefact, Description, MOST_SIGNATURES, Signature, add_signature, signatures};

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn reference() -> Reference {
        "registry.example/acme/recipes:1.2".parse().unwrap()
    }

    fn published() -> (tempfile::TempDir, Layout, Artefact) {
        let directory = tempfile::tempdir().unwrap();
        let layout = Layout::create(directory.path()).unwrap();
        let artefact = Artefact::publish(&layout, &reference(), COMPONENT, &Description::default()).unwrap();
        (directory, layout, artefact)
    }

    fn signature(text: &str) -> Signature {
        Signature { payload: format!("payload {text}").into_bytes(), base64: format!("c2ln{text}") }
    }

    #[test]
    fn what_is_kept_is_found_by_tag_and_by_digest() {
        let (directory, layout, artefact) = published();
        let layout_again = Layout::open(directory.path()).unwrap();
        let digest = artefact.manifest.digest;
        for reference in [reference(), reference().with_digest(digest)] {
            let found = Artefact::of(&layout_again, &reference).unwrap();
            assert_eq!(found, artefact);
            assert_eq!(found.component(&layout, &reference).unwrap(), COMPONENT);
            assert!(found.config(&layout, &reference).is_ok());
        }
        let other = Artefact::publish(&layout, &reference(), b"other", &Description::default()).unwrap();
        assert_eq!(Artefact::of(&layout, &reference()).unwrap(), other);
        assert_eq!(Artefact::of(&layout, &reference().with_digest(digest)).unwrap(), artefact);
        assert_eq!(layout.index().unwrap().manifests().len(), 1);
        let absent: Reference = "registry.example/acme/others:1.2".parse().unwrap();
        assert!(matches!(layout.manifest(&absent), Err(RegistryError::NotFound { .. })));
    }

    #[test]
    fn changed_files_are_not_given_out() {
        let (directory, layout, artefact) = published();
        let blob = |digest: Digest| directory.path().join(format!("blobs/sha256/{digest}"));
        let text = |error: RegistryError| error.to_string();
        std::fs::write(blob(artefact.digest), b"\0asm\x0d\0\x01\x01").unwrap();
        let error = text(artefact.component(&layout, &reference()).unwrap_err());
        assert!(error.contains("has the digest") && error.contains(&artefact.digest.to_string()), "{error}");
        std::fs::write(blob(artefact.digest), b"more than there were").unwrap();
        let error = text(artefact.component(&layout, &reference()).unwrap_err());
        assert!(error.contains("The component") && error.contains("larger") || error.contains("bytes long"), "{error}");
        std::fs::write(blob(artefact.manifest.digest), b"{}").unwrap();
        for reference in [reference(), reference().with_digest(artefact.manifest.digest)] {
            let error = text(Artefact::of(&layout, &reference).unwrap_err());
            assert!(error.contains("The manifest"), "{error}");
        }
        std::fs::remove_file(blob(artefact.digest)).unwrap();
        assert!(matches!(artefact.component(&layout, &reference()), Err(RegistryError::NotFound { .. })));
    }

    #[test]
    fn a_new_signature_joins_those_that_are_there() {
        let (_directory, layout, artefact) = published();
        let digest = artefact.manifest.digest;
        assert_eq!(signatures(&layout, &reference(), digest).unwrap(), []);
        for name in ["a", "b", "a"] {
            add_signature(&layout, &reference(), digest, &signature(name)).unwrap();
        }
        assert_eq!(signatures(&layout, &reference(), digest).unwrap(), [signature("a"), signature("b")]);
    }

    #[test]
    fn thousands_of_signatures_are_not_read() {
        let (_directory, layout, artefact) = published();
        let digest = artefact.manifest.digest;
        add_signature(&layout, &reference(), digest, &signature("a")).unwrap();
        let place = reference().signatures_of(digest);
        let text = String::from_utf8(layout.manifest(&place).unwrap().bytes).unwrap();
        let layer = text.split_once("\"layers\":[").unwrap().1.split_once("],").unwrap().0;
        let many = |count: usize| text.replace(layer, &vec![layer; count].join(","));
        layout.put_manifest(&place, &Manifest::new(many(MOST_SIGNATURES).into_bytes())).unwrap();
        assert_eq!(signatures(&layout, &reference(), digest).unwrap().len(), MOST_SIGNATURES);
        let error = add_signature(&layout, &reference(), digest, &signature("b")).unwrap_err();
        assert!(matches!(error, RegistryError::TooManySignatures { count, .. } if count == MOST_SIGNATURES + 1));
        layout.put_manifest(&place, &Manifest::new(many(5000).into_bytes())).unwrap();
        let error = signatures(&layout, &reference(), digest).unwrap_err();
        assert!(matches!(error, RegistryError::TooManySignatures { count: 5000, .. }));
    }

    #[test]
    fn a_layout_of_another_tool_names_tags_alone() {
        let (directory, layout, artefact) = published();
        let index = directory.path().join(INDEX);
        let text = std::fs::read_to_string(&index).unwrap();
        std::fs::write(&index, text.replace("registry.example/acme/recipes:1.2", "1.2")).unwrap();
        assert_eq!(Artefact::of(&layout, &reference()).unwrap(), artefact);
        assert!(Artefact::of(&layout, &reference().with_tag("1.3").unwrap()).is_err());
    }

    #[test]
    fn what_is_no_layout_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let error = |directory: &Path| Layout::open(directory).unwrap_err().to_string();
        assert!(error(directory.path()).ends_with("is no OCI image layout: it has no file oci-layout."));
        std::fs::write(directory.path().join(MARKER), "{\"imageLayoutVersion\": \"9.0.0\"}").unwrap();
        assert!(error(directory.path()).contains("its version is \"9.0.0\""));
        std::fs::write(directory.path().join(MARKER), "{").unwrap();
        assert!(error(directory.path()).contains("oci-layout is broken"));
    }
}
