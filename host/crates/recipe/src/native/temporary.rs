//! Temporary directories of parts: private, outside the buildout, and removed at the end of the run.
//!
//! A part and its commands see it under the same path. The path is known before the directory exists, because rights are
//! determined first.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base::environment::Environment;
use base::files::remove_directory;

/// The start of the directory's name; a random number follows.
const PREFIX: &str = "buildout-host-";

/// The temporary directories of a run.
#[derive(Debug)]
pub struct Temporaries {
    /// Their directory. Its name cannot be guessed.
    base: PathBuf,
    /// The parts that have one; `None` until the first one is made.
    made: Mutex<Option<BTreeSet<String>>>,
}

impl Temporaries {
    /// None exists yet.
    pub fn new(environment: &Environment) -> Self {
        let named = environment.variables.get("TMPDIR").map(Path::new).filter(|path| path.is_absolute());
        let directory = named.unwrap_or(Path::new("/tmp"));
        let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        let mut random = [0; 8];
        // Without random numbers, the name may be guessed; it is still created by this process, or not at all.
        let _ = getrandom::fill(&mut random);
        let base = directory.join(format!("{PREFIX}{:016x}", u64::from_ne_bytes(random)));
        Self { base, made: Mutex::default() }
    }

    /// The path of a part's directory.
    pub(crate) fn path_of(&self, part: &str) -> PathBuf {
        self.base.join(part)
    }

    /// Creates the directory of a part, unless that was done before.
    pub(crate) fn make(&self, part: &str) -> io::Result<PathBuf> {
        let path = self.path_of(part);
        let private = |path: &Path| DirBuilder::new().mode(0o700).create(path);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.is_none() {
            private(&self.base)?;
        }
        let made = made.get_or_insert_default();
        if !made.contains(part) {
            private(&path)?;
            made.insert(part.to_owned());
        }
        Ok(path)
    }
}

impl Temporaries {
    /// Removes all directories, at the end of the run.
    pub fn remove(&self) {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).take();
        if made.is_some() {
            // What cannot be removed is left to the system, like the rest of its temporary files.
            let _ = remove_directory(&self.base);
        }
    }
}

/// A session need not be dropped: a run removes them itself.
impl Drop for Temporaries {
    fn drop(&mut self) {
        self.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporaries(space: &Path) -> Temporaries {
        let variables = [("TMPDIR".to_owned(), space.display().to_string())].into();
        Temporaries::new(&Environment { directory: space.to_owned(), home: None, variables })
    }

    #[test]
    fn a_directory_exists_when_it_is_needed_and_until_the_end_of_the_run() {
        use std::os::unix::fs::PermissionsExt as _;
        let space = tempfile::tempdir().unwrap();
        let names = || std::fs::read_dir(space.path()).unwrap().count();
        let run = temporaries(space.path());
        let path = run.path_of("a");
        assert_eq!(names(), 0);
        assert_eq!(run.make("a").unwrap(), path);
        std::fs::write(path.join("kept"), "").unwrap();
        assert_eq!(run.make("a").unwrap(), path);
        assert!(path.join("kept").exists());
        assert_ne!(run.make("b").unwrap(), path);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o700, 0o700));
        run.remove();
        assert_eq!(names(), 0);
        run.make("c").unwrap();
        drop(run);
        assert_eq!(names(), 0);
    }

    #[test]
    fn a_directory_of_someone_else_is_not_used() {
        let space = tempfile::tempdir().unwrap();
        let run = temporaries(space.path());
        std::fs::create_dir(run.path_of("a").parent().unwrap()).unwrap();
        assert_eq!(run.make("a").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
