//! What this program can do about an error, as an enum with data.
//!
//! Does not know commands or flags: `cli` writes the sentences that name them.

/// A command or flag of this program that would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Run native commands at this weaker level of confinement.
    WeakerSandbox(&'static str),
    /// Check what this machine has and lacks.
    CheckMachine,
    /// Create a recipe project in this language.
    NewRecipeProject {
        /// The name of the language for users: `python`.
        language: &'static str,
    },
    /// Create the recipe project elsewhere, or only refresh the SDK of the existing one.
    OtherProjectDirectory,
    /// Refresh the SDK of a recipe project, and rebuild it.
    RefreshSdk,
    /// Sign the component file, or specify where its signature is.
    SignComponent,
    /// Write the signature of a component file.
    WriteSignature,
    /// Trust a public key, under this name if it is known.
    ImportKey {
        /// The name of the key.
        name: Option<String>,
    },
    /// Add a public key under another name.
    OtherKeyName,
    /// Generate a pair of keys.
    GenerateKey,
    /// Use the other file of a pair of keys.
    KeyFiles,
    /// Supply the passphrase of a private key.
    Passphrase,
    /// Sign what was published: the publisher does that.
    SignPublished,
    /// Publish a component, so that it has the form of one.
    PublishComponent,
    /// Copy the components of the buildout's recipes to a directory.
    Vendor,
    /// Set up a cache of parts.
    SetRemoteCache,
    /// Set an option of `[buildout]` where only the user does: on the command line, or in the environment.
    SetByUser {
        /// The option.
        name: &'static str,
        /// The variable of the environment.
        variable: String,
    },
    /// Allow that parts are built that are not in the cache.
    AllowBuilds,
    /// Lock the Python distributions again.
    LockDistributions,
    /// Write a new lock file.
    Relock,
    /// Update the lock file, and show what changes.
    UpdateLock,
    /// Replace the entry of a recipe in the lock file by one for the component that its tag points to now.
    UpgradeRecipe {
        /// The name in `recipes.toml`.
        name: String,
    },
}
