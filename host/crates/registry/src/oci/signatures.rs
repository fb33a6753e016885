//! Signatures beside artefacts, as cosign keeps them: under the tag `sha256-DIGEST.sig` a manifest whose layers are
//! payloads in the simple signing format, each with its signature as an annotation.
//!
//! Whether a signature counts, whoever knows the keys decides: here are bytes.

use std::collections::{BTreeMap, HashMap};

use oci_spec::image::{ImageManifestBuilder, MediaType};
use serde_json::json;

use super::artefact::{parse, to_json};
use super::artefacts::{Artefacts, Descriptor, Manifest, descriptor};
use super::{Reference, RegistryError};
use base::digest::Digest;

/// Media type of a payload.
const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// Media type of the config, which says nothing.
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The annotation that holds a signature.
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// The most signatures of one artefact that are looked at.
pub const MOST_SIGNATURES: usize = 100;
/// The longest payload that is read, in bytes.
const LARGEST_PAYLOAD: u64 = 64 << 10;
/// The longest signature that is given out, in bytes: one of an RSA key of 16,384 bits is shorter.
const LONGEST_SIGNATURE: usize = 4 << 10;

/// A signature that was found beside an artefact. Nothing of it was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// What was signed, byte for byte.
    pub payload: Vec<u8>,
    /// The signature, in base64.
    pub base64: String,
}

/// The signatures that there are of the manifest `digest`; none if nobody signed it.
///
/// # Errors
/// Where they cannot be had, or are more than [`MOST_SIGNATURES`].
pub fn signatures(
    from: &dyn Artefacts,
    reference: &Reference,
    digest: Digest,
) -> Result<Vec<Signature>, RegistryError> {
    let place = reference.signatures_of(digest);
    let mut found = Vec::new();
    for layer in layers(from, &place)? {
        // Layers of other kinds are left to whoever understands them.
        let text = layer.annotations().as_ref().and_then(|annotations| annotations.get(SIGNATURE));
        if let (true, Some(base64)) = (*layer.media_type() == MediaType::from(PAYLOAD), text) {
            if base64.len() > LONGEST_SIGNATURE {
                return Err(RegistryError::malformed("A signature", place, "it is too long"));
            }
            let payload = from.blob("The payload of a signature", &place, &layer, LARGEST_PAYLOAD)?;
            found.push(Signature { payload, base64: base64.clone() });
        }
    }
    Ok(found)
}

/// Adds a signature of the manifest `digest` to those that there are.
///
/// # Errors
/// Where those cannot be read, or the new one not be kept.
pub fn add_signature(
    to: &dyn Artefacts,
    reference: &Reference,
    digest: Digest,
    signature: &Signature,
) -> Result<(), RegistryError> {
    let place = reference.signatures_of(digest);
    let mut layers = layers(to, &place)?;
    let annotations = HashMap::from([(SIGNATURE.to_owned(), signature.base64.clone())]);
    let mut layer = descriptor(PAYLOAD, &signature.payload);
    layer.set_annotations(Some(annotations));
    if layers.contains(&layer) {
        return Ok(());
    }
    layers.push(layer);
    limit(&place, layers.len())?;
    let config = config(&layers);
    to.put_blob(&place, &signature.payload)?;
    to.put_blob(&place, &config)?;
    let manifest = ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(descriptor(CONFIG, &config))
        .layers(layers)
        .build()
        .map_err(|error| RegistryError::malformed("The manifest", &place, error))?;
    to.put_manifest(&place, &Manifest::new(to_json(&manifest)))
}

/// Copies the signatures of the manifest `digest`, byte for byte.
pub(super) fn copy_signatures(
    from: &dyn Artefacts,
    to: &dyn Artefacts,
    reference: &Reference,
    digest: Digest,
) -> Result<(), RegistryError> {
    let place = reference.signatures_of(digest);
    let manifest = match from.manifest(&place) {
        Ok(manifest) => manifest,
        Err(RegistryError::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    let parsed = parse(&place, &manifest)?;
    limit(&place, parsed.layers().len())?;
    to.put_blob(&place, &from.blob("The config", &place, parsed.config(), LARGEST_PAYLOAD)?)?;
    for layer in parsed.layers() {
        to.put_blob(&place, &from.blob("The payload of a signature", &place, layer, LARGEST_PAYLOAD)?)?;
    }
    to.put_manifest(&place, &manifest)
}

/// What the manifest of the signatures names; nothing where there is no such manifest.
fn layers(from: &dyn Artefacts, place: &Reference) -> Result<Vec<Descriptor>, RegistryError> {
    let manifest = match from.manifest(place) {
        Ok(manifest) => manifest,
        Err(RegistryError::NotFound { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let parsed = parse(place, &manifest)?;
    limit(place, parsed.layers().len())?;
    Ok(parsed.layers().clone())
}

fn limit(place: &Reference, count: usize) -> Result<(), RegistryError> {
    if count > MOST_SIGNATURES {
        return Err(RegistryError::TooManySignatures { reference: place.to_string(), count });
    }
    Ok(())
}

/// An image's config that lists the layers, which tools that copy images want to see.
fn config(layers: &[Descriptor]) -> Vec<u8> {
    let digests: Vec<_> = layers.iter().map(|layer| layer.digest().to_string()).collect();
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
