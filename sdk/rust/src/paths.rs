//! The paths that make up a part.

use std::path::{Path, PathBuf};

use crate::bindings::buildout::recipe::paths as wit;
use crate::error::Error;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::native::paths as lent;
#[cfg(target_arch = "wasm32")]
use wit as lent;

/// The files and directories that make up a part: they are removed when it is uninstalled. Absolute, or relative to the
/// buildout directory.
///
/// ```
/// use buildout_recipe::Paths;
///
/// let one: Paths = "/srv/buildout/var".into();
/// let several: Paths = ["bin/start", "bin/stop"].into_iter().collect();
/// let none = Paths::none();
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths(Vec<String>);

impl Paths {
    /// No paths: there is nothing to remove.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a path.
    pub fn push(&mut self, path: impl AsRef<Path>) {
        // Paths of WebAssembly are Unicode; nothing is lost.
        self.0.push(path.as_ref().to_string_lossy().into_owned());
    }

    /// The paths as text.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    pub(crate) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

impl<P: AsRef<Path>> FromIterator<P> for Paths {
    fn from_iter<I: IntoIterator<Item = P>>(paths: I) -> Self {
        let mut all = Self::none();
        paths.into_iter().for_each(|path| all.push(path));
        all
    }
}

impl From<&str> for Paths {
    fn from(path: &str) -> Self {
        Self(vec![path.to_owned()])
    }
}

impl From<String> for Paths {
    fn from(path: String) -> Self {
        Self(vec![path])
    }
}

impl From<&Path> for Paths {
    fn from(path: &Path) -> Self {
        [path].into_iter().collect()
    }
}

impl From<PathBuf> for Paths {
    fn from(path: PathBuf) -> Self {
        [path].into_iter().collect()
    }
}

/// Tells the host that the recipe is about to create `path`, so that it is removed if the call fails later on. Only for
/// `install` and `update`; paths that are to stay are returned all the same.
///
/// Outside WebAssembly it does nothing.
///
/// # Errors
/// When the path is not one that the part may own.
pub fn created(path: impl AsRef<Path>) -> Result<(), Error> {
    if !cfg!(target_arch = "wasm32") {
        return Ok(());
    }
    let path = path.as_ref().to_string_lossy();
    wit::created(&path).map_err(|error| failure(&path, error))
}

/// Sets the permissions (such as `0o755`) of a file or directory that the recipe may write: `std::fs::set_permissions` does
/// nothing for recipes, since WASI has no permissions.
///
/// # Errors
/// When nothing is there, it is a symbolic link, or it may not be written.
pub fn set_mode(path: impl AsRef<Path>, mode: u32) -> Result<(), Error> {
    let path = path.as_ref().to_string_lossy();
    lent::set_mode(&path, mode).map_err(|error| failure(&path, error))
}

/// A lock that is held; dropping it frees it.
#[derive(Debug)]
pub struct Lock {
    _held: lent::Lock,
}

impl Lock {
    /// Takes the lock of a file, which must lie where the recipe may write, and is created where there is none. For what
    /// several buildouts make at one place. `waiting` is called once, if somebody else holds the lock.
    ///
    /// # Errors
    /// When the file cannot be used so.
    pub fn acquire(path: impl AsRef<Path>, waiting: impl FnOnce()) -> Result<Self, Error> {
        let path = path.as_ref().to_string_lossy();
        let mut waiting = Some(waiting);
        loop {
            if let Some(held) = lent::try_lock(&path).map_err(|error| failure(&path, error))? {
                return Ok(Self { _held: held });
            }
            if let Some(waiting) = waiting.take() {
                waiting();
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
}

fn failure(path: &str, error: wit::PathError) -> Error {
    match error {
        wit::PathError::Outside => Error::fault(format!("{path} is outside of what the part may own")),
        wit::PathError::Invalid => Error::fault(format!("{path:?} is not a path that can be used so")),
        wit::PathError::NotInstalling => Error::fault(format!("{path} was used so outside of install and update")),
        wit::PathError::Limit => Error::fault("more paths were named than the host allows".to_owned()),
        wit::PathError::Other(other) => Error::fault(format!("{path}: {}", other.message)),
    }
}
