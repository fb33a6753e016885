//! The buildout that a request for distributions is for.

use std::path::PathBuf;

use config::options::Buildout;
use distributions::lock::LockUse;
use recipe::Locations;

use super::settings::DistributionSettings;

/// The buildout of a request.
pub(super) struct RequestPlace<'a> {
    pub(super) buildout: &'a Buildout,
    pub(super) locations: Locations,
    pub(super) settings: DistributionSettings,
    /// The existing directories with parts, also those of other buildouts.
    pub(super) parts: Vec<PathBuf>,
    pub(super) lock: Option<LockUse>,
}

impl RequestPlace<'_> {
    /// What editable installs depend on in addition to their projects.
    pub(super) fn memory_context(&self) -> String {
        self.lock.as_ref().map(|lock| lock.lock().digest_for_builds().to_string()).unwrap_or_default()
    }

    /// The same with other settings.
    pub(super) fn with_settings(&self, settings: DistributionSettings) -> RequestPlace<'_> {
        RequestPlace {
            buildout: self.buildout,
            locations: self.locations.clone(),
            settings,
            parts: self.parts.clone(),
            lock: self.lock.clone(),
        }
    }
}
