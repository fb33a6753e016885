//! What installs: the settings, the supply, and the distributions that exist.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::eggs::{Directories, InstalledDistributions};
use crate::index::lock;
use crate::lock::{FILE, LockUse, Purpose};
use crate::pins::Pins;
use crate::requirement::Requirement;
use crate::resolve::ResolveError;
use crate::supply::Supply;

/// The settings of a buildout for the choice of distributions.
#[derive(Clone, Debug)]
pub struct InstallSettings {
    /// The directories of eggs.
    pub directories: Directories,
    /// Other directories with existing distributions.
    pub path: Vec<PathBuf>,
    /// The section `[versions]`.
    pub pins: Pins,
    /// `newest`.
    pub newest: bool,
    /// `offline`.
    pub offline: bool,
    /// `prefer-final`.
    pub prefer_final: bool,
    /// `allow-picked-versions`.
    pub allow_picked_versions: bool,
    /// `allow-unknown-extras`.
    pub allow_unknown_extras: bool,
    /// How many distributions are downloaded and unpacked at once.
    pub threads: usize,
}

/// Installs distributions.
pub struct Installer<'a> {
    pub(super) settings: InstallSettings,
    pub(super) supply: &'a Supply<'a>,
    pub(super) installed: Mutex<Option<Arc<InstalledDistributions>>>,
}

impl<'a> Installer<'a> {
    /// Installs from `supply` with these settings.
    pub fn new(settings: InstallSettings, supply: &'a Supply<'a>) -> Self {
        Self { settings, supply, installed: Mutex::new(None) }
    }

    /// The existing distributions. They are read once, and again after an installation.
    pub fn installed(&self) -> Arc<InstalledDistributions> {
        let mut known = lock(&self.installed);
        let InstallSettings { directories, path, .. } = &self.settings;
        let scan = || {
            let all = InstalledDistributions::scan(directories, path, self.supply.tools().python);
            Arc::new(match self.supply.lock() {
                Some(lock) => all.allowed_by(lock),
                None => all,
            })
        };
        Arc::clone(known.get_or_insert_with(scan))
    }

    /// Says what the lock has to do with an error, if there is one.
    pub(super) fn with_lock(&self, error: ResolveError) -> ResolveError {
        let Some(lock) = self.supply.lock().and_then(LockUse::deciding) else { return error };
        let (ResolveError::NotFound { .. } | ResolveError::Conflict { .. }) = &error else { return error };
        let wanted = match &error {
            ResolveError::NotFound { requirement, .. } => Requirement::parse(requirement).ok(),
            _ => None,
        };
        let locked = match wanted {
            Some(wanted) if !lock.has(&wanted.key(), Purpose::Use) => format!("{} is not in {FILE}", wanted.name),
            _ => format!("{FILE} decides which versions are available"),
        };
        ResolveError::Locked { cause: Box::new(error), locked }
    }

    /// The supply of distributions.
    pub fn supply(&self) -> &'a Supply<'a> {
        self.supply
    }

    /// Forgets the existing distributions, because something has changed them.
    pub fn changed(&self) {
        *lock(&self.installed) = None;
    }
}
