//! The traits that a recipe's author implements.

use std::collections::BTreeMap;

use crate::description::Description;
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
