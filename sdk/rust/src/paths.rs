//! The paths that belong to a part.

use std::path::{Path, PathBuf};

use crate::bindings::buildout::recipe::paths as wit;
use crate::error::Error;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::native::paths as lent;
#[cfg(target_arch = "wasm32")]
use wit as lent;

/// The files and directories that belong to a part. They are removed when it is uninstalled. Paths are absolute, or relative
/// to the buildout directory.
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
    /// No paths.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a path.
    pub fn push(&mut self, path: impl AsRef<Path>) {
        // Lossless, because paths in WASI are Unicode.
        self.0.push(path.as_ref().to_string_lossy().into_owned());
    }

    /// The paths as strings.
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

/// Announces that the recipe is about to create `path`. The host removes it if the call then fails. Only in `install` and
/// `update`, which must still return the paths that belong to the part.
///
/// Outside WebAssembly it does nothing.
///
/// # Errors
/// If the part may not own the path.
pub fn created(path: impl AsRef<Path>) -> Result<(), Error> {
    if !cfg!(target_arch = "wasm32") {
        return Ok(());
    }
    let path = path.as_ref().to_string_lossy();
    wit::created(&path).map_err(|error| failure(&path, error))
}

/// Sets the permissions (such as `0o755`) of a file or directory that the recipe may write to. `std::fs::set_permissions` does
/// nothing in recipes, because WASI has no permissions.
///
/// # Errors
/// If the path does not exist, is a symbolic link, or is not writable for the recipe.
pub fn set_mode(path: impl AsRef<Path>, mode: u32) -> Result<(), Error> {
    let path = path.as_ref().to_string_lossy();
    lent::set_mode(&path, mode).map_err(|error| failure(&path, error))
}

/// A type of file.
pub use wit::Kind;

/// What the recipe and its commands may do with a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Reading a file, or listing a directory.
    pub read: bool,
    /// Writing to a file or directory.
    pub write: bool,
    /// Executing a file, or entering a directory.
    pub execute: bool,
}

impl From<wit::Permissions> for Permissions {
    fn from(allowed: wit::Permissions) -> Self {
        use wit::Permissions as Wit;
        let has = |permission: Wit| allowed & permission == permission;
        Self { read: has(Wit::READ), write: has(Wit::WRITE), execute: has(Wit::EXECUTE) }
    }
}

/// The status of a file or directory, with the fields that WASI omits.
pub use wit::Status;

/// The status of a file or directory that the recipe may read, or of a directory above one. A symbolic link is followed if
/// `follow` is true.
///
/// # Errors
/// If the path does not exist, or the recipe may not read it.
pub fn look(path: impl AsRef<Path>, follow: bool) -> Result<Status, Error> {
    let path = path.as_ref().to_string_lossy();
    lent::look(&path, follow).map_err(|error| failure(&path, error))
}

/// What the recipe and its commands may do with a path. Nothing if it does not exist.
pub fn access(path: impl AsRef<Path>) -> Permissions {
    lent::access(&path.as_ref().to_string_lossy()).into()
}

/// Creates a symbolic link. Its target may be any string: WASI does not create links with an absolute target.
///
/// # Errors
/// If the path exists, or is not writable for the recipe.
pub fn make_link(target: impl AsRef<Path>, path: impl AsRef<Path>) -> Result<(), Error> {
    let (target, path) = (target.as_ref().to_string_lossy(), path.as_ref().to_string_lossy());
    lent::make_link(&target, &path).map_err(|error| failure(&path, error))
}

/// The target of a symbolic link: WASI does not return absolute targets.
///
/// # Errors
/// If the path is not a symbolic link, or the recipe may not read it.
pub fn read_link(path: impl AsRef<Path>) -> Result<String, Error> {
    let path = path.as_ref().to_string_lossy();
    lent::read_link(&path).map_err(|error| failure(&path, error))
}

/// The absolute path of the part's temporary directory. Its commands see it under the same path, and as `TMPDIR`. The host
/// removes it at the end of the run.
///
/// # Errors
/// If it cannot be created.
pub fn temporary_directory() -> Result<String, Error> {
    lent::temporary_directory().map_err(|error| failure("the temporary directory", error))
}

/// A lock. It is released when dropped.
#[derive(Debug)]
pub struct Lock {
    _held: lent::Lock,
}

impl Lock {
    /// Locks a file, for a place that several buildouts write to. The recipe must be allowed to write to the file, which is
    /// created if it does not exist. `waiting` is called once if the lock is held elsewhere.
    ///
    /// # Errors
    /// If the file cannot be locked.
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
        wit::PathError::Outside => Error::fault(format!("{path} is outside the directories that the part may own")),
        wit::PathError::Invalid => Error::fault(format!("{path:?} is not a valid path")),
        wit::PathError::NotInstalling => Error::fault(format!("{path} cannot be used in this call")),
        wit::PathError::Missing => Error::fault(format!("{path} does not exist")),
        wit::PathError::Exists => Error::fault(format!("{path} exists")),
        wit::PathError::Limit => Error::fault("the number of paths exceeds buildout-host's limit".to_owned()),
        wit::PathError::Other(other) => Error::fault(format!("{path}: {}", other.message)),
    }
}
