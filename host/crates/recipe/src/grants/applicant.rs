//! The part whose recipe requests rights, with everything that determines them.

use std::path::PathBuf;
use std::sync::Arc;

use base::environment::Environment;
use config::options::Buildout;

use super::locations::Locations;
use crate::component::Resolved;
use crate::error::Subject;
use crate::interfaces::bindings::exports::buildout::recipe::description::EntryPoint;
use crate::ownership::Records;

/// A part, its recipe, and where it is installed.
pub(crate) struct Applicant<'a> {
    pub(crate) part: &'a str,
    pub(crate) recipe: &'a Resolved,
    pub(crate) entry_point: &'a EntryPoint,
    pub(crate) locations: &'a Arc<Locations>,
    pub(crate) environment: &'a Environment,
    /// Resolves references in grants; `None` for a part whose section may no longer exist.
    pub(crate) buildout: Option<&'a Buildout>,
    pub(crate) subject: &'a Subject,
    /// The part's temporary directory, which need not exist.
    pub(crate) temporary: PathBuf,
    /// What the state records of parts, as far as it is known yet.
    pub(crate) records: &'a Arc<Records>,
}
