//! The facts about Python and the machine that conditions may use.
//!
//! Does not know how facts are determined: `crate::facts` queries the real machine, tests use a table.

use std::path::Path;
use std::sync::Arc;

/// Facts for conditions, with one method per fact, so that a fact is determined only if an expression needs it.
///
/// An error message describes the failure without the expression: [`evaluate`](super::evaluate) adds that.
pub trait Facts: Send + Sync {
    /// Facts about the Python in `[buildout] executable`. Called once per use: implementations cache the result.
    ///
    /// # Errors
    /// Why that Python cannot be queried.
    fn python(&self) -> Result<Arc<PythonFacts>, String>;

    /// Facts about the machine, from `uname` and the build target of this program.
    fn system(&self) -> System;

    /// `platform.freedesktop_os_release()`: the lines of `/etc/os-release`, else `/usr/lib/os-release`, in their order.
    ///
    /// # Errors
    /// Why neither file can be read.
    fn os_release(&self) -> Result<Vec<(String, String)>, String>;

    /// The kind of the file at a path, following symbolic links: `os.path.exists`, `isdir`, `isfile`.
    fn look(&self, path: &Path) -> Option<PathKind>;
}

/// The kind of a file, following symbolic links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Anything else: a device, a socket, a pipe.
    Other,
}

/// The facts about one Python interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonFacts {
    /// `sys.version_info`.
    pub version_info: VersionInfo,
    /// `sys.version`, e.g. `3.11.2 (main, …) [GCC 12.2.0]`.
    pub version: String,
    /// `platform.python_version()`, e.g. `3.11.2`.
    pub python_version: String,
    /// `platform.python_implementation()`, e.g. `CPython`.
    pub implementation: String,
    /// `sys.implementation.name`, e.g. `cpython`; empty if that Python does not have it.
    pub implementation_name: String,
    /// `sys.implementation.version` in the format of PEP 508, e.g. `3.11.2`; `0` if that Python does not have it.
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

/// Facts about the machine that do not need a Python: conditions on them work even if no Python is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// `sys.platform` in Python 3: `linux`.
    pub platform: String,
    /// `os.name`: `posix`.
    pub os_name: String,
    /// Size of a pointer: 32 or 64.
    pub pointer_bits: u32,
    /// Whether `sys.byteorder` is `little`.
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
