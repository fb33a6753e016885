//! What a native command may do: the level of confinement, paths, limits.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How much the operating system confines native commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfinementLevel {
    /// Not at all. (The tree of processes still ends with the command.)
    None,
    /// Landlock, seccomp, no_new_privs, no capabilities; the command sees the machine's own files and processes.
    Partial,
    /// Everything: also private namespaces and a private root.
    #[default]
    Full,
}

impl ConfinementLevel {
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

/// What a command may do. System directories (`/usr`, `/opt`, the harmless part of `/etc`, …) are always readable.
#[derive(Clone, Debug, Default)]
pub struct CommandPolicy {
    /// Files and directories that may be read in addition to the system's, absolute. Missing ones are ignored.
    pub read: Vec<PathBuf>,
    /// Files and directories that may be written, with everything below, absolute. They must exist.
    pub write: Vec<PathBuf>,
    /// Directories, in addition to `write`, in which recipes or commands may have created symbolic links earlier. A
    /// link in one of them is not followed: the path is ignored if it is for reading, and an error if it is for
    /// writing.
    pub written: Vec<PathBuf>,
    /// Directories in which the command may make new entries; only [`ConfinementLevel::Full`] can show them.
    pub staged: Vec<Staged>,
    /// How much is enforced.
    pub level: ConfinementLevel,
    /// Whether it has the network of the machine: TCP and UDP, and the settings of the resolver.
    pub network: bool,
    /// Resource limits.
    pub limits: CommandLimits,
}

/// A directory in which a command may make new entries, but cannot change those that exist: it sees a staging directory in
/// its place, with the existing entries in it, read-only where nothing else allows more.
#[derive(Clone, Debug)]
pub struct Staged {
    /// The directory, absolute and without links.
    pub path: PathBuf,
    /// The staging directory. What the command makes is found there afterwards.
    pub source: PathBuf,
    /// Whether the existing entries are seen.
    pub shows_existing: bool,
}

/// What a command and all that it starts may use up. Nothing of it is enforced at [`ConfinementLevel::None`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLimits {
    /// Processes and threads at a time.
    pub processes: u64,
    /// Bytes of private memory for each process; `None`: unlimited.
    pub memory: Option<u64>,
    /// Bytes of each file.
    pub file_size: u64,
    /// Size of the command's private `/tmp` in bytes (it is in memory).
    pub temporary: u64,
    /// Bytes by which free space below the writable paths may shrink while the command runs, regardless of who uses it. A
    /// reserve stays free anyway ([`super::FreeSpace::reserve`]).
    pub disk: u64,
}

impl Default for CommandLimits {
    /// Ample for a build, small enough to keep the machine usable.
    fn default() -> Self {
        Self { processes: 4096, memory: None, file_size: 16 << 30, temporary: 2 << 30, disk: 64 << 30 }
    }
}
