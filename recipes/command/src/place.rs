//! The paths that a command makes. A confined command can write only to paths that exist before it runs.

use std::io::ErrorKind;
use std::path::Path;

use buildout_recipe::{Context, Error, Init, created};
use shared_parts::{clear, join};

/// The paths of a part.
pub(crate) struct Places {
    /// The absolute paths that the command makes.
    paths: Vec<String>,
    /// The part's own directory.
    own: String,
    /// The buildout directory and the parts directory.
    outer: [String; 2],
    /// Directories that other parts use too.
    kept: Vec<String>,
    /// Directories that other buildouts use too.
    shared: Vec<String>,
}

/// Files and directories created for the command.
pub(crate) struct Made<'a> {
    places: &'a Places,
    /// The paths of the command that did not exist before.
    new: Vec<&'a str>,
    /// New parent directories, outermost first.
    parents: Vec<String>,
}

impl Places {
    pub(crate) fn of(init: &Init<'_>, location: &[String]) -> Result<Self, Error> {
        let directory = init.buildout().directory()?;
        let option = |name: &str| Ok::<_, Error>(join(&directory, &init.buildout().require("buildout", name)?));
        let parts = option("parts-directory")?;
        let others = ["bin-directory", "eggs-directory", "develop-eggs-directory"].map(option);
        let others = others.into_iter().collect::<Result<Vec<_>, _>>()?;
        let shared = init.buildout().get("buildout", "shared-part-list")?.unwrap_or_default();
        let shared = shared.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(Self {
            shared: shared.map(|line| join(&directory, line)).collect(),
            paths: location.iter().map(|path| join(&directory, path)).collect(),
            own: init.options().location(),
            kept: [directory.clone(), parts.clone()].into_iter().chain(others).collect(),
            outer: [directory, parts],
        })
    }

    /// Creates what must exist before the command runs.
    pub(crate) fn make(&self) -> Result<Made<'_>, Error> {
        let mut made = Made { places: self, new: Vec::new(), parents: Vec::new() };
        let done = self.paths.iter().chain([&self.own]).try_for_each(|path| made.add(path));
        match done {
            Ok(()) => Ok(made),
            Err(error) => {
                made.remove();
                Err(error)
            }
        }
    }

    /// Whether the command may write to the parent directory of `path`. The host applies the same rule.
    fn may_write_parent(&self, path: &str) -> bool {
        let Some(parent) = Path::new(path).parent() else { return false };
        self.outer.iter().any(|outer| parent.starts_with(outer))
            && !self.kept.iter().any(|kept| Path::new(kept).starts_with(parent))
            && !self.shared.iter().any(|shared| parent.starts_with(shared))
    }
}

impl<'a> Made<'a> {
    fn add(&mut self, path: &'a str) -> Result<(), Error> {
        // Only a path that certainly does not exist is new, because new paths are removed if the command fails.
        if !Path::new(path).symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Ok(());
        }
        created(path)?;
        self.new.push(path);
        let parent = Path::new(path).parent().unwrap_or(Path::new("/"));
        if path != self.places.own && self.places.may_write_parent(path) {
            return self.make_parents(parent);
        }
        match std::fs::create_dir(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_parents(parent)?;
                std::fs::create_dir(path).context(format!("creating {path}"))
            }
            created => created.context(format!("creating {path}")),
        }
    }

    fn make_parents(&mut self, directory: &Path) -> Result<(), Error> {
        let missing: Vec<&Path> = directory.ancestors().take_while(|path| !path.is_dir()).collect();
        for path in missing.into_iter().rev() {
            std::fs::create_dir(path).context(format!("creating {}", path.display()))?;
            self.parents.push(path.to_string_lossy().into_owned());
        }
        Ok(())
    }

    /// Keeps everything, because the part was made. An unused location is empty, and is removed, because it is not recorded.
    pub(crate) fn keep(&self) {
        if !self.places.paths.contains(&self.places.own) {
            let _ = std::fs::remove_dir(&self.places.own);
        }
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
