//! A recipe component as an OCI artefact, in the layout that the CNCF's guidance for WebAssembly describes: a config
//! `application/vnd.wasm.config.v0+json` and one layer `application/wasm`, which is the component.

use std::collections::BTreeMap;

use oci_spec::image::{ImageManifest, ImageManifestBuilder, MediaType};
use serde::{Deserialize, Serialize};

use super::LARGEST_COMPONENT;
use super::artefacts::{Artefacts, Descriptor, Manifest, describe, descriptor};
use super::signatures::copy_signatures;
use super::{Integrity, Reference, RegistryError};
use base::digest::Digest;

/// Media type of the config.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// Media type of the only layer.
const LAYER: &str = "application/wasm";
/// Media type of the manifest.
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The longest config that is read, in bytes.
const LARGEST_CONFIG: u64 = 1 << 20;

/// Keys of annotations (OCI image specification, pre-defined annotation keys).
pub mod annotation {
    /// What the recipe package is called.
    pub const TITLE: &str = "org.opencontainers.image.title";
    /// Its version.
    pub const VERSION: &str = "org.opencontainers.image.version";
    /// Its licences, as an SPDX expression.
    pub const LICENCES: &str = "org.opencontainers.image.licenses";
    /// URL of its sources.
    pub const SOURCE: &str = "org.opencontainers.image.source";
    /// What it does.
    pub const DESCRIPTION: &str = "org.opencontainers.image.description";
}

/// What is told of a component beside its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// When the component was built, as RFC 3339 writes it.
    pub created: String,
    /// What the component imports.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
    /// Keys and texts (see [`annotation`]).
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

/// A manifest that was understood: it names one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// The manifest.
    pub manifest: Manifest,
    /// Names the component.
    pub component: Descriptor,
    /// SHA-256 of the component.
    pub digest: Digest,
    /// Keys and texts (see [`annotation`]). Whoever published it may write what they like there.
    pub annotations: BTreeMap<String, String>,
    config: Descriptor,
}

impl Artefact {
    /// Keeps `component` as the artefact `reference`. The same bytes and description always make the same manifest.
    ///
    /// # Errors
    /// Where it cannot be kept.
    pub fn publish(
        to: &dyn Artefacts,
        reference: &Reference,
        component: &[u8],
        description: &Description,
    ) -> Result<Self, RegistryError> {
        let (artefact, config) = Self::describe(reference, component, description)?;
        to.put_blob(reference, component)?;
        to.put_blob(reference, &config)?;
        to.put_manifest(reference, &artefact.manifest)?;
        Ok(artefact)
    }

    /// The artefact that `component` makes, and the bytes of its config.
    ///
    /// # Errors
    /// Where the component or its description is too large to be read again.
    pub fn describe(
        reference: &Reference,
        component: &[u8],
        description: &Description,
    ) -> Result<(Self, Vec<u8>), RegistryError> {
        let digest = Digest::of(component);
        let config = to_json(&Config {
            created: description.created.clone(),
            architecture: "wasm".to_owned(),
            os: "wasip2".to_owned(),
            layer_digests: vec![format!("sha256:{digest}")],
            component: Some(Interface { exports: description.exports.clone(), imports: description.imports.clone() }),
        });
        let layer = describe(LAYER, component.len() as u64, digest);
        let mut manifest = ImageManifestBuilder::default()
            .schema_version(2_u32)
            .media_type(MediaType::ImageManifest)
            .config(descriptor(CONFIG, &config))
            .layers(vec![layer])
            .build()
            .map_err(|error| RegistryError::malformed("The manifest", reference, error))?;
        if !description.annotations.is_empty() {
            manifest.set_annotations(Some(description.annotations.clone().into_iter().collect()));
        }
        Ok((Self::read(reference, Manifest::new(to_json(&manifest)))?, config))
    }

    /// The artefact that `reference` leads to.
    ///
    /// # Errors
    /// Where there is none, or something else.
    pub fn of(from: &dyn Artefacts, reference: &Reference) -> Result<Self, RegistryError> {
        Self::read(reference, from.manifest(reference)?)
    }

    /// Understands a manifest, which came from `reference`.
    ///
    /// # Errors
    /// Where it is of another kind, has more or less than one layer, or names more than is ever read.
    pub fn read(reference: &Reference, manifest: Manifest) -> Result<Self, RegistryError> {
        let not_a_component = |reason: String| RegistryError::not_a_component(reference, reason);
        let parsed = parse(reference, &manifest)?;
        let kind = parsed.config().media_type();
        if *kind != MediaType::from(CONFIG) {
            return Err(not_a_component(format!("its config is of the type {:?}, not {CONFIG}", kind.as_ref())));
        }
        let [component] = &parsed.layers()[..] else {
            return Err(not_a_component(format!("it has {} layers instead of one", parsed.layers().len())));
        };
        if *component.media_type() != MediaType::from(LAYER) {
            let kind = component.media_type().as_ref();
            return Err(not_a_component(format!("its layer is of the type {kind:?}, not {LAYER}")));
        }
        let wrong = |what, integrity| RegistryError::integrity(what, reference, integrity);
        let digest = component.as_digest_sha256().and_then(|digits| digits.parse().ok());
        let digest = digest.ok_or_else(|| wrong("The component", Integrity::Algorithm))?;
        for (what, size, limit) in [
            ("The component", component.size(), LARGEST_COMPONENT),
            ("The config", parsed.config().size(), LARGEST_CONFIG),
        ] {
            if size > limit {
                return Err(wrong(what, Integrity::TooLarge { limit }));
            }
        }
        let annotations = parsed.annotations().clone().unwrap_or_default().into_iter().collect();
        Ok(Self { component: component.clone(), digest, annotations, config: parsed.config().clone(), manifest })
    }

    /// Copies this artefact and its signatures, byte for byte. It then has the tag of `reference`, if that has one.
    ///
    /// # Errors
    /// Where something cannot be had, or not be kept.
    pub fn copy(&self, from: &dyn Artefacts, to: &dyn Artefacts, reference: &Reference) -> Result<(), RegistryError> {
        to.put_blob(reference, &self.component(from, reference)?)?;
        to.put_blob(reference, &self.config(from, reference)?)?;
        copy_signatures(from, to, reference, self.manifest.digest)?;
        to.put_manifest(reference, &self.manifest)
    }

    /// The component's bytes, which are those that the manifest names.
    ///
    /// # Errors
    /// Where they cannot be had, or are others.
    pub fn component(&self, from: &dyn Artefacts, reference: &Reference) -> Result<Vec<u8>, RegistryError> {
        from.blob("The component", reference, &self.component, LARGEST_COMPONENT)
    }

    /// The config's bytes, after a look at them: they must speak of the component that the manifest names.
    ///
    /// # Errors
    /// Where they cannot be had, or are others, or contradict the manifest.
    pub fn config(&self, from: &dyn Artefacts, reference: &Reference) -> Result<Vec<u8>, RegistryError> {
        let bytes = from.blob("The config", reference, &self.config, LARGEST_CONFIG)?;
        let config: Config =
            serde_json::from_slice(&bytes).map_err(|error| RegistryError::malformed("The config", reference, error))?;
        if config.layer_digests != [format!("sha256:{}", self.digest)] {
            return Err(RegistryError::not_a_component(reference, "its config speaks of another component"));
        }
        Ok(bytes)
    }
}

/// What every manifest begins with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    schema_version: u32,
    media_type: Option<String>,
}

/// Understands a manifest of either kind: of a component, or of signatures.
pub(super) fn parse(reference: &Reference, manifest: &Manifest) -> Result<ImageManifest, RegistryError> {
    let malformed = |reason: &dyn std::fmt::Display| RegistryError::malformed("The manifest", reference, reason);
    // A document that says that it is an index, or a manifest of another kind, has other fields.
    let kind: Kind = serde_json::from_slice(&manifest.bytes).map_err(|error| malformed(&error))?;
    if let Some(kind) = kind.media_type.filter(|kind| kind != MANIFEST) {
        return Err(malformed(&format!("it is of the type {kind:?}, not {MANIFEST}")));
    }
    if kind.schema_version != 2 {
        return Err(malformed(&"its schemaVersion is not 2"));
    }
    serde_json::from_slice(&manifest.bytes).map_err(|error| malformed(&error))
}

/// The same value always gives the same bytes: the maps of the types have no order.
pub(super) fn to_json(value: &impl Serialize) -> Vec<u8> {
    let mut value = serde_json::to_value(value).expect("the types of manifests have nothing that JSON has not");
    value.sort_all_objects();
    value.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> Reference {
        "registry.example/acme/recipes:1.2".parse().unwrap()
    }

    fn description() -> Description {
        let annotations = [(annotation::TITLE, "acme"), (annotation::VERSION, "1.2"), (annotation::LICENCES, "MIT")];
        Description {
            created: "2026-01-02T03:04:05Z".into(),
            imports: vec!["wasi:cli/environment@0.2.6".into()],
            exports: vec!["buildout:recipe/package@0.1.0".into()],
            annotations: annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        }
    }

    #[test]
    fn a_component_becomes_the_artefact_that_the_guidance_describes() {
        let (artefact, config) = Artefact::describe(&reference(), b"component", &description()).unwrap();
        let digest = Digest::of(b"component");
        let (length, hash) = (config.len(), Digest::of(&config));
        assert_eq!(
            String::from_utf8(artefact.manifest.bytes.clone()).unwrap(),
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
        assert_eq!((artefact.digest, artefact.annotations), (digest, description().annotations));
    }

    #[test]
    fn what_is_no_component_is_named() {
        let (artefact, _) = Artefact::describe(&reference(), b"component", &description()).unwrap();
        let text = String::from_utf8(artefact.manifest.bytes).unwrap();
        let t = |old: &str, new: &str, expected: &str| {
            let changed = text.replacen(old, new, 1);
            assert_ne!(changed, text, "{old}");
            let error = Artefact::read(&reference(), Manifest::new(changed.into_bytes())).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        t(
            "vnd.wasm.config.v0",
            "vnd.oci.image.config.v1",
            "config is of the type \"application/vnd.oci.image.config.v1+json\"",
        );
        t("application/wasm\"", "text/plain\"", "layer is of the type \"text/plain\"");
        t("\"layers\":[", "\"layers\":[], \"x\":[", "0 layers instead of one");
        let layer = text.split_once("\"layers\":[").unwrap().1.split_once(']').unwrap().0.to_owned();
        t("\"layers\":[", &format!("\"layers\":[{}", format!("{layer},").repeat(5000)), "5001 layers instead of one");
        t("\"size\":9", "\"size\":999999999999", "The component of registry.example/acme/recipes:1.2 is larger than");
        t("\"size\":9", "\"size\":-9", "cannot be understood");
        t("\"schemaVersion\":2", "\"schemaVersion\":1", "its schemaVersion is not 2");
        t("image.manifest.v1", "image.index.v1", "of the type \"application/vnd.oci.image.index.v1+json\"");
        t("{\"annotations", "[{\"annotations", "cannot be understood");
        let hash = format!("sha256:{}", Digest::of(b"component"));
        t(&hash, &format!("sha512:{}", "ab".repeat(64)), "named by another digest than SHA-256");
    }
}
