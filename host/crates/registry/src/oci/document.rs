//! The documents of OCI images: manifests, indexes, and the marker of a layout (OCI image specification 1.1), as far as
//! they are used here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{Integrity, RegistryError};
use super::reference::Reference;
use base::digest::Digest;

/// Media type of a manifest.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an index.
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The annotation with the name of a manifest, in an index.
pub(super) const NAME: &str = "org.opencontainers.image.ref.name";

/// Strings by key.
pub(super) type Annotations = BTreeMap<String, String>;

/// A descriptor of a content: its kind, size and digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Its media type.
    pub(super) media_type: String,
    digest: String,
    pub(super) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) annotations: Option<Annotations>,
    /// Unknown fields of other programs, which are preserved.
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

impl Descriptor {
    /// Describes `bytes`.
    pub(super) fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, bytes.len() as u64, Digest::of(bytes))
    }

    pub(super) fn new(media_type: &str, size: u64, digest: Digest) -> Self {
        let (media_type, digest) = (media_type.to_owned(), format!("sha256:{digest}"));
        Self { media_type, digest, size, annotations: None, others: serde_json::Map::new() }
    }

    /// The same, with one annotation.
    pub(super) fn annotated(self, key: &str, value: &str) -> Self {
        Self { annotations: Some(Annotations::from([(key.to_owned(), value.to_owned())])), ..self }
    }

    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.as_ref()?.get(key).map(String::as_str)
    }

    /// The digest with its algorithm, as written.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// The digest, if it is of SHA-256.
    pub(super) fn sha256(&self) -> Option<Digest> {
        let digits = self.digest.strip_prefix("sha256:")?;
        digits.parse().ok().filter(|digest: &Digest| digest.to_string() == digits)
    }

    /// The digest and size, of at most `most` bytes. `what` is the name of the content in messages.
    pub(super) fn expected(
        &self,
        what: &'static str,
        reference: &Reference,
        most: u64,
    ) -> Result<(Digest, u64), RegistryError> {
        let wrong = |integrity| RegistryError::integrity(what, reference, integrity);
        let digest = self.sha256().ok_or_else(|| wrong(Integrity::Algorithm))?;
        if self.size > most {
            return Err(wrong(Integrity::TooLarge { limit: most }));
        }
        Ok((digest, self.size))
    }
}

/// The manifest of an artifact, or of signatures.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageManifest {
    schema_version: u32,
    media_type: Option<String>,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) annotations: Option<Annotations>,
}

impl ImageManifest {
    pub(super) fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self { schema_version: 2, media_type: Some(MANIFEST.to_owned()), config, layers, annotations: None }
    }

    /// Parses the manifest of `reference`, which may be of an artifact or of signatures.
    pub(super) fn parse(reference: &Reference, bytes: &[u8]) -> Result<Self, RegistryError> {
        let malformed = |reason: &dyn std::fmt::Display| RegistryError::malformed("The manifest", reference, reason);
        // An index or a manifest of another kind has other fields.
        let kind: DocumentKind = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
        if let Some(kind) = kind.media_type.filter(|kind| kind != MANIFEST) {
            return Err(malformed(&format!("it has the media type {kind:?}, not {MANIFEST}")));
        }
        if kind.schema_version != 2 {
            return Err(malformed(&"its schemaVersion is not 2"));
        }
        serde_json::from_slice(bytes).map_err(|error| malformed(&error))
    }
}

/// The fields by which kinds of documents are distinguished.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DocumentKind {
    schema_version: u32,
    media_type: Option<String>,
}

/// The index of a layout.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageIndex {
    schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    pub(super) manifests: Vec<Descriptor>,
    /// Unknown fields of other programs, which are preserved.
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

impl ImageIndex {
    pub(super) fn empty() -> Self {
        let media_type = Some(INDEX.to_owned());
        Self { schema_version: 2, media_type, manifests: Vec::new(), others: serde_json::Map::new() }
    }
}

/// The content of `oci-layout`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LayoutMarker {
    pub(super) image_layout_version: String,
}

/// Serialized deterministically: the same value always produces the same bytes.
pub(super) fn to_json(value: &impl Serialize) -> Vec<u8> {
    let mut value = serde_json::to_value(value).expect("these types contain only what JSON has");
    value.sort_all_objects();
    value.to_string().into_bytes()
}

/// Returns the bytes if they match the expected digest and size.
pub(super) fn check(
    what: &'static str,
    reference: &Reference,
    bytes: Vec<u8>,
    (expected, size): (Digest, u64),
) -> Result<Vec<u8>, RegistryError> {
    let wrong = |integrity| Err(RegistryError::integrity(what, reference, integrity));
    if bytes.len() as u64 != size {
        return wrong(Integrity::Size { expected: size });
    }
    let found = Digest::of(&bytes);
    if found != expected {
        return wrong(Integrity::Digest { expected, found });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_other_programs_wrote() {
        let digest = Digest::of(b"");
        let text = format!(
            "{{\"annotations\":{{\"a\":\"b\"}},\"manifests\":[{{\"artifactType\":\"t\",\"digest\":\"sha256:{digest}\",\
             \"mediaType\":\"m\",\"platform\":{{\"os\":\"linux\"}},\"size\":3}}],\"schemaVersion\":2}}"
        );
        let index: ImageIndex = serde_json::from_str(&text).unwrap();
        assert_eq!(String::from_utf8(to_json(&index)).unwrap(), text);
        assert_eq!(index.manifests[0].sha256(), Some(digest));
    }

    #[test]
    fn a_digest_has_small_letters_and_its_algorithm() {
        let descriptor = |digest: &str| -> Descriptor {
            serde_json::from_str(&format!("{{\"mediaType\":\"m\",\"size\":1,\"digest\":{digest:?}}}")).unwrap()
        };
        let digits = Digest::of(b"").to_string();
        assert!(descriptor(&format!("sha256:{digits}")).sha256().is_some());
        for digest in [digits.clone(), format!("sha256:{}", digits.to_uppercase()), format!("sha512:{digits}")] {
            assert_eq!(descriptor(&digest).sha256(), None, "{digest}");
        }
    }
}
