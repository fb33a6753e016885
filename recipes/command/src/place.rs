//! The paths that a command makes: their parent directories, and what is removed if the command fails.
//!
//! The paths themselves do not exist before the command makes them. The host lets it make them also where it may change
//! nothing else.

use std::io::ErrorKind;
use std::path::Path;

use buildout_recipe::{Context, Error, Init, created};
use shared_parts::{clear, join};

/// The paths of a part.
pub(crate) struct PartPaths {
    /// The absolute paths that the command makes.
    paths: Vec<String>,
    /// The part's own directory.
    own: String,
}

/// What did not exist before the command.
pub(crate) struct NewPaths<'a> {
    /// The paths of the command.
    new: Vec<&'a str>,
    /// New parent directories, outermost first.
    parents: Vec<String>,
}

impl PartPaths {
    pub(crate) fn of(init: &Init<'_>, location: &[String]) -> Result<Self, Error> {
        let directory = init.buildout().directory()?;
        Ok(Self { paths: location.iter().map(|path| join(&directory, path)).collect(), own: init.options().location() })
    }

    /// Creates the directories in which the command makes its paths.
    pub(crate) fn make(&self) -> Result<NewPaths<'_>, Error> {
        let mut made = NewPaths { new: Vec::new(), parents: Vec::new() };
        let done = self.paths.iter().chain([&self.own]).try_for_each(|path| made.add(path));
        match done {
            Ok(()) => Ok(made),
            Err(error) => {
                made.remove();
                Err(error)
            }
        }
    }
}

impl<'a> NewPaths<'a> {
    fn add(&mut self, path: &'a str) -> Result<(), Error> {
        // Only a path that certainly does not exist is new, because new paths are removed if the command fails.
        if !Path::new(path).symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Ok(());
        }
        self.make_parents(Path::new(path).parent().unwrap_or(Path::new("/")))?;
        created(path)?;
        self.new.push(path);
        Ok(())
    }

    fn make_parents(&mut self, directory: &Path) -> Result<(), Error> {
        // A directory that the recipe cannot see exists for the command, or the command fails.
        let is_missing = |path: &&Path| path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound);
        let missing: Vec<&Path> = directory.ancestors().take_while(is_missing).collect();
        for path in missing.into_iter().rev() {
            std::fs::create_dir(path).context(format!("creating {}", path.display()))?;
            self.parents.push(path.to_string_lossy().into_owned());
        }
        Ok(())
    }

    /// Removes everything new, because the part was not made.
    pub(crate) fn remove(&self) {
        for path in &self.new {
            // An error here must not hide the reason why the part was not made.
            let _ = clear(path);
        }
        // Fails if another part has created files there in the meantime.
        for parent in self.parents.iter().rev() {
            let _ = std::fs::remove_dir(parent);
        }
    }
}
