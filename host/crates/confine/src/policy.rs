//! What a native command may do: the level of confinement, paths, limits.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How much the operating system confines native commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Not at all. (The tree of processes still ends with the command.)
    None,
    /// Landlock, seccomp, no_new_privs, no capabilities; the command sees the machine's own files and processes.
    Partial,
    /// Everything: also namespaces of its own and a root of its own.
    #[default]
    Full,
}

impl Level {
    /// The name that the command line and the state use.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Partial => "partial",
            Self::Full => "full",
        }
    }

    /// The level of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::None, Self::Partial, Self::Full].into_iter().find(|level| level.name() == name)
    }
}

/// What a command may do. System directories (`/usr`, `/opt`, the harmless part of `/etc`, …) may always be read.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Files and directories that may be read beyond the system's, absolute. What does not exist is left out.
    pub read: Vec<PathBuf>,
    /// Files and directories that may be written, with all below, absolute. They must exist.
    pub write: Vec<PathBuf>,
    /// Directories in which recipes or commands may have made symbolic links before, beside `write`. A link in one of them
    /// is not followed on the way to what may be read (it is left out) or written (an error).
    pub written: Vec<PathBuf>,
    /// How much is enforced.
    pub level: Level,
    /// What may be used up.
    pub limits: Limits,
}

/// What a command and all that it starts may use up. Nothing of it is enforced at [`Level::None`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Processes and threads at a time.
    pub processes: u64,
    /// Bytes of private memory for each process; `None`: as much as the machine has.
    pub memory: Option<u64>,
    /// Bytes of each file.
    pub file_size: u64,
    /// Bytes that the command's private `/tmp` may hold (it lies in memory).
    pub temporary: u64,
    /// Bytes by which the free space below the writable paths may shrink while the command runs, whoever uses it.
    pub disk: u64,
}

impl Default for Limits {
    /// Ample for a build, small enough for the machine to live on.
    fn default() -> Self {
        Self { processes: 4096, memory: None, file_size: 16 << 30, temporary: 2 << 30, disk: 64 << 30 }
    }
}
