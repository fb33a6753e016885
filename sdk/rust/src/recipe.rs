//! The traits that a recipe's author implements.

use std::collections::BTreeMap;

use crate::bindings::buildout::recipe::types::{Algorithm, Digest};
use crate::bindings::exports::buildout::recipe::parts as wit;
use crate::description::Description;
use crate::download::Download;
use crate::error::Error;
use crate::init::Init;
use crate::paths::Paths;

/// A recipe: one kind of part. A value is an initialized part.
///
/// A part without [`Update`] is installed again in each run.
pub trait Recipe: Sized + 'static {
    /// Describes what the entry point makes, the options it reads, and the grants it needs.
    fn describe() -> Description;

    /// Reads and completes the part's options. It must not create anything.
    ///
    /// The part is reinstalled when its options differ from those of the previous run. Therefore set values from other
    /// sections that affect the part as options of the part.
    ///
    /// # Errors
    /// If the part cannot be made with these options. Log details that help to correct them.
    fn init(init: &Init<'_>) -> Result<Self, Error>;

    /// Makes the part, and returns the paths that belong to it.
    ///
    /// # Errors
    /// If the part cannot be made. The host then removes paths announced with [`created`](crate::created).
    fn install(&mut self) -> Result<Paths, Error>;
}

/// For recipes that can update an installed part. [`export!`] detects the implementation.
///
/// [`export!`]: crate::export
pub trait Update: Recipe {
    /// Updates a part whose options have not changed. Returns the paths that belong to it, or none if they have not changed.
    ///
    /// # Errors
    /// If the update fails.
    fn update(&mut self) -> Result<Option<Paths>, Error>;
}

/// For recipes that have to undo more than the creation of paths. [`export!`] detects the implementation.
///
/// [`export!`]: crate::export
pub trait Uninstall: Recipe {
    /// Undoes what the part did elsewhere. `recorded` contains its options at installation, because its section may no longer
    /// exist.
    ///
    /// # Errors
    /// If it fails.
    fn uninstall(part: &str, recorded: &Recorded) -> Result<(), Error>;
}

/// For recipes whose parts can be taken from a cache, even of another machine: `install` creates paths only in the part's
/// location, and reads nothing except its inputs. [`export!`] detects the implementation.
///
/// [`export!`]: crate::export
pub trait Cacheable: Recipe {
    /// All inputs of `install`. It must not create anything.
    ///
    /// # Errors
    /// If they cannot be determined.
    fn inputs(&mut self) -> Result<Inputs, Error>;
}

/// The inputs of a part, in addition to the recipe, its options, the parts that it references, and the platform.
///
/// ```
/// use buildout_recipe::Inputs;
///
/// Inputs::none().source("https://example.com/a.tgz", "9f86d0").program("cc").indifferent("jobs");
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Inputs(pub(crate) wit::Inputs);

impl Inputs {
    /// No inputs. Add some.
    pub fn none() -> Self {
        Self(wit::Inputs::Known(wit::AllInputs { inputs: Vec::new(), indifferent_options: Vec::new() }))
    }

    /// The inputs are not known, for this reason: the part is not cached.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self(wit::Inputs::Unknown(why.into()))
    }

    /// A file to download, with its SHA-256 digest.
    pub fn source(self, url: impl Into<String>, sha256: impl Into<String>) -> Self {
        let digests = vec![Digest { algorithm: Algorithm::Sha256, value: sha256.into() }];
        self.add(wit::Input::Source(wit::Source { url: url.into(), digests }))
    }

    /// A file to download. Without a digest, the part is not cached, unless the file is one of this machine.
    pub fn download(self, download: &Download) -> Self {
        let (url, digests) = download.parts();
        self.add(wit::Input::Source(wit::Source { url, digests }))
    }

    /// The content of a file.
    pub fn file(self, path: impl Into<String>) -> Self {
        self.add(wit::Input::File(path.into()))
    }

    /// The content of all files in a directory.
    pub fn directory(self, path: impl Into<String>) -> Self {
        self.add(wit::Input::Directory(path.into()))
    }

    /// A native program: a name, or an absolute path.
    pub fn program(self, program: impl Into<String>) -> Self {
        self.add(wit::Input::Program(program.into()))
    }

    /// Any other input.
    pub fn value(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.add(wit::Input::Value(wit::NamedValue { name: name.into(), value: value.into() }))
    }

    /// An option of the part that does not affect what `install` creates.
    pub fn indifferent(mut self, option: impl Into<String>) -> Self {
        if let wit::Inputs::Known(known) = &mut self.0 {
            known.indifferent_options.push(option.into());
        }
        self
    }

    fn add(mut self, input: wit::Input) -> Self {
        if let wit::Inputs::Known(known) = &mut self.0 {
            known.inputs.push(input);
        }
        self
    }
}

/// The recorded options of an installed part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded(BTreeMap<String, String>);

impl Recorded {
    /// The option's value, if it was recorded.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All options, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Recorded {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(options: I) -> Self {
        Self(options.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
