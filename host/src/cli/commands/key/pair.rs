//! The two files of a key pair.

use std::path::{Path, PathBuf};

use crate::run::RunError;
use base::files::{self, FileError};
use base::paths::with_suffix;
use base::source::Explain;
use registry::signature::PrivateKey;

/// Keys are never overwritten.
#[derive(Debug, thiserror::Error)]
#[error("{} already exists", .0.display())]
struct KeyExists(PathBuf);

impl Explain for KeyExists {
    fn hints(&self) -> Vec<String> {
        vec!["Keys are never overwritten. Choose another name with `--output NAME`, or move the existing keys.".into()]
    }
}

/// The files of a key pair, which do not exist yet.
pub(super) struct PairFiles {
    directory: PathBuf,
    private: PathBuf,
    public: PathBuf,
}

impl PairFiles {
    /// `NAME.key` and `NAME.pub`; fails if either exists.
    pub(super) fn new(directory: &Path, name: &Path) -> Result<Self, RunError> {
        let (private, public) = (with_suffix(name, ".key"), with_suffix(name, ".pub"));
        let pair = Self { directory: directory.to_owned(), private, public };
        for path in [&pair.private, &pair.public] {
            if directory.join(path).symlink_metadata().is_ok() {
                return Err(KeyExists(path.clone()).into());
            }
        }
        Ok(pair)
    }

    /// Writes both halves.
    pub(super) fn write(&self, key: &PrivateKey, passphrase: &[u8]) -> Result<(), RunError> {
        let create = |path: &Path, text: &str, mode| -> Result<(), FileError> {
            files::create(&self.directory.join(path), text.as_bytes(), mode)
        };
        create(&self.private, &key.sealed(passphrase)?, 0o600)?;
        create(&self.public, &key.public().pem(), 0o644)?;
        Ok(())
    }

    /// The summary for the user.
    pub(super) fn summary(&self, key: &PrivateKey) -> String {
        format!(
            "Private key: {} (keep it and its passphrase secret)\nPublic key:  {}\nFingerprint: {}",
            self.private.display(),
            self.public.display(),
            key.public()
        )
    }
}
