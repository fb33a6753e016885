//! A recipe component as an OCI artifact, in the layout of the CNCF's guidance for WebAssembly: a config
//! `application/vnd.wasm.config.v0+json` and one layer `application/wasm`, which is the component.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::artifacts::{ArtifactManifest, Artifacts};
use super::document::{Descriptor, ImageManifest, to_json};
use super::error::{Integrity, RegistryError};
use super::reference::Reference;
use super::signatures::copy_signatures;
use base::digest::Digest;

/// The largest component, in bytes.
pub const LARGEST_COMPONENT: u64 = 128 << 20;

/// Media type of the config.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// Media type of the only layer.
const LAYER: &str = "application/wasm";

/// The name of the component in messages.
const COMPONENT: &str = "The component";

/// The largest config, in bytes.
const LARGEST_CONFIG: u64 = 1 << 20;

/// The description of a component, stored next to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArtifactDescription {
    /// When the component was built, as in RFC 3339.
    pub created: String,
    /// The component's imports.
    pub imports: Vec<String>,
    /// Its exports.
    pub exports: Vec<String>,
    /// Annotations (see [`annotation`](super::annotation)).
    pub annotations: BTreeMap<String, String>,
}

/// The config's document.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    created: String,
    architecture: String,
    os: String,
    layer_digests: Vec<String>,
    component: Option<Interface>,
}

#[derive(Serialize, Deserialize)]
struct Interface {
    #[serde(default)]
    exports: Vec<String>,
    #[serde(default)]
    imports: Vec<String>,
}

/// The manifest of one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The manifest.
    pub manifest: ArtifactManifest,
    component: Descriptor,
    /// Digest of the component.
    pub digest: Digest,
    /// Annotations (see [`annotation`](super::annotation)). The publisher may write anything in them.
    pub annotations: BTreeMap<String, String>,
    config: Descriptor,
}

impl Artifact {
    /// Stores `component` as the artifact `reference`. The same bytes and description always produce the same manifest.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub fn publish(
        to: &dyn Artifacts,
        reference: &Reference,
        component: &[u8],
        description: &ArtifactDescription,
    ) -> Result<Self, RegistryError> {
        let (artifact, config) = Self::describe(reference, component, description)?;
        to.put_blob(reference, component)?;
        to.put_blob(reference, &config)?;
        to.put_manifest(reference, &artifact.manifest)?;
        Ok(artifact)
    }

    /// Builds the artifact of `component`; also returns the bytes of its config.
    ///
    /// # Errors
    /// If the component or its description is too large: it could not be read again.
    pub fn describe(
        reference: &Reference,
        component: &[u8],
        description: &ArtifactDescription,
    ) -> Result<(Self, Vec<u8>), RegistryError> {
        let digest = Digest::of(component);
        let config = to_json(&Config {
            created: description.created.clone(),
            architecture: "wasm".to_owned(),
            os: "wasip2".to_owned(),
            layer_digests: vec![format!("sha256:{digest}")],
            component: Some(Interface { exports: description.exports.clone(), imports: description.imports.clone() }),
        });
        let layer = Descriptor::new(LAYER, component.len() as u64, digest);
        let mut manifest = ImageManifest::new(Descriptor::of(CONFIG, &config), vec![layer]);
        if !description.annotations.is_empty() {
            manifest.annotations = Some(description.annotations.clone());
        }
        Ok((Self::read(reference, ArtifactManifest::new(to_json(&manifest)))?, config))
    }

    /// Reads the artifact of `reference`.
    ///
    /// # Errors
    /// If it does not exist, or is not a component.
    pub fn of(from: &dyn Artifacts, reference: &Reference) -> Result<Self, RegistryError> {
        Self::read(reference, from.manifest(reference)?)
    }

    /// Parses a manifest, which came from `reference`.
    ///
    /// # Errors
    /// If it is of another kind, does not have exactly one layer, or if its contents are too large.
    pub(crate) fn read(reference: &Reference, manifest: ArtifactManifest) -> Result<Self, RegistryError> {
        let not_a_component = |reason: String| RegistryError::not_a_component(reference, reason);
        let parsed = ImageManifest::parse(reference, &manifest.bytes)?;
        let kind = &parsed.config.media_type;
        if kind != CONFIG {
            return Err(not_a_component(format!("its config has the media type {kind:?}, not {CONFIG}")));
        }
        let [component] = &parsed.layers[..] else {
            return Err(not_a_component(format!("it has {} layers instead of one", parsed.layers.len())));
        };
        if component.media_type != LAYER {
            let kind = &component.media_type;
            return Err(not_a_component(format!("its layer has the media type {kind:?}, not {LAYER}")));
        }
        let (digest, _) = component.expected(COMPONENT, reference, LARGEST_COMPONENT)?;
        if parsed.config.size > LARGEST_CONFIG {
            return Err(RegistryError::integrity(
                "The config",
                reference,
                Integrity::TooLarge { limit: LARGEST_CONFIG },
            ));
        }
        let (component, annotations) = (component.clone(), parsed.annotations.unwrap_or_default());
        Ok(Self { component, digest, annotations, config: parsed.config, manifest })
    }

    /// Copies this artifact and its signatures, byte for byte. The copy has the tag of `reference`, if that has one.
    ///
    /// # Errors
    /// If part of it is not available, or cannot be stored.
    pub fn copy(&self, from: &dyn Artifacts, to: &dyn Artifacts, reference: &Reference) -> Result<(), RegistryError> {
        to.put_blob(reference, &self.component(from, reference)?)?;
        to.put_blob(reference, &self.config(from, reference)?)?;
        copy_signatures(from, to, reference, self.manifest.digest)?;
        to.put_manifest(reference, &self.manifest)
    }

    /// The component's size, in bytes.
    pub fn size(&self) -> u64 {
        self.component.size
    }

    /// The component's bytes.
    ///
    /// # Errors
    /// If they are not available, or do not match the manifest.
    pub fn component(&self, from: &dyn Artifacts, reference: &Reference) -> Result<Vec<u8>, RegistryError> {
        from.blob(COMPONENT, reference, &self.component, LARGEST_COMPONENT)
    }

    /// The config's bytes, which must describe the same component.
    ///
    /// # Errors
    /// If they are not available, or do not match the manifest.
    pub fn config(&self, from: &dyn Artifacts, reference: &Reference) -> Result<Vec<u8>, RegistryError> {
        let bytes = from.blob("The config", reference, &self.config, LARGEST_CONFIG)?;
        let config: Config =
            serde_json::from_slice(&bytes).map_err(|error| RegistryError::malformed("The config", reference, error))?;
        if config.layer_digests != [format!("sha256:{}", self.digest)] {
            return Err(RegistryError::not_a_component(reference, "its config is about another component"));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::annotation;

    fn reference() -> Reference {
        "registry.example/acme/recipes:1.2".parse().unwrap()
    }

    fn description() -> ArtifactDescription {
        let annotations = [(annotation::TITLE, "acme"), (annotation::VERSION, "1.2"), (annotation::LICENSES, "MIT")];
        ArtifactDescription {
            created: "2026-01-02T03:04:05Z".into(),
            imports: vec!["wasi:cli/environment@0.2.6".into()],
            exports: vec!["buildout:recipe/package@0.1.0".into()],
            annotations: annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        }
    }

    #[test]
    fn makes_the_artifact_that_the_guidance_describes() {
        let (artifact, config) = Artifact::describe(&reference(), b"component", &description()).unwrap();
        let digest = Digest::of(b"component");
        let (length, hash) = (config.len(), Digest::of(&config));
        assert_eq!(
            String::from_utf8(artifact.manifest.bytes.clone()).unwrap(),
            format!(
                "{{\"annotations\":{{\"org.opencontainers.image.licenses\":\"MIT\",\"org.opencontainers.image.title\":\"acme\",\
                 \"org.opencontainers.image.version\":\"1.2\"}},\"config\":{{\"digest\":\"sha256:{hash}\",\
                 \"mediaType\":\"application/vnd.wasm.config.v0+json\",\"size\":{length}}},\
                 \"layers\":[{{\"digest\":\"sha256:{digest}\",\"mediaType\":\"application/wasm\",\"size\":9}}],\
                 \"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"schemaVersion\":2}}"
            )
        );
        assert_eq!(
            String::from_utf8(config).unwrap(),
            format!(
                "{{\"architecture\":\"wasm\",\"component\":{{\"exports\":[\"buildout:recipe/package@0.1.0\"],\
                 \"imports\":[\"wasi:cli/environment@0.2.6\"]}},\"created\":\"2026-01-02T03:04:05Z\",\
                 \"layerDigests\":[\"sha256:{digest}\"],\"os\":\"wasip2\"}}"
            )
        );
        assert_eq!((artifact.digest, artifact.annotations), (digest, description().annotations));
    }

    #[test]
    fn says_why_an_artifact_is_not_a_component() {
        let (artifact, _) = Artifact::describe(&reference(), b"component", &description()).unwrap();
        let text = String::from_utf8(artifact.manifest.bytes).unwrap();
        let t = |old: &str, new: &str, expected: &str| {
            let changed = text.replacen(old, new, 1);
            assert_ne!(changed, text, "{old}");
            let error =
                Artifact::read(&reference(), ArtifactManifest::new(changed.into_bytes())).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        t(
            "vnd.wasm.config.v0",
            "vnd.oci.image.config.v1",
            "config has the media type \"application/vnd.oci.image.config.v1+json\"",
        );
        t("application/wasm\"", "text/plain\"", "layer has the media type \"text/plain\"");
        t("\"layers\":[", "\"layers\":[], \"x\":[", "0 layers instead of one");
        let layer = text.split_once("\"layers\":[").unwrap().1.split_once(']').unwrap().0.to_owned();
        t("\"layers\":[", &format!("\"layers\":[{}", format!("{layer},").repeat(5000)), "5001 layers instead of one");
        t("\"size\":9", "\"size\":999999999999", "The component of registry.example/acme/recipes:1.2 is larger than");
        t("\"size\":9", "\"size\":-9", "is malformed");
        t("\"schemaVersion\":2", "\"schemaVersion\":1", "its schemaVersion is not 2");
        t("image.manifest.v1", "image.index.v1", "has the media type \"application/vnd.oci.image.index.v1+json\"");
        t("{\"annotations", "[{\"annotations", "is malformed");
        let hash = format!("sha256:{}", Digest::of(b"component"));
        t(&hash, &format!("sha512:{}", "ab".repeat(64)), "has a digest that is not SHA-256");
    }
}
