//! Sets recorded paths aside, under a name beside their own, so that they can be put back if what is to take their place
//! cannot be made.
//!
//! The rules are those of removal: only beneath the given roots, never through a symbolic link.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::Path;

use super::{Removal, RemovalError, Removed};

/// What a path is called while it is aside.
fn aside(name: &OsStr) -> OsString {
    let mut aside = OsString::from(".");
    aside.push(name);
    aside.push(".previous");
    aside
}

impl Removal {
    /// Renames `path` to a name beside it. False if there is nothing. What was set aside earlier is removed.
    ///
    /// # Errors
    /// When the path may not be removed (then nothing was touched), or cannot be renamed.
    pub fn set_aside(&self, path: &Path) -> Result<bool, RemovalError> {
        self.discard(path)?;
        let Some((parent, name)) = self.open_parent(path)? else { return Ok(false) };
        match parent.rename(&name, &parent, aside(&name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(RemovalError::Rename { path: path.to_owned(), cause }),
        }
    }

    /// Gives `path` its name back, in place of whatever is there now. False if it is not aside: then nothing is touched.
    ///
    /// # Errors
    /// As [`Self::set_aside`].
    pub fn put_back(&self, path: &Path) -> Result<bool, RemovalError> {
        let Some((parent, name)) = self.open_parent(path)? else { return Ok(false) };
        if parent.symlink_metadata(aside(&name)).is_err() {
            return Ok(false);
        }
        self.remove(path)?;
        let renamed = parent.rename(aside(&name), &parent, &name);
        renamed.map_err(|cause| RemovalError::Rename { path: path.to_owned(), cause })?;
        Ok(true)
    }

    /// Removes what was set aside of `path`.
    ///
    /// # Errors
    /// As [`Self::remove`].
    pub fn discard(&self, path: &Path) -> Result<Removed, RemovalError> {
        self.remove_named(path, aside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_aside_comes_back_whole_or_goes() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let removal = Removal::new(root);
        let (part, file) = (root.join("parts/a"), root.join("parts/a/bin/file"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "old").unwrap();
        assert!(removal.set_aside(&part).unwrap() && !part.exists());
        assert!(!removal.set_aside(Path::new("parts/none")).unwrap());
        std::fs::create_dir_all(part.join("half")).unwrap();
        assert!(removal.put_back(&part).unwrap());
        assert!(std::fs::read_to_string(&file).unwrap() == "old" && !part.join("half").exists());
        assert!(!removal.put_back(&part).unwrap(), "it is back already");
        assert!(file.exists());
        removal.set_aside(Path::new("parts/a")).unwrap();
        std::fs::create_dir(&part).unwrap();
        assert_eq!(removal.discard(&part).unwrap(), Removed::Directory);
        assert!(part.exists() && !root.join("parts/.a.previous").exists());
    }

    #[test]
    fn a_path_elsewhere_is_not_touched() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("outside/x")).unwrap();
        std::fs::create_dir(root.join("b")).unwrap();
        std::os::unix::fs::symlink(root.join("outside"), root.join("b/link")).unwrap();
        let removal = Removal::new(&root.join("b"));
        for path in [root.join("outside/x"), root.join("b"), root.join("b/link/x"), root.join("b/../outside")] {
            assert!(removal.set_aside(&path).is_err(), "{}", path.display());
            assert!(removal.put_back(&path).is_err(), "{}", path.display());
        }
        assert!(root.join("outside/x").exists());
        assert!(removal.set_aside(Path::new("link")).unwrap(), "the link itself");
        assert!(root.join("outside/x").exists());
    }
}
