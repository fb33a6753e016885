//! Where a command makes what it is to make: confined, it can write only what is there before it runs.

use std::io::ErrorKind;
use std::path::Path;

use buildout_recipe::{Context, Error, Init, created};
use shared_parts::{clear, join};

/// The places of a part.
pub(crate) struct Places {
    /// What the command makes, absolute.
    paths: Vec<String>,
    /// The part's own directory.
    own: String,
    /// The buildout directory and the parts directory.
    outer: [String; 2],
    /// Directories that many parts use.
    kept: Vec<String>,
    /// Directories that many buildouts use.
    shared: Vec<String>,
}

/// What was made for the command.
pub(crate) struct Made<'a> {
    places: &'a Places,
    /// What was not there before, of what the command makes.
    new: Vec<&'a str>,
    /// Directories that are to hold that, outermost first.
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

    /// Makes what the command needs to find.
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

    /// Whether the command may write the directory that holds `path`. The host grants the same.
    fn may_write_holder(&self, path: &str) -> bool {
        let Some(holder) = Path::new(path).parent() else { return false };
        self.outer.iter().any(|outer| holder.starts_with(outer))
            && !self.kept.iter().any(|kept| Path::new(kept).starts_with(holder))
            && !self.shared.iter().any(|shared| holder.starts_with(shared))
    }
}

impl<'a> Made<'a> {
    fn add(&mut self, path: &'a str) -> Result<(), Error> {
        // What cannot be looked at is not taken for new: what is new goes if the command fails.
        if !Path::new(path).symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Ok(());
        }
        created(path)?;
        self.new.push(path);
        let parent = Path::new(path).parent().unwrap_or(Path::new("/"));
        if path != self.places.own && self.places.may_write_holder(path) {
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

    /// The part is made. Its own directory goes if it is not used: then it is empty, and nothing says that it is the part's.
    pub(crate) fn keep(&self) {
        if !self.places.paths.contains(&self.places.own) {
            let _ = std::fs::remove_dir(&self.places.own);
        }
    }

    /// The part is not made: all goes that was not there.
    pub(crate) fn remove(&self) {
        for path in &self.new {
            // Why the part was not made is what the person must hear of.
            let _ = clear(path);
        }
        // Others may have put something there meanwhile: then it is not empty.
        for parent in self.parents.iter().rev() {
            let _ = std::fs::remove_dir(parent);
        }
    }
}
