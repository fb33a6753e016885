//! Publishes a recipe component and its signature.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::authoring::Authoring;
use crate::error::{Doing as _, RunError};
use recipe::RecipePackage;
use recipe::component::{DevelopedRecipe, developed_recipe};
use registry::oci::{
    Artifact, ArtifactDescription, ArtifactSignature, Artifacts, Reference, add_signature, annotation,
    annotations_of_project,
};
use registry::signature::{Payload, PrivateKey};

/// What to publish, and where.
pub(crate) struct Publication<'a> {
    /// The component file, absolute.
    pub(crate) file: &'a Path,
    /// Registry, repository and tag.
    pub(crate) reference: &'a Reference,
    /// When it was built, as an RFC 3339 time.
    pub(crate) created: String,
    /// Additional annotations. They replace those from the component and its project.
    pub(crate) annotations: BTreeMap<String, String>,
    /// The key to sign it with.
    pub(crate) signer: Option<&'a PrivateKey>,
}

/// The result of publishing.
pub(crate) struct Published {
    /// The artifact, as in the registry.
    pub(crate) artifact: Artifact,
    /// The description of the package.
    pub(crate) package: RecipePackage,
}

impl Authoring {
    /// Publishes a component, and its signature.
    ///
    /// # Errors
    /// When it is not a recipe for this host, or cannot be stored there.
    pub(crate) fn publish(&self, publication: &Publication<'_>, to: &dyn Artifacts) -> Result<Published, RunError> {
        let Publication { file, reference, .. } = *publication;
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let developed = DevelopedRecipe {
            package: name,
            project: file.to_owned(),
            component: file.to_owned(),
            link: std::path::PathBuf::new(),
        };
        let recipe = developed_recipe(&developed)?;
        let package = self.describe(&recipe).doing(|| format!("Looking at {}.", file.display()))?;
        let mut annotations = annotations(&package);
        annotations.extend(annotations_of_project(file, &package.name));
        annotations.extend(publication.annotations.clone());
        let description = ArtifactDescription {
            created: publication.created.clone(),
            imports: package.imports.clone(),
            exports: package.exports.clone(),
            annotations,
        };
        let publishing = || format!("Publishing {}.", file.display());
        let bytes = recipe.component.bytes()?;
        if let Some(key) = publication.signer {
            // First: anyone who resolves the tag must find the signature.
            let (artifact, _) = Artifact::describe(reference, &bytes, &description).doing(publishing)?;
            sign(to, reference, &artifact, key).doing(|| format!("Signing {reference}."))?;
        }
        let artifact = Artifact::publish(to, reference, &bytes, &description).doing(publishing)?;
        Ok(Published { artifact, package })
    }
}

/// The annotations from a package's description.
fn annotations(package: &RecipePackage) -> BTreeMap<String, String> {
    let summary = |text: &str| text.lines().next().unwrap_or_default().trim().to_owned();
    let entry_points = package.entry_points.iter();
    let description: Vec<_> =
        entry_points.map(|entry| format!("{}: {}", entry.name, summary(&entry.documentation))).collect();
    let pairs = [
        (annotation::TITLE, package.name.clone()),
        (annotation::VERSION, package.version.clone()),
        (annotation::DESCRIPTION, description.join("\n")),
    ];
    pairs.into_iter().filter(|(_, text)| !text.is_empty()).map(|(key, text)| (key.to_owned(), text)).collect()
}

/// Signs an artifact as cosign does. The payload also contains the tag, which skopeo's policies need. A signature by
/// the same key for the same name exists only once.
fn sign(
    to: &dyn Artifacts,
    reference: &Reference,
    artifact: &Artifact,
    key: &PrivateKey,
) -> Result<(), registry::oci::RegistryError> {
    let manifest = artifact.manifest.digest;
    let tag = reference.tag().map(|tag| format!(":{tag}")).unwrap_or_default();
    let payload = Payload { reference: format!("{}{tag}", reference.name()), manifest }.text().into_bytes();
    let base64 = STANDARD.encode(key.sign(&payload));
    add_signature(to, reference, manifest, &ArtifactSignature { payload, base64 })
}
