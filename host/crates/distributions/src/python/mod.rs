//! The Python that distributions are for: what it reports about itself, requested once and stored.
//!
//! The caller decides how it is started ([`StartPython`]): a Python that a part made may only run confined.

pub(crate) mod tags;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::facts::AnswerFile;
pub use config::facts::StartPython;
use serde::{Deserialize, Serialize};

use crate::version::{self, Version};
pub(crate) use tags::{Tag, Tags};

/// The time that it has to answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// The question; the answer is between two separators, because other output may surround it.
const QUESTION: &str = include_str!("question.py");

/// Precedes and follows the answer.
const SEPARATOR: char = '\u{1f}';

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
    pub(crate) index: Option<String>,
    /// Major, minor and micro version.
    pub version_info: [u32; 3],
    /// The rest of `sys.version_info`: `alpha`, `beta`, `candidate` or `final`, and its number.
    pub release: (String, u32),
    /// `sys.version`.
    pub version_text: String,
    /// `sysconfig.get_paths()`.
    pub directories: BTreeMap<String, String>,
    /// `sysconfig.get_platform()`, for example `linux-x86_64`.
    pub platform: String,
    /// `SOABI`, for example `cpython-311-x86_64-linux-gnu`.
    pub(crate) soabi: Option<String>,
    /// The suffixes of its extension modules.
    pub(crate) ext_suffix: Option<String>,
    /// Whether it is a debug build.
    pub(crate) debug: bool,
    /// Whether it has no global interpreter lock.
    pub(crate) free_threaded: bool,
    /// Size of a pointer in bits.
    pub(crate) bits: u32,
    /// The version of the GNU C library that it uses.
    pub(crate) glibc: Option<[u32; 2]>,
    /// The version of the musl C library that it uses.
    pub(crate) musl: Option<[u32; 2]>,
    /// The variables of markers (PEP 508).
    pub markers: BTreeMap<String, String>,
}

/// Why a Python cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Cannot query the Python {}: {cause}", .executable.display())]
pub struct PythonError {
    /// The interpreter.
    pub(crate) executable: PathBuf,
    /// The cause.
    pub(crate) cause: String,
}

impl base::source::Explain for PythonError {
    fn hints(&self) -> Vec<String> {
        vec!["[buildout] executable names the Python that distributions are installed for.".to_owned()]
    }
}

impl Python {
    /// Asks the Python at `executable`, or returns its stored answer: the file in `cache` is valid while the
    /// interpreter's files are unchanged.
    ///
    /// # Errors
    /// When it cannot be started, or does not answer like a Python.
    pub fn ask(executable: &Path, start: &StartPython, cache: Option<&Path>) -> Result<Self, PythonError> {
        let failed = |cause: String| PythonError { executable: executable.to_owned(), cause };
        let place = cache.and_then(|cache| AnswerFile::of(executable, QUESTION, cache));
        let known = place.as_ref().and_then(AnswerFile::read);
        if let Some(known) = known.and_then(|answer| serde_json::from_slice(&answer).ok()) {
            return Ok(known);
        }
        let path = executable.to_str().ok_or_else(|| failed("its path is not valid UTF-8".into()))?;
        let answer = start(path, &["-E", "-s", "-B", "-c", QUESTION], DEADLINE).map_err(failed)?;
        let python = Self::of_answer(&String::from_utf8_lossy(&answer))
            .ok_or_else(|| failed("it did not answer like a Python interpreter".into()))?;
        if let (Some(place), Ok(answer)) = (place, serde_json::to_vec_pretty(&python)) {
            place.write(&answer);
        }
        Ok(python)
    }

    fn of_answer(answer: &str) -> Option<Self> {
        let mut parts = answer.split(SEPARATOR).skip(1);
        let text = parts.next()?;
        // The text after the second separator: without it, the response is incomplete.
        parts.next()?;
        serde_json::from_str(text).ok()
    }

    /// The value of a marker's variable.
    pub fn marker(&self, name: &str) -> Option<String> {
        self.markers.get(name).cloned()
    }

    /// The version for comparison with `Requires-Python`.
    pub(crate) fn version(&self) -> Option<Version> {
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

    /// The tags of the wheels that it can use, best first.
    pub fn tags(&self) -> Tags {
        tags::of(self)
    }
}
