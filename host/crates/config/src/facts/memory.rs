//! Answers of Pythons, stored by the identity of the interpreter's files.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use base::digest::Digest;

/// Increased when the format of stored answers changes.
const FORM: u32 = 2;

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// Where the answer of one interpreter to one question is stored.
#[derive(Debug)]
pub struct AnswerFile(PathBuf);

impl AnswerFile {
    /// The path below `cache` for what the interpreter at `executable` answers to `question`; `None` if it does not exist, or
    /// is only a script that starts another one (pyenv's shims choose one by the working directory).
    pub fn of(executable: &Path, question: &str, cache: &Path) -> Option<Self> {
        let real = executable.canonicalize().ok()?;
        let mut identity = format!("{FORM}\n{}\n{question}\n", executable.display());
        identity += &of_file(&real)?;
        if !is_program(&real) {
            return None;
        }
        // A virtual environment has a file next to its executable, or in the directory above.
        for directory in executable.ancestors().skip(1).take(2) {
            identity += &of_file(&directory.join("pyvenv.cfg")).unwrap_or_default();
        }
        // `platform_release` and `platform_version` are the kernel's.
        let kernel = rustix::system::uname();
        identity += &format!("{:?} {:?}", kernel.release(), kernel.version());
        Some(Self(cache.join("pythons").join(format!("{}.json", Digest::of(identity.as_bytes())))))
    }

    /// The stored answer. One that cannot be read is requested again.
    pub fn read(&self) -> Option<Vec<u8>> {
        let metadata = self.0.symlink_metadata().ok()?;
        let is_usable = metadata.is_file() && metadata.len() <= LONGEST && is_ours(&metadata);
        is_usable.then(|| std::fs::read(&self.0).ok()).flatten()
    }

    /// Stores an answer. If that fails, the Python is started again next time.
    pub fn write(&self, answer: &[u8]) {
        let Some(directory) = self.0.parent() else { return };
        if std::fs::create_dir_all(directory).is_ok() {
            let _ = base::files::write_private(directory, &[answer], |temporary| std::fs::rename(temporary, &self.0));
        }
    }
}

/// A file that does not belong to this user could have been written by someone else.
fn is_ours(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0
}

fn of_file(path: &Path) -> Option<String> {
    let metadata = path.metadata().ok()?;
    Some(format!(
        "{} {} {} {} {} {}\n",
        path.display(),
        metadata.dev(),
        metadata.ino(),
        metadata.size(),
        metadata.mtime(),
        metadata.mtime_nsec()
    ))
}

fn is_program(path: &Path) -> bool {
    let mut start = [0; 2];
    base::files::open_regular(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start)).is_ok()
        && start != *b"#!"
}
