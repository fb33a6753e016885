//! Remembers editable installs: as long as neither the project nor what was made of it has changed, it is not built again.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base::digest::Digest;
use serde::{Deserialize, Serialize};

use super::inputs::ProjectSnapshot;
use super::{BuildError, BuildOptions, DevelopedProject};
use crate::python::Python;

/// Increased when projects are installed in a different way.
const FORM: u32 = 2;

/// The longest memory that is read, in bytes.
const LONGEST: u64 = 4 << 20;

/// The longest file of an editable install that is compared, in bytes.
const LONGEST_FILE: u64 = 64 << 20;

/// Where editable installs are remembered.
#[derive(Clone, Debug)]
pub struct Memory<'a> {
    /// The directory, which only this user can write.
    pub directory: &'a Path,
    /// What else the result depends on.
    pub context: &'a str,
}

/// A remembered editable install.
#[derive(Serialize, Deserialize)]
struct Remembered {
    /// The state of the project's files.
    stamps: Option<String>,
    contents: String,
    /// The state of the files that were made.
    made: String,
    developed: DevelopedProject,
}

/// The memory of one project in one directory of develop eggs.
pub(super) struct MemoryFile(PathBuf);

impl MemoryFile {
    /// The place for a project that is built in this way.
    pub(super) fn of(
        memory: &Memory<'_>,
        project: &Path,
        develop_eggs: &Path,
        python: &Python,
        options: &BuildOptions,
    ) -> Self {
        let python = serde_json::to_string(python).unwrap_or_default();
        let text = format!("{FORM}\n{project:?}\n{develop_eggs:?}\n{python}\n{options:?}\n{}\n", memory.context);
        Self(memory.directory.join(Digest::of(text.as_bytes()).to_string()))
    }

    /// The editable install, if it is still what a build would make.
    pub(super) fn recall(&self, inputs: &ProjectSnapshot) -> Result<Option<DevelopedProject>, BuildError> {
        let Some(mut remembered) = self.read() else { return Ok(None) };
        if made(&remembered.developed.paths) != Some(remembered.made.clone()) {
            return Ok(None);
        }
        let stamps = inputs.stamps();
        if stamps.is_some() && stamps == remembered.stamps {
            return Ok(Some(remembered.developed));
        }
        if inputs.contents()? != remembered.contents {
            return Ok(None);
        }
        // Next time, no file has to be read.
        remembered.stamps = stamps;
        self.write(&remembered);
        Ok(Some(remembered.developed))
    }

    /// Remembers an editable install. `before` and `after` are the project's files before and after the build, which has
    /// `changed` some.
    pub(super) fn keep(
        &self,
        developed: &DevelopedProject,
        before: &ProjectSnapshot,
        after: &ProjectSnapshot,
        changed: &BTreeSet<PathBuf>,
    ) -> Result<(), BuildError> {
        if let (true, Some(made)) = (before.differ_only_in(after, changed), made(&developed.paths)) {
            let (stamps, contents) = (after.stamps(), after.contents()?);
            self.write(&Remembered { stamps, contents, made, developed: developed.clone() });
        }
        Ok(())
    }

    fn read(&self) -> Option<Remembered> {
        serde_json::from_slice(&base::files::read_at_most(&self.0, LONGEST).ok()?).ok()
    }

    /// If it cannot be written, the project is built again next time.
    fn write(&self, remembered: &Remembered) {
        if let (Ok(text), Some(directory)) = (serde_json::to_vec(remembered), self.0.parent()) {
            let _ = base::files::write_private(directory, &[&text], |temporary| std::fs::rename(temporary, &self.0));
        }
    }
}

/// The state of files and directories; `None` if one is missing.
fn made(paths: &[PathBuf]) -> Option<String> {
    let mut text = String::new();
    paths.iter().try_for_each(|path| add_made(path, &mut text))?;
    Some(Digest::of(text.as_bytes()).to_string())
}

fn add_made(path: &Path, text: &mut String) -> Option<()> {
    let metadata = path.symlink_metadata().ok()?;
    *text += &format!("{} {:o} ", path.display(), metadata.permissions().mode());
    if metadata.is_dir() {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(path).ok()?.map(|entry| Some(entry.ok()?.path())).collect::<Option<_>>()?;
        entries.sort();
        return entries.iter().try_for_each(|entry| add_made(entry, text));
    }
    let bytes = base::files::read_at_most(path, LONGEST_FILE).ok()?;
    *text += &format!("{}\n", Digest::of(&bytes));
    Some(())
}
