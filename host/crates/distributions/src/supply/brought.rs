//! A file that the supply has brought to this machine.

use std::path::PathBuf;

use base::digest::Digest;

use crate::filename::FileName;

/// A file on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// Its path. The file must not be changed.
    pub path: PathBuf,
    /// The parts of its name.
    pub name: FileName,
    /// Its digest.
    pub sha256: Digest,
}
