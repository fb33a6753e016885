//! Signatures next to artifacts, as stored by cosign: under the tag `sha256-DIGEST.sig`, a manifest whose layers are
//! payloads in the simple signing format, each with its signature as an annotation.
//!
//! Does not know about keys: other modules decide whether a signature is valid.

use std::collections::BTreeMap;

use serde_json::json;

use super::artifacts::{ArtifactManifest, Artifacts};
use super::document::{Descriptor, ImageManifest, to_json};
use super::error::RegistryError;
use super::reference::Reference;
use base::digest::Digest;

/// Media type of a payload.
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// Media type of the config, which is ignored.
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The annotation with a signature.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// Maximum number of signatures of one artifact.
pub const MOST_SIGNATURES: usize = 100;
/// The largest payload, in bytes.
const LARGEST_PAYLOAD: u64 = 64 << 10;
/// Maximum length of a signature in bytes: enough for an RSA key of 16,384 bits.
const LONGEST_SIGNATURE: usize = 4 << 10;

/// A signature next to an artifact, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactSignature {
    /// The signed bytes.
    pub payload: Vec<u8>,
    /// The signature, in base64.
    pub base64: String,
}

/// The signatures of the manifest `digest`; none if it is not signed.
///
/// # Errors
/// If they are not available, or there are more than [`MOST_SIGNATURES`].
pub fn signatures(
    from: &dyn Artifacts,
    reference: &Reference,
    digest: Digest,
) -> Result<Vec<ArtifactSignature>, RegistryError> {
    let place = reference.signatures_of(digest);
    let mut found = Vec::new();
    for layer in layers(from, &place)? {
        // Layers of other kinds belong to other programs.
        if let (PAYLOAD, Some(base64)) = (layer.media_type.as_str(), layer.annotation(SIGNATURE)) {
            if base64.len() > LONGEST_SIGNATURE {
                return Err(RegistryError::malformed("A signature", place, "it is too long"));
            }
            let payload = from.blob("The payload of a signature", &place, &layer, LARGEST_PAYLOAD)?;
            found.push(ArtifactSignature { payload, base64: base64.to_owned() });
        }
    }
    Ok(found)
}

/// Adds a signature of the manifest `digest` to the existing ones.
///
/// # Errors
/// If those cannot be read, or the new one cannot be stored.
pub fn add_signature(
    to: &dyn Artifacts,
    reference: &Reference,
    digest: Digest,
    signature: &ArtifactSignature,
) -> Result<(), RegistryError> {
    let place = reference.signatures_of(digest);
    let mut layers = layers(to, &place)?;
    let layer = Descriptor::of(PAYLOAD, &signature.payload).annotated(SIGNATURE, &signature.base64);
    if layers.contains(&layer) {
        return Ok(());
    }
    layers.push(layer);
    limit(&place, layers.len())?;
    let config = config(&layers);
    to.put_blob(&place, &signature.payload)?;
    to.put_blob(&place, &config)?;
    let manifest = ImageManifest::new(Descriptor::of(CONFIG, &config), layers);
    to.put_manifest(&place, &ArtifactManifest::new(to_json(&manifest)))
}

/// Copies the signatures of the manifest `digest`, byte for byte.
pub(super) fn copy_signatures(
    from: &dyn Artifacts,
    to: &dyn Artifacts,
    reference: &Reference,
    digest: Digest,
) -> Result<(), RegistryError> {
    let place = reference.signatures_of(digest);
    let manifest = match from.manifest(&place) {
        Ok(manifest) => manifest,
        Err(RegistryError::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    let parsed = ImageManifest::parse(&place, &manifest.bytes)?;
    limit(&place, parsed.layers.len())?;
    to.put_blob(&place, &from.blob("The config", &place, &parsed.config, LARGEST_PAYLOAD)?)?;
    for layer in &parsed.layers {
        to.put_blob(&place, &from.blob("The payload of a signature", &place, layer, LARGEST_PAYLOAD)?)?;
    }
    to.put_manifest(&place, &manifest)
}

/// The layers of the signatures' manifest; none if it does not exist.
fn layers(from: &dyn Artifacts, place: &Reference) -> Result<Vec<Descriptor>, RegistryError> {
    let manifest = match from.manifest(place) {
        Ok(manifest) => manifest,
        Err(RegistryError::NotFound { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let parsed = ImageManifest::parse(place, &manifest.bytes)?;
    limit(place, parsed.layers.len())?;
    Ok(parsed.layers)
}

fn limit(place: &Reference, count: usize) -> Result<(), RegistryError> {
    if count > MOST_SIGNATURES {
        return Err(RegistryError::TooManySignatures { reference: place.to_string(), count, most: MOST_SIGNATURES });
    }
    Ok(())
}

/// An image's config that lists the layers: programs that copy images expect one.
fn config(layers: &[Descriptor]) -> Vec<u8> {
    let digests: Vec<_> = layers.iter().map(|layer| layer.digest().to_owned()).collect();
    let nothing = BTreeMap::<String, String>::new();
    to_json(&json!({
        "architecture": "",
        "config": nothing,
        "created": "0001-01-01T00:00:00Z",
        "history": layers.iter().map(|_| json!({ "created": "0001-01-01T00:00:00Z" })).collect::<Vec<_>>(),
        "os": "",
        "rootfs": { "type": "layers", "diff_ids": digests },
    }))
}
