//! `buildout:recipe/distributions`: Python distributions, for a part that is granted them.
//!
//! Checks the rights of the recipe. The run provides the rest.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::collections::Set;
use wasmtime::component::{HasData, ResourceTable};

use super::bindings::DistributionFailure;
use super::bindings::buildout::recipe::distributions::{
    BuildOptions, Destination, Distribution, DistributionError, Host, ScriptRequest, Settings,
};
use super::bindings::buildout::recipe::types::UnnamedError;
use super::filesystem::open::OpenFiles;
use crate::call::{Call, Phase};
use crate::distributions::{Distributions, Refusal, Requester};
use crate::grants::addresses::{allowed, within};
use crate::grants::mounts::normalize;
use crate::native::shared::Native;

/// Marks the interface in the linker.
pub(crate) struct PythonDistributions;

/// The state that its functions see.
pub(crate) struct View<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) native: &'a Arc<Native>,
    /// The host may replace directories that the recipe has open.
    pub(crate) files: &'a mut OpenFiles,
}

/// The paths in a directory before a call.
struct Existing(Set<PathBuf>);

impl Existing {
    fn in_directory(directory: Option<PathBuf>) -> Self {
        let entries = directory.and_then(|directory| std::fs::read_dir(directory).ok()).into_iter().flatten();
        Self(entries.flatten().map(|entry| normalize(&entry.path())).collect())
    }
}

impl HasData for PythonDistributions {
    type Data<'a> = View<'a>;
}

impl Host for View<'_> {
    fn convert_distribution_error(&mut self, failure: DistributionFailure) -> wasmtime::Result<DistributionError> {
        failure.downcast()
    }

    fn install(
        &mut self,
        requirements: Vec<String>,
        begin: Vec<Distribution>,
        settings: Settings,
    ) -> Result<Vec<Distribution>, DistributionFailure> {
        let names: Vec<&str> = requirements.iter().map(String::as_str).collect();
        self.call.note("distributions.install", &names);
        self.check_granted(true)?;
        self.check_settings(&settings)?;
        self.serve(|provider, requester| provider.install(requester, &requirements, &begin, &settings))
    }

    fn sort(&mut self, mut distributions: Vec<Distribution>) -> wasmtime::Result<Vec<Distribution>> {
        distributions.sort_by_key(|distribution| distribution.kind as u8);
        Ok(distributions)
    }

    fn build(
        &mut self,
        requirement: String,
        options: BuildOptions,
        settings: Settings,
    ) -> Result<Vec<Distribution>, DistributionFailure> {
        self.call.note("distributions.build", &[&requirement]);
        self.check_granted(false)?;
        self.check_settings(&settings)?;
        let directory = match &settings.destination {
            Destination::Directory(directory) => Some(PathBuf::from(directory)),
            Destination::EggsDirectory | Destination::Nowhere => self.develop_eggs(),
        };
        let before = Existing::in_directory(directory);
        let built = self.serve(|provider, requester| provider.build(requester, &requirement, &options, &settings))?;
        self.note_made(&before, built.iter().map(|distribution| distribution.location.as_str()));
        Ok(built)
    }

    fn develop(
        &mut self,
        project: String,
        destination: Option<String>,
        options: BuildOptions,
    ) -> Result<String, DistributionFailure> {
        self.call.note("distributions.develop", &[&project]);
        self.check_granted(false)?;
        self.check_readable(&project)?;
        destination.as_deref().map_or(Ok(()), |directory| self.check_writable(directory))?;
        let before = Existing::in_directory(destination.as_ref().map(PathBuf::from).or_else(|| self.develop_eggs()));
        let link =
            self.serve(|provider, requester| provider.develop(requester, &project, destination.as_deref(), &options))?;
        self.note_made(&before, [link.as_str()]);
        Ok(link)
    }

    fn write_scripts(&mut self, request: ScriptRequest) -> Result<Vec<String>, DistributionFailure> {
        self.call.note("distributions.write-scripts", &[&request.directory]);
        self.check_granted(false)?;
        self.check_writable(&request.directory)?;
        let before = Existing::in_directory(Some(PathBuf::from(&request.directory)));
        let scripts = self.serve(|provider, requester| provider.write_scripts(requester, &request))?;
        self.note_made(&before, scripts.iter().map(String::as_str));
        Ok(scripts)
    }
}

impl View<'_> {
    /// Checks the grant, and whether the call is one that may use the interface: parts change nothing in `init`, but
    /// they may need distributions there.
    fn check_granted(&mut self, in_init: bool) -> Result<(), DistributionError> {
        if !self.call.rights.distributions {
            return Err(self.refuse("Python distributions", "distributions = true".to_owned()));
        }
        match self.call.phase {
            Phase::Install | Phase::Update => Ok(()),
            Phase::Init if in_init => Ok(()),
            phase => Err(DistributionError::Invalid(format!("not available in `{}`", phase.name()))),
        }
    }

    /// Where builds and developed projects go by default.
    fn develop_eggs(&self) -> Option<PathBuf> {
        let directory = self.call.buildout.as_ref()?.get("buildout", "develop-eggs-directory").ok()??;
        Some(self.native.directory().join(directory))
    }

    /// Notes what the host made for the part: the paths that did not exist before.
    fn note_made<'p>(&mut self, before: &Existing, paths: impl IntoIterator<Item = &'p str>) {
        let paths = paths.into_iter().map(|path| normalize(Path::new(path)));
        paths.filter(|path| !before.0.contains(path)).for_each(|path| self.call.made.add(path));
    }

    /// Calls the provider. Its work is not the recipe's: its time does not count.
    fn serve<T>(
        &mut self,
        work: impl FnOnce(&dyn Distributions, &Requester<'_>) -> Result<T, Refusal<DistributionError>>,
    ) -> Result<T, DistributionFailure> {
        self.call.check().map_err(DistributionFailure::trap)?;
        let (Some(provider), Some(buildout)) = (self.native.distributions.clone(), self.call.buildout.clone()) else {
            let message = "this command installs no Python distributions".to_owned();
            return Err(DistributionError::Other(UnnamedError { code: "no-provider".to_owned(), message }).into());
        };
        let part = Arc::clone(&self.call.part);
        let environment = self.native.variables(&self.call.rights);
        let requester = Requester { part: &part, buildout: &buildout, environment };
        let outcome = self.call.pausing(|| work(&*provider, &requester));
        self.files.close_mounts(self.table);
        self.call.check().map_err(DistributionFailure::trap)?;
        outcome.map_err(|Refusal { error, hints }| {
            self.call.advice = hints;
            error.into()
        })
    }

    /// Checks the settings with which a recipe replaces those of the buildout.
    fn check_settings(&mut self, settings: &Settings) -> Result<(), DistributionError> {
        if let Destination::Directory(directory) = &settings.destination {
            self.check_writable(directory)?;
        }
        for address in settings.index.iter().chain(settings.find_links.iter().flatten()) {
            self.check_address(address)?;
        }
        Ok(())
    }

    /// Checks that the recipe may use an address: it is one of the buildout's, or granted for downloads, or a path that it
    /// may read.
    fn check_address(&mut self, address: &str) -> Result<(), DistributionError> {
        let rights = &self.call.rights;
        let directory = self.native.directory();
        let is_path = !address.contains("://") && rights.mounts.route(&normalize(&directory.join(address))).is_some();
        let is_granted = within(address, &allowed(&rights.fetch), &directory);
        match is_path || is_granted || self.is_of_buildout(address) {
            true => Ok(()),
            false => Err(self.refuse(address, format!("fetch = [{address:?}]"))),
        }
    }

    /// Whether the section `buildout` has this address.
    fn is_of_buildout(&self, address: &str) -> bool {
        let Some(buildout) = &self.call.buildout else { return false };
        ["index", "find-links"].iter().any(|name| {
            let value = buildout.get("buildout", name).ok().flatten().unwrap_or_default();
            value.split_whitespace().any(|known| known == address)
        })
    }

    fn check_writable(&mut self, directory: &str) -> Result<(), DistributionError> {
        check_absolute(directory)?;
        let Ok(route) = self.call.rights.route(directory) else {
            return Err(self.refuse(directory, format!("write = [{directory:?}]")));
        };
        route
            .check_directory()
            .map_err(|error| DistributionError::Invalid(format!("cannot write to {directory}: {error}")))
    }

    fn check_readable(&mut self, path: &str) -> Result<(), DistributionError> {
        check_absolute(path)?;
        match self.call.rights.mounts.route(&normalize(Path::new(path))) {
            Some(_) => Ok(()),
            None => Err(self.refuse(path, format!("read = [{path:?}]"))),
        }
    }

    /// The refusal of something that `grant` would allow.
    fn refuse(&mut self, object: &str, grant: String) -> DistributionError {
        let message = format!("{object} may not be used: no grant says {grant}");
        self.call.refused.push(grant);
        DistributionError::NotGranted(message)
    }
}

fn check_absolute(path: &str) -> Result<(), DistributionError> {
    match Path::new(path).is_absolute() && !path.contains('\0') {
        true => Ok(()),
        false => Err(DistributionError::Invalid(format!("the path {path:?} is not absolute"))),
    }
}
