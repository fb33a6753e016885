//! What a cache of parts needs of the recipes: the inputs of a part, commands that see nothing else, and putting a part
//! that was made elsewhere in its place.
//!
//! Knows nothing of keys, servers and stores.

use std::io;
use std::path::{Path, PathBuf};

use base::files::Removal;

use super::Runtime;
use super::instances::lock;
use crate::call::Phase;
use crate::error::RecipeError;
use crate::grants::rights::Rights;
use crate::inputs::PartInputs;
use crate::instance::request::CallRequest;
use crate::native::staging;
use crate::ownership::{KnownPaths, Made};

/// The outcome of putting a part in its place.
pub enum PlaceOutcome<E> {
    /// It is there; its paths.
    Placed(Vec<String>),
    /// It could not be made, and nothing is there.
    Failed(E),
    /// Something is at the place that the part did not make, or the place cannot be written.
    Refused(String),
}

impl Runtime {
    /// The inputs of an initialized part, or the reason why it cannot be taken from a cache.
    ///
    /// # Errors
    /// When the recipe fails.
    pub fn inputs(&self, name: &str) -> Result<Result<PartInputs, String>, RecipeError> {
        let Some(part) = self.parts.get(name).filter(|part| part.is_cacheable) else {
            return Ok(Err("its recipe is not cacheable".to_owned()));
        };
        let (rights, reach) = (&part.rights, self.reach_in_init(&part.rights));
        let buildout = Some(&part.buildout);
        let request = CallRequest { phase: Phase::Inputs, subject: &part.subject, rights, buildout, reach };
        let mut instance = lock(&part.instance);
        let answer = instance.call(&self.watchdog, &request, |store, guest| guest.inputs(store, part.handle))?;
        match answer.value {
            Ok(inputs) => Ok(PartInputs::of(inputs)),
            Err(failure) => Err(instance.failed(failure, answer.created, &part.subject)),
        }
    }

    /// Whether the recipe of an initialized part describes the inputs of parts.
    pub fn is_cacheable(&self, part: &str) -> bool {
        self.parts.get(part).is_some_and(|part| part.is_cacheable)
    }

    /// Whether an initialized part uses Python distributions.
    pub fn uses_distributions(&self, part: &str) -> bool {
        self.parts.get(part).is_some_and(|part| part.rights.distributions)
    }

    /// The paths that the state records of a part; `None` for one that is not installed.
    pub fn recorded(&self, part: &str) -> Option<Vec<PathBuf>> {
        self.native.records.of(part)
    }

    /// The location of an initialized part; `None` if the part shares its directory with others.
    pub fn location(&self, part: &str) -> Option<PathBuf> {
        let part = self.parts.get(part)?;
        part.rights.is_own_place(&part.rights.location).then(|| part.rights.location.to_path_buf())
    }

    /// The environment of the commands of an initialized part, without what does not affect what they make: the job slots and
    /// the temporary directory.
    pub fn command_environment(&self, part: &str) -> Vec<(String, String)> {
        let Some(part) = self.parts.get(part) else { return Vec::new() };
        let mut variables = self.native.variables(&part.rights);
        for name in ["HOME", "MAKEFLAGS", "TMPDIR"] {
            variables.remove(name);
        }
        variables.into_iter().collect()
    }

    /// From now on, commands of a part see, of the buildout, only these paths and the part's own places.
    pub fn isolate(&self, part: &str, paths: Vec<PathBuf>) {
        if let Some(part) = self.parts.get(part) {
            // The first call decides: the inputs of a part do not change during a run.
            let _ = part.isolated.set(paths);
        }
    }

    /// Puts a part at its location: `put` makes the path, whole.
    ///
    /// # Errors
    /// When the part does not own its location.
    pub fn place<E>(
        &self,
        name: &str,
        put: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<PlaceOutcome<E>, RecipeError> {
        let Some(part) = self.parts.get(name) else { return Ok(PlaceOutcome::Refused("it is unknown".to_owned())) };
        let rights = self.without_kept(&part.rights, Phase::Install);
        self.cleared.get_or_init(|| staging::clear_left(&rights));
        if !rights.is_own_place(&rights.location) || !rights.kept().is_empty() {
            return Ok(PlaceOutcome::Refused("something else is at its location".to_owned()));
        }
        if let Err(error) = self.make_room(&rights) {
            return Ok(PlaceOutcome::Refused(error.to_string()));
        }
        if let Err(error) = put(&rights.location) {
            return Ok(PlaceOutcome::Failed(error));
        }
        let location = rights.location.to_string_lossy().into_owned();
        let paths = self.owned(&part, &rights, Some(vec![location]), &Made::default())?;
        Ok(PlaceOutcome::Placed(paths.unwrap_or_default()))
    }

    /// Removes what an earlier run left at the part's places, and announces that its location is going to be made.
    fn make_room(&self, rights: &Rights) -> io::Result<()> {
        let (made, unfinished) = (Made::default(), self.native.unfinished());
        for path in rights.own_places() {
            remove(rights, &path)?;
        }
        let (part, records) = (rights.part.as_str(), &self.native.records);
        KnownPaths { part, rights, made: &made, records, unfinished: &unfinished }.will_make(&rights.location)
    }
}

fn remove(rights: &Rights, path: &Path) -> io::Result<()> {
    let mut removal = Removal::new(rights.directory());
    removal.allow_itself(path);
    removal.remove(path).map(drop).map_err(|error| io::Error::other(error.to_string()))
}
