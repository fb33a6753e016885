//! What conditions may ask about Python and the machine.
//!
//! Knows nothing of how the answers are found: `crate::facts` asks the real machine, tests answer from a table.

use std::path::Path;
use std::sync::Arc;

/// What conditions ask, one method per question, so that nothing is found out that no expression needs.
///
/// A message that a method returns says what failed, without the expression: [`evaluate`](super::evaluate) adds that.
pub trait Facts: Send + Sync {
    /// What the Python named by `[buildout] executable` says of itself. Called once per use: implementations remember it.
    ///
    /// # Errors
    /// Why that Python cannot be asked.
    fn python(&self) -> Result<Arc<Python>, String>;

    /// What `uname` and this program's own target say of the machine.
    fn system(&self) -> System;

    /// `platform.freedesktop_os_release()`: the lines of `/etc/os-release`, else `/usr/lib/os-release`, in their order.
    ///
    /// # Errors
    /// Why neither file can be read.
    fn os_release(&self) -> Result<Vec<(String, String)>, String>;

    /// What is at a path, following symbolic links: `os.path.exists`, `isdir`, `isfile`.
    fn look(&self, path: &Path) -> Option<PathKind>;
}

/// What is found at a path, symbolic links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Anything else: a device, a socket, a pipe.
    Other,
}

/// What one Python interpreter says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// `sys.version_info`.
    pub version_info: VersionInfo,
    /// `sys.version`, e.g. `3.11.2 (main, …) [GCC 12.2.0]`.
    pub version: String,
    /// `platform.python_version()`, e.g. `3.11.2`.
    pub python_version: String,
    /// `platform.python_implementation()`, e.g. `CPython`.
    pub implementation: String,
    /// `sys.implementation.name`, e.g. `cpython`; empty for a Python that has none.
    pub implementation_name: String,
    /// `sys.implementation.version` as PEP 508 writes it, e.g. `3.11.2`; `0` for a Python that has none.
    pub implementation_version: String,
}

/// `sys.version_info`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionInfo {
    /// 3 of 3.11.2.
    pub major: u32,
    /// 11 of 3.11.2.
    pub minor: u32,
    /// 2 of 3.11.2.
    pub micro: u32,
    /// `alpha`, `beta`, `candidate` or `final`.
    pub release_level: String,
    /// 1 of 3.12.0rc1; 0 for a final release.
    pub serial: u32,
}

/// What is known of the machine without asking a Python: a condition about it works where no Python is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// `sys.platform`, as Python 3 names it: `linux`.
    pub platform: String,
    /// `os.name`: `posix`.
    pub os_name: String,
    /// Size of a pointer: 32 or 64.
    pub pointer_bits: u32,
    /// `sys.byteorder`: whether it is `little`.
    pub little_endian: bool,
    /// `platform.system()`, e.g. `Linux`.
    pub system: String,
    /// `platform.release()`, e.g. `6.1.0-18-amd64`.
    pub release: String,
    /// `platform.version()`, e.g. `#1 SMP …`.
    pub version: String,
    /// `platform.machine()`, e.g. `x86_64`.
    pub machine: String,
    /// `platform.node()`: the host's name.
    pub node: String,
}
