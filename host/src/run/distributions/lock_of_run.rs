//! The `pylock.toml` of a buildout, and which lock applies to a run.

use std::path::PathBuf;
use std::sync::Arc;

use distributions::lock::{DistributionsLock, FILE, LockUse};
use recipe::Locations;
use registry::locking::LockMode;

use super::super::context::RunContext;
use super::error::NoDistributions;

/// The path of the lock of a buildout.
pub(super) fn path(locations: &Locations) -> PathBuf {
    locations.configuration_directory.join(FILE)
}

/// The lock in a buildout's directory.
pub(super) fn read(locations: &Locations) -> Result<Option<DistributionsLock>, NoDistributions> {
    let Some(bytes) = base::files::read(&path(locations))? else { return Ok(None) };
    Ok(Some(DistributionsLock::parse(&String::from_utf8_lossy(&bytes), &locations.configuration_directory)?))
}

/// The lock that applies to a run. With `--locked`, a missing lock allows nothing.
pub(super) fn of_run(locations: &Locations, context: &RunContext) -> Result<Option<LockUse>, NoDistributions> {
    let lock = read(locations)?;
    Ok(match context.settings.lock {
        LockMode::Locked => Some(LockUse::Only(Arc::new(lock.unwrap_or_default()))),
        LockMode::Write | LockMode::Leave => lock.map(|lock| LockUse::First(Arc::new(lock))),
    })
}
