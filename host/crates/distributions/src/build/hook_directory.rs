//! The directory that one hook of a build can write, in addition to the sources. The host makes it before the hook
//! starts, and reads from it afterward through handles: what a build left there is foreign.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use base::files::FileError;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder};

use crate::handles;

/// The file with the runner's answer.
pub(super) const ANSWER: &str = "answer.json";

/// The file with the attempts that were refused.
pub(super) const TRIED: &str = "tried.txt";

/// The directory for what the hook makes.
const OUTPUT: &str = "output";

/// The home directory of the hook.
const HOME: &str = "home";

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;

/// The longest list of attempts that is read, in bytes.
const LONGEST_TRIED: u64 = 64 << 10;

/// The longest wheel that a build may make, in bytes.
const LONGEST_WHEEL: u64 = 4 << 30;

/// The directory that one hook can write.
pub(super) struct HookDirectory {
    pub(super) path: PathBuf,
    opened: Dir,
}

impl HookDirectory {
    /// Makes the directory, which must not exist.
    pub(super) fn new(path: &Path) -> Result<Self, FileError> {
        std::fs::create_dir(path).map_err(FileError::of("create the directory", path))?;
        let opened = Dir::open_ambient_dir(path, ambient_authority()).map_err(FileError::of("open", path))?;
        for name in [OUTPUT, HOME] {
            let made = opened.create_dir_with(name, &DirBuilder::new());
            made.map_err(FileError::of("create the directory", &path.join(name)))?;
        }
        Ok(Self { path: path.to_owned(), opened })
    }

    /// Where the hook puts what it makes.
    pub(super) fn output(&self) -> PathBuf {
        self.path.join(OUTPUT)
    }

    /// The home directory of the hook.
    pub(super) fn home(&self) -> PathBuf {
        self.path.join(HOME)
    }

    /// The runner's answer; empty if there is none.
    pub(super) fn answer(&self) -> Vec<u8> {
        handles::read(&self.opened, OsStr::new(ANSWER), LONGEST_ANSWER).unwrap_or_default()
    }

    /// The attempts of the hook that were refused, as its runner wrote them down. This comes from the build itself: it is
    /// shown, and nothing depends on it.
    pub(super) fn tried(&self) -> Vec<String> {
        let text = handles::read(&self.opened, OsStr::new(TRIED), LONGEST_TRIED).unwrap_or_default();
        let mut lines: Vec<String> = String::from_utf8_lossy(&text).lines().map(base::source::printable).collect();
        lines.dedup();
        lines
    }

    /// Copies the file `name` that the hook has made to `path`, where no build can write.
    pub(super) fn take_output(&self, name: &str, path: &Path, canceled: &dyn Fn() -> bool) -> io::Result<()> {
        let output = handles::open_directory(&self.opened, OsStr::new(OUTPUT))?;
        let made = handles::open_file(&output, OsStr::new(name))?;
        if made.metadata()?.len() > LONGEST_WHEEL {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        handles::copy_content(&made, &std::fs::File::create_new(path)?, canceled)
    }
}
