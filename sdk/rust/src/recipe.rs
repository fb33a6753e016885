//! What a recipe's author implements.

use std::collections::BTreeMap;

use crate::description::Description;
use crate::error::Error;
use crate::init::Init;
use crate::paths::Paths;

/// One kind of part. The value is a part that was initialised.
///
/// A part without [`Update`] is installed again in each run.
pub trait Recipe: Sized + 'static {
    /// What the entry point makes, the options it reads, the grants it needs.
    fn describe() -> Description;

    /// Reads and completes the part's options. Must not make anything.
    ///
    /// The part is made again when its options differ from those of the previous run: what is read from other sections
    /// and decides what the part is like should be set in its own.
    ///
    /// # Errors
    /// When the part cannot be made so. Log what helps to correct it.
    fn init(init: &Init<'_>) -> Result<Self, Error>;

    /// Makes the part, and returns the paths that make it up.
    ///
    /// # Errors
    /// When the part cannot be made. What was reported as [`created`](crate::created) is removed.
    fn install(&mut self) -> Result<Paths, Error>;
}

/// For recipes that can bring an installed part up to date. Implementing it is all there is to do: [`export!`] tells the
/// host.
///
/// [`export!`]: crate::export
pub trait Update: Recipe {
    /// Brings the part up to date, whose options have not changed. Returns the paths that make it up, or none if they
    /// are as before.
    ///
    /// # Errors
    /// When that does not work.
    fn update(&mut self) -> Result<Option<Paths>, Error>;
}

/// For recipes whose parts leave something that removing their paths does not undo. Implementing it is all there is to
/// do: [`export!`] tells the host.
///
/// [`export!`]: crate::export
pub trait Uninstall: Recipe {
    /// Undoes what the part did elsewhere. `recorded` are its options when it was installed; its section may be gone.
    ///
    /// # Errors
    /// When that does not work.
    fn uninstall(part: &str, recorded: &Recorded) -> Result<(), Error>;
}

/// The options of an installed part, as they were recorded.
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
