//! Why a recipe is not available.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use base::files::FileError;
use base::remedy::Remedy;
use base::source::{Blame, Explain, Place, continued_option, did_you_mean};
use recipe_toolchain::MISSING_TARGET_HINT;
use registry::InvalidRecipeReference;
use registry::RecipesFileError;
use registry::locking::LockingError;
use registry::oci::{LARGEST_COMPONENT, MOST_SIGNATURES};
use registry::signature::KeyError;
use registry::trust::TrustError;

/// What works without the Python runtime.
const OTHER_THAN_PYTHON: &str = "Without it, only built-in recipes and WebAssembly components can make parts.";

/// Why a recipe reference has no component, or a recipe project could not be built.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ComponentError {
    /// The value of `recipe =` is not a recipe reference.
    #[error("Invalid recipe reference {reference:?}: {error}")]
    Reference {
        /// As written.
        reference: String,
        /// The error.
        error: InvalidRecipeReference,
    },
    /// The recipe is unknown.
    #[error("There is no recipe {reference:?}")]
    Unknown {
        /// As written.
        reference: String,
        /// The places that were searched, one clause each.
        searched: Vec<String>,
        /// The most similar known reference.
        nearest: Option<String>,
        /// What to write so that it is found.
        remedy: String,
        /// Further hints.
        further: Vec<String>,
    },
    /// `recipes.toml`, or the `recipe.toml` of a project, is invalid.
    #[error("{message}")]
    RecipesToml {
        /// The error.
        message: String,
        /// Its place.
        place: Option<Place>,
        /// How to fix it.
        hints: Vec<String>,
        /// What this program can do.
        remedies: Vec<Remedy>,
    },
    /// A file cannot be read.
    #[error("Cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: Arc<io::Error>,
    },
    /// A component's path points to a directory, FIFO or device.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A component file changed between two reads.
    #[error("{} changed while it was used", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A component file is larger than [`LARGEST_COMPONENT`].
    #[error("{} is too large for a component: the limit is {} MiB", path.display(), LARGEST_COMPONENT >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file that should be a component is something else.
    #[error("{} is not a component: it is {found}", path.display())]
    NotAComponent {
        /// The file.
        path: PathBuf,
        /// The kind of file.
        found: &'static str,
    },
    /// A path in `develop` is not a recipe project.
    #[error("{} is not a recipe project: {reason}", project.display())]
    NotAProject {
        /// The path.
        project: PathBuf,
        /// What is missing.
        reason: &'static str,
        /// How to fix it.
        hint: &'static str,
    },
    /// The directory is a project of another kind.
    #[error("{} is not a recipe project: it is a Python project", .0.display())]
    PythonProject(PathBuf),
    /// The tool that builds a recipe project cannot be started.
    #[error("Cannot start {program} to build {}: {error}", project.display())]
    Start {
        /// The program.
        program: String,
        /// The project.
        project: PathBuf,
        /// The cause.
        error: Arc<io::Error>,
        /// How to fix it.
        hint: &'static str,
    },
    /// The build command of a `recipe.toml` failed; its output was reported.
    #[error("Building {} failed: {command}", project.display())]
    BuildCommand {
        /// The project.
        project: PathBuf,
        /// The command.
        command: String,
    },
    /// The build command did not write a component.
    #[error("Building {} did not produce {}", project.display(), component.display())]
    NotBuilt {
        /// The project.
        project: PathBuf,
        /// The component, relative to the project.
        component: PathBuf,
    },
    /// A glob of `inputs` matches nothing, or is invalid.
    #[error("No file of {} matches {glob:?} in `inputs` of its recipe.toml", project.display())]
    NoInput {
        /// The project.
        project: PathBuf,
        /// The glob.
        glob: String,
    },
    /// A core module cannot be made into a component.
    #[error("{} is a core WebAssembly module that cannot be converted to a component: {cause}", path.display())]
    Encode {
        /// The module.
        path: PathBuf,
        /// The cause.
        cause: String,
    },
    /// Cargo or the compiler failed; its messages were reported.
    #[error("Building the recipe crate {} failed", project.display())]
    Build {
        /// The project.
        project: PathBuf,
    },
    /// Rust has no standard library for recipes.
    #[error("Rust cannot build {}: its target wasm32-wasip2 is not installed", project.display())]
    MissingTarget {
        /// The project.
        project: PathBuf,
    },
    /// Cargo succeeded, but built no component.
    #[error("Building the recipe crate {} did not produce a component", project.display())]
    NoComponent {
        /// The project.
        project: PathBuf,
    },
    /// A component of a registry is not available, or must not be used.
    #[error(transparent)]
    Locking(#[from] LockingError),
    /// The signatures are not sufficient.
    #[error("{error}")]
    Distrusted {
        /// The cause.
        error: Box<TrustError>,
        /// The place of the setting that requires them.
        place: Option<Place>,
    },
    /// A signer's public key cannot be used.
    #[error(transparent)]
    Key(#[from] Arc<KeyError>),
    /// The signature of a file cannot be used.
    #[error("{error}")]
    Signature {
        /// The cause.
        error: Arc<SignatureError>,
        /// The place of the setting that requires it.
        place: Option<Place>,
    },
    /// A Python recipe, and no Python runtime.
    #[error("The Python runtime, which runs Python recipes, is missing")]
    NoPythonRuntime {
        /// The files that would be it; none if this program was built without it.
        looked: Vec<PathBuf>,
    },
    /// The file of the Python runtime belongs to another build of this program.
    #[error("{} is not the Python runtime of this version of buildout-host", path.display())]
    OtherPythonRuntime {
        /// The file.
        path: PathBuf,
    },
    /// A link file could not be written.
    #[error("Cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: Arc<io::Error>,
    },
}

impl From<RecipesFileError> for ComponentError {
    fn from(error: RecipesFileError) -> Self {
        match error {
            RecipesFileError::Read { path, error } => Self::Read { path, error },
            RecipesFileError::Invalid { message, place, hints, remedies } => {
                Self::RecipesToml { message, place, hints, remedies }
            }
        }
    }
}

impl ComponentError {
    /// Error for a file that cannot be read.
    pub(crate) fn read(path: &std::path::Path, error: io::Error) -> Self {
        Self::Read { path: path.to_owned(), error: Arc::new(error) }
    }

    /// The same for an unknown recipe that is not a Python distribution either, with what was found out about that.
    #[must_use]
    pub fn also(mut self, other: &dyn Explain) -> Self {
        if let Self::Unknown { searched, further, .. } = &mut self {
            searched.push(format!("Python distributions ({})", other.to_string().trim_end_matches('.')));
            further.extend(other.hints());
        }
        self
    }

    /// Error for a file that cannot be written.
    pub(crate) fn write(path: &std::path::Path, error: io::Error) -> Self {
        Self::Write { path: path.to_owned(), error: Arc::new(error) }
    }
}

impl Explain for ComponentError {
    fn place(&self) -> Option<Place> {
        match self {
            Self::RecipesToml { place, .. } | Self::Distrusted { place, .. } | Self::Signature { place, .. } => {
                place.clone()
            }
            Self::Locking(error) => error.place(),
            _ => None,
        }
    }

    fn doing(&self) -> Vec<String> {
        match self {
            Self::Locking(error) => error.doing(),
            _ => Vec::new(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Locking(error) => error.details(),
            _ => Vec::new(),
        }
    }

    fn blame(&self) -> Blame {
        match self {
            Self::Locking(error) => error.blame(),
            _ => Blame::User,
        }
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::RecipesToml { remedies, .. } => remedies.clone(),
            Self::Distrusted { error, .. } => error.remedies(),
            Self::Key(error) => error.remedies(),
            Self::Locking(error) => error.remedies(),
            Self::Signature { error, .. } => error.remedies(),
            Self::PythonProject(_) => vec![Remedy::NewRecipeProject { language: "python" }],
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Reference { reference, .. } => {
                let form = "A recipe reference has the form package or package:entry-point.".to_owned();
                continued_option(reference).into_iter().chain([form]).collect()
            }
            Self::Unknown { searched, nearest, remedy, further, .. } => {
                let mut hints = vec![format!("Searched: {}.", searched.join("; "))];
                hints.extend(nearest.as_ref().map(|nearest| did_you_mean(nearest)));
                hints.push(remedy.clone());
                hints.extend(further.iter().cloned());
                hints
            }
            Self::RecipesToml { hints, .. } => hints.clone(),
            Self::Distrusted { error, .. } => error.hints(),
            Self::Key(error) => error.hints(),
            Self::Locking(error) => error.hints(),
            Self::Signature { error, .. } => error.hints(),
            Self::NotAProject { hint, .. } => vec![(*hint).to_owned()],
            Self::Start { hint, .. } => vec![(*hint).to_owned()],
            Self::NotBuilt { .. } => {
                vec!["The build command must create the file that `component` in [build] of recipe.toml names.".to_owned()]
            }
            Self::Changed { .. } => vec!["Run again.".to_owned()],
            Self::NoInput { .. } => vec!["Correct or remove it: `*` and `?` match within a name, `**` matches any \
                                          directories.".to_owned()],
            Self::Encode { .. } => vec![
                "It must export what the world `recipe` of package buildout:recipe requires, and import only what that \
                 world and WASI preview 1 offer (wit/)."
                    .to_owned(),
            ],
            Self::NoPythonRuntime { looked } if looked.is_empty() => vec![
                "buildout-host was built without it: build it again with `cargo xtask build` where python3 has the module \
                 venv, or install a package of buildout-host."
                    .to_owned(),
                OTHER_THAN_PYTHON.to_owned(),
            ],
            Self::NoPythonRuntime { looked } => {
                let looked: Vec<String> = looked.iter().map(|path| path.display().to_string()).collect();
                let installed = "Install buildout-host again, with all its files.";
                vec![format!("Searched: {}.", looked.join("; ")), installed.to_owned(), OTHER_THAN_PYTHON.to_owned()]
            }
            Self::OtherPythonRuntime { .. } => {
                vec!["Install buildout-host again, with all its files: they belong together.".to_owned()]
            }
            Self::MissingTarget { .. } => vec![MISSING_TARGET_HINT.to_owned()],
            Self::NoComponent { .. } => {
                vec!["A recipe crate's Cargo.toml must contain: [lib] crate-type = [\"cdylib\"].".to_owned()]
            }
            Self::NotAComponent { .. } => {
                vec![
                    "Build it for the target wasm32-wasip2, or wrap the module with wasm-tools component new."
                        .to_owned(),
                ]
            }
            _ => Vec::new(),
        }
    }
}

/// Why a component file cannot be signed, or its signature is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The component is not available.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// The signature cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The signature file does not exist.
    #[error("{} is not signed: there is no {}", component.display(), signature.display())]
    Missing {
        /// The component.
        component: PathBuf,
        /// Where its signature would be.
        signature: PathBuf,
    },
    /// The signature file is invalid.
    #[error("{} is not a signature: it does not contain lines of base64", .0.display())]
    Malformed(PathBuf),
    /// No signature can be added.
    #[error("{} has {MOST_SIGNATURES} signatures, which is the limit", .0.display())]
    TooMany(PathBuf),
    /// None of the keys made the signature for this file.
    #[error("The signature {} of {} was not made by any of these keys: {keys}", signature.display(), component.display())]
    OfOthers {
        /// The component.
        component: PathBuf,
        /// Its signature.
        signature: PathBuf,
        /// The keys that were tried.
        keys: String,
    },
}

impl Explain for SignatureError {
    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Component(error) => return error.hints(),
            Self::File(error) => return error.hints(),
            Self::OfOthers { .. } => "Either another key made it, or the file is not the one that was signed.",
            Self::TooMany(_) => "Sign without `--append` to replace them.",
            Self::Missing { .. } | Self::Malformed(_) => return Vec::new(),
        };
        vec![hint.to_owned()]
    }

    fn remedies(&self) -> Vec<Remedy> {
        match self {
            Self::Component(error) => error.remedies(),
            Self::File(error) => error.remedies(),
            Self::Missing { .. } => vec![Remedy::SignComponent],
            Self::Malformed(_) => vec![Remedy::WriteSignature],
            Self::OfOthers { .. } | Self::TooMany(_) => Vec::new(),
        }
    }
}
