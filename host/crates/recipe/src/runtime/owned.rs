//! What parts own: of the paths that their recipes returned, and of what the state records.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::event::{Event, Level};

use super::Runtime;
use super::parts::Part;
use crate::call::Phase;
use crate::error::{RecipeError, RecipeProblem};
use crate::grants::locations::Locations;
use crate::grants::mounts::normalize;
use crate::grants::rights::Rights;
use crate::ownership::{self, Claim, Made};

impl Runtime {
    /// The rights to install a part. What exists at its own places, in a directory of parts that the user chose, and is not
    /// known to be the part's, can only be read.
    pub(super) fn without_kept(&self, rights: &Arc<Rights>, phase: Phase) -> Arc<Rights> {
        if phase != Phase::Install || rights.owns_its_places() {
            return Arc::clone(rights);
        }
        let unfinished = self.native.unfinished();
        let is_known =
            |path: &PathBuf| self.native.records.is_of(&rights.part, path) || unfinished.includes(&rights.part, path);
        let kept: Vec<_> =
            rights.own_places().into_iter().filter(|path| ownership::is_filled(path) && !is_known(path)).collect();
        if kept.is_empty() { Arc::clone(rights) } else { Arc::new(rights.keeping(kept)) }
    }

    /// Of the paths that a recipe returned, those that its part owns.
    pub(super) fn owned(
        &self,
        part: &Part,
        rights: &Rights,
        paths: Option<Vec<String>>,
        made: &Made,
    ) -> Result<Option<Vec<String>>, RecipeError> {
        let Some(mut paths) = paths else { return Ok(None) };
        let mut refused = None;
        paths.retain(|path| match self.claim(part, rights, path, made) {
            Ok(is_owned) => is_owned,
            Err(why) => {
                refused.get_or_insert_with(|| (path.clone(), why));
                false
            }
        });
        let Some((path, why)) = refused else { return Ok(Some(paths)) };
        let (recipe, name) = (part.subject.recipe.clone(), part.subject.part.clone());
        Err(RecipeError::new(RecipeProblem::Path { recipe, part: name, path, why }, part.subject.clone()))
    }

    /// Whether a part owns a path that its recipe returned. The error is the reason why it cannot.
    fn claim(&self, part: &Part, rights: &Rights, path: &str, made: &Made) -> Result<bool, String> {
        let name = part.rights.part.as_str();
        let claim = ownership::claim(path, rights, made, &self.native.records, &self.native.unfinished());
        let other = |path: &Path| self.parts.other_within(name, &part.rights.directory().join(path));
        match claim {
            Claim::Refused(why) => Err(why.to_owned()),
            Claim::OfPart(other) if part.is_lenient => {
                self.report_kept(name, path, &format!("belongs to part {other}"));
                Ok(false)
            }
            Claim::Existed if part.is_lenient => {
                self.report_kept(name, path, "existed before this part");
                Ok(false)
            }
            Claim::OfPart(other) => Err(format!("it belongs to part {other}, or contains what belongs to it")),
            Claim::VersionControl { is_covered: true } => Ok(false),
            Claim::VersionControl { .. } if part.is_lenient => {
                self.report_kept(name, path, "belongs to version control");
                Ok(false)
            }
            Claim::VersionControl { .. } => Err("version control belongs to no part".to_owned()),
            Claim::Own => match other(Path::new(path)) {
                None => Ok(true),
                Some(other) => Err(format!("the location of part {other} is there")),
            },
            Claim::Missing => Ok(false),
            Claim::Existed => Err("it existed before the part".to_owned()),
        }
    }

    /// Reports that a path is not recorded, once for each part.
    fn report_kept(&self, part: &str, path: &str, why: &str) {
        if !self.native.records.is_recorded(part) {
            let message = format!("{path} {why}, and is kept when this part is uninstalled");
            self.native.report.report(Event::Log { logger: part, level: Level::Info, message: &message });
        }
    }

    /// Takes note of what the state records of a part: nothing for one that is not installed.
    pub fn record(&self, part: &str, paths: Option<&[String]>, locations: &Locations) {
        let absolute = |path: &String| normalize(&locations.directory.join(path));
        self.native.records.set(part, paths.map(|paths| paths.iter().map(absolute).collect()));
    }

    /// Of what is recorded of other parts, each with its owner: `path`, and what is below it.
    pub fn recorded_of_others(&self, part: &str, path: &Path) -> Vec<(PathBuf, String)> {
        self.native.records.others_within(part, &normalize(path))
    }
}
