//! What is known about a Python.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::version::{self, Version};

/// The question; the answer is between two separators, because other output may surround it.
pub(super) const QUESTION: &str = include_str!("question.py");

/// What a Python interpreter reports about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Python {
    /// `sys.executable`.
    pub executable: PathBuf,
    /// `sys.prefix`.
    pub prefix: PathBuf,
    /// `sys.base_prefix`: where a virtual environment's Python is installed.
    pub base_prefix: PathBuf,
    /// `sys.path`, without the entry of the working directory.
    pub path: Vec<PathBuf>,
    /// The index of its pip, if it has a pip.
    pub index: Option<String>,
    /// Major, minor and micro version.
    pub version_info: [u32; 3],
    /// `sysconfig.get_platform()`, for example `linux-x86_64`.
    pub platform: String,
    /// `SOABI`, for example `cpython-311-x86_64-linux-gnu`.
    pub soabi: Option<String>,
    /// The suffixes of its extension modules.
    pub ext_suffix: Option<String>,
    /// Whether it is a debug build.
    pub debug: bool,
    /// Whether it has no global interpreter lock.
    pub free_threaded: bool,
    /// Size of a pointer in bits.
    pub bits: u32,
    /// The version of the GNU C library that it uses.
    pub glibc: Option<[u32; 2]>,
    /// The version of the musl C library that it uses.
    pub musl: Option<[u32; 2]>,
    /// The variables of markers (PEP 508).
    pub markers: BTreeMap<String, String>,
}

impl Python {
    /// The value of a marker's variable.
    pub fn marker(&self, name: &str) -> Option<String> {
        self.markers.get(name).cloned()
    }

    /// The version for comparison with `Requires-Python`.
    pub fn version(&self) -> Option<Version> {
        let [major, minor, micro] = self.version_info;
        self.markers.get("python_full_version").and_then(|text| version::parse(text)).map(|full| {
            match full.any_prerelease() {
                // `>=3.14` includes the betas of 3.14, as in pip.
                true => Version::new([major, minor, micro].map(u64::from)),
                false => full,
            }
        })
    }

    /// Major and minor version, as in the names of eggs: `3.11`.
    pub fn short_version(&self) -> String {
        format!("{}.{}", self.version_info[0], self.version_info[1])
    }
}
