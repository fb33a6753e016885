//! Installs Python distributions for the buildout's Python, and generates scripts.
//!
//! ```no_run
//! use buildout_recipe::Error;
//! use buildout_recipe::distributions::{Settings, install};
//!
//! # fn install_part() -> Result<(), Error> {
//! let distributions = install(&["zope.interface >= 7"], &[], &Settings::default())?;
//! # Ok(())
//! # }
//! ```
//!
//! A recipe needs the grant `distributions`
//! ([`Description::grant_distributions`](crate::Description::grant_distributions)). In tests without a host, each function
//! except [`sort`] fails.

use std::fmt;

use crate::bindings::buildout::recipe::distributions as wit;
use crate::error::Error;

#[cfg(target_arch = "wasm32")]
use wit as lent;

#[cfg(not(target_arch = "wasm32"))]
use no_host as lent;

pub use wit::{
    BuildOptions, Destination, Distribution, DistributionKind, FailedBuild, ScriptEntryPoint, ScriptRequest, Settings,
};

/// Finds distributions for all requirements and for their dependencies, and installs the missing ones. Available in `init`
/// too. Distributions in `begin` are preferred.
///
/// # Errors
/// If a distribution is not available, requirements conflict, or a build fails.
pub fn install<R: AsRef<str>>(
    requirements: &[R],
    begin: &[Distribution],
    settings: &Settings,
) -> Result<Vec<Distribution>, DistributionError> {
    let requirements: Vec<String> = requirements.iter().map(|requirement| requirement.as_ref().to_owned()).collect();
    Ok(lent::install(&requirements, begin, settings)?)
}

/// The distributions in the order of `sys.path` in generated scripts: developed ones first, then eggs, then others.
pub fn sort(mut distributions: Vec<Distribution>) -> Vec<Distribution> {
    distributions.sort_by_key(|distribution| distribution.kind as u8);
    distributions
}

/// Builds the distribution for a requirement from source, and installs it. Returns the installed distributions.
///
/// # Errors
/// If its source is not available, or the build fails.
pub fn build(
    requirement: &str,
    options: &BuildOptions,
    settings: &Settings,
) -> Result<Vec<Distribution>, DistributionError> {
    Ok(lent::build(requirement, options, settings)?)
}

/// Installs a project in editable mode. `project` is its directory, its `setup.py` or its `pyproject.toml`. Returns the path
/// of the egg link, which is in `destination`, by default `develop-eggs-directory`.
///
/// # Errors
/// If the build fails.
pub fn develop(project: &str, destination: Option<&str>, options: &BuildOptions) -> Result<String, DistributionError> {
    Ok(lent::develop(project, destination, options)?)
}

/// Generates scripts. Returns the paths of all scripts, also of those whose content did not change.
///
/// # Errors
/// If a distribution does not have a requested script, or the recipe may not write to the directory.
pub fn write_scripts(request: &ScriptRequest) -> Result<Vec<String>, DistributionError> {
    Ok(lent::write_scripts(request)?)
}

/// The settings of the section `buildout`.
impl Default for Settings {
    fn default() -> Self {
        Self {
            destination: Destination::EggsDirectory,
            path: None,
            index: None,
            find_links: None,
            allow_hosts: None,
            versions: None,
            newest: None,
            prefer_final: None,
            allow_picked_versions: None,
            allow_unknown_extras: None,
            install_from_cache: None,
            report_picked: true,
        }
    }
}

/// A failure. `?` converts it to an [`Error`].
#[derive(Debug, Clone)]
pub struct DistributionError {
    reason: DistributionReason,
    message: String,
    build: Option<FailedBuild>,
}

/// Why a function failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DistributionReason {
    /// No distribution matches a requirement.
    Missing,
    /// Requirements conflict.
    Conflict,
    /// A requirement does not allow the pinned version.
    Pin,
    /// The version is not pinned, and `allow-picked-versions` is false.
    Picked,
    /// A distribution does not have a required extra.
    Extra,
    /// A build failed: see [`DistributionError::failed_build`].
    Build,
    /// The index, a file or the network is not available, or the run is offline.
    Unavailable,
    /// A file does not match its digest, or is not a distribution.
    BadFile,
    /// It is not granted.
    NotGranted,
    /// A requirement, a path or a setting is invalid.
    Invalid,
    /// The buildout has no Python.
    Python,
    /// A limit of the host was exceeded.
    Limit,
    /// A reason that this version of the crate does not know.
    Other,
}

impl DistributionError {
    /// The reason.
    pub fn reason(&self) -> DistributionReason {
        self.reason
    }

    /// The message; of a failed build also its last lines, and where its log is.
    fn with_output(&self) -> String {
        let Some(build) = &self.build else { return self.message.clone() };
        let log = build.log.iter().map(|log| format!("The whole log is in {log}."));
        let lines: String = build.output.iter().cloned().chain(log).map(|line| format!("\n  {line}")).collect();
        format!("{}{lines}", self.message)
    }

    /// The build that failed.
    pub fn failed_build(&self) -> Option<&FailedBuild> {
        self.build.as_ref()
    }
}

impl fmt::Display for DistributionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for DistributionError {}

impl From<wit::DistributionError> for DistributionError {
    fn from(error: wit::DistributionError) -> Self {
        use DistributionReason as Reason;
        use wit::DistributionError as Wit;
        let (reason, message) = match error {
            Wit::Missing(message) => (Reason::Missing, message),
            Wit::Conflict(message) => (Reason::Conflict, message),
            Wit::Pin(message) => (Reason::Pin, message),
            Wit::Picked(message) => (Reason::Picked, message),
            Wit::Extra(message) => (Reason::Extra, message),
            Wit::Build(build) => {
                return Self { reason: Reason::Build, message: build.message.clone(), build: Some(build) };
            }
            Wit::Unavailable(message) => (Reason::Unavailable, message),
            Wit::BadFile(message) => (Reason::BadFile, message),
            Wit::NotGranted(message) => (Reason::NotGranted, message),
            Wit::Invalid(message) => (Reason::Invalid, message),
            Wit::Python(message) => (Reason::Python, message),
            Wit::Limit(message) => (Reason::Limit, message),
            Wit::Other(other) => (Reason::Other, other.message),
        };
        Self { reason, message, build: None }
    }
}

impl From<DistributionError> for Error {
    fn from(error: DistributionError) -> Self {
        let message = error.with_output();
        match error.reason {
            DistributionReason::Other => Self::fault(message),
            // Requirements and versions come from the configuration.
            _ => Self::user(message),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod no_host {
    //! Without a host, there is nothing that installs distributions.

    use crate::bindings::buildout::recipe::distributions::{
        BuildOptions, Distribution, DistributionError, ScriptRequest, Settings,
    };

    fn fail<T>() -> Result<T, DistributionError> {
        let message = "Python distributions are not available in tests without a host".to_owned();
        Err(DistributionError::Unavailable(message))
    }

    pub(super) fn install(
        _: &[String],
        _: &[Distribution],
        _: &Settings,
    ) -> Result<Vec<Distribution>, DistributionError> {
        fail()
    }

    pub(super) fn build(_: &str, _: &BuildOptions, _: &Settings) -> Result<Vec<Distribution>, DistributionError> {
        fail()
    }

    pub(super) fn develop(_: &str, _: Option<&str>, _: &BuildOptions) -> Result<String, DistributionError> {
        fail()
    }

    pub(super) fn write_scripts(_: &ScriptRequest) -> Result<Vec<String>, DistributionError> {
        fail()
    }
}
