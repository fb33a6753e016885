//! What the user can have this program do about an error, as a kind with its data.
//!
//! Knows neither commands nor flags: the command line writes the sentence that names them.

/// Something that a command or a flag of this program does, and that would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Run native commands at a weaker level of confinement, of this name.
    WeakerSandbox(&'static str),
    /// Start a recipe project in this language.
    NewRecipeProject {
        /// As a user names it: `python`.
        language: &'static str,
    },
    /// Make the recipe project elsewhere, or only renew the SDK of the existing one.
    OtherProjectDirectory,
    /// Renew the SDK of a recipe project, and build it again.
    RefreshSdk,
    /// Sign the component's file, or say where its signature is.
    SignComponent,
    /// Write the signature of a component's file.
    WriteSignature,
}
