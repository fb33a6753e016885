//! `buildout:recipe/distributions`: Python distributions, for a part that is granted them.
//!
//! Checks the rights of the recipe. The run provides the rest.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use base::collections::Set;
use wasmtime::component::{HasData, ResourceTable};

use super::bindings::DistributionFailure;
use super::bindings::buildout::recipe::distributions::{
    BuildOptions, Destination, Distribution, DistributionError, Host, ScriptRequest, Settings,
};
use super::bindings::buildout::recipe::types::UnnamedError;
use super::filesystem::open::OpenFiles;
use crate::call::{Call, Phase};
use crate::distributions::{Distributions, ProjectAccess, Refusal, Requester};
use crate::grants::addresses::within;
use crate::grants::mounts::normalize;
use crate::limits;
use crate::native::shared::Native;
use crate::ownership::KnownPaths;

/// Marks the interface in the linker.
pub(crate) struct PythonDistributions;

/// The state that its functions see.
pub(crate) struct DistributionsView<'a> {
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
    type Data<'a> = DistributionsView<'a>;
}

impl Host for DistributionsView<'_> {
    fn convert_distribution_error(&mut self, failure: DistributionFailure) -> wasmtime::Result<DistributionError> {
        failure.downcast()
    }

    fn install(
        &mut self,
        requirements: Vec<String>,
        begin: Vec<Distribution>,
        mut settings: Settings,
    ) -> Result<Vec<Distribution>, DistributionFailure> {
        let names: Vec<&str> = requirements.iter().map(String::as_str).collect();
        self.call.note("distributions.install", &names);
        self.check_granted(true)?;
        self.check_settings(&mut settings)?;
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
        mut settings: Settings,
    ) -> Result<Vec<Distribution>, DistributionFailure> {
        self.call.note("distributions.build", &[&requirement]);
        self.check_granted(false)?;
        self.check_settings(&mut settings)?;
        self.check_variables(&options)?;
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
        let project = self.project(&project)?;
        let destination = destination.map(|directory| self.check_writable(&directory)).transpose()?;
        self.check_variables(&options)?;
        let before = Existing::in_directory(destination.as_ref().map(PathBuf::from).or_else(|| self.develop_eggs()));
        let link =
            self.serve(|provider, requester| provider.develop(requester, &project, destination.as_deref(), &options))?;
        self.note_made(&before, [link.as_str()]);
        Ok(link)
    }

    fn write_scripts(&mut self, mut request: ScriptRequest) -> Result<Vec<String>, DistributionFailure> {
        self.call.note("distributions.write-scripts", &[&request.directory]);
        self.check_granted(false)?;
        request.directory = self.check_writable(&request.directory)?;
        let real = self.real(Path::new(&request.directory))?;
        let before = Existing::in_directory(Some(PathBuf::from(&request.directory)));
        let scripts = self.serve(|provider, requester| provider.write_scripts(requester, &request, &real))?;
        self.note_made(&before, scripts.iter().map(String::as_str));
        Ok(scripts)
    }
}

impl DistributionsView<'_> {
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
        let (part, is_program) = (Arc::clone(&self.call.part), self.call.rights.is_program);
        let environment = self.native.variables(&self.call.rights);
        // The call goes on counting while the provider works: it gets copies.
        let (rights, records) = (Arc::clone(&self.call.rights), Arc::clone(&self.call.records));
        let (unfinished, made) = (Arc::clone(&self.call.unfinished), self.call.made.clone());
        let known =
            KnownPaths { part: &part, rights: &rights, made: &made, records: &records, unfinished: &unfinished };
        let is_foreign = |path: &Path| known.is_foreign(path);
        let will_make = |path: &Path| known.will_make(path);
        let requester = Requester {
            part: &part,
            buildout: &buildout,
            is_program,
            environment,
            is_foreign: &is_foreign,
            will_make: &will_make,
        };
        if self.call.provided >= limits::PROVIDED {
            let hours = limits::PROVIDED.as_secs() / 3600;
            let message = format!("the requests of one call for distributions have taken more than {hours} hours");
            return Err(DistributionError::Other(UnnamedError { code: "deadline".to_owned(), message }).into());
        }
        let start = Instant::now();
        let outcome = self.call.pausing(|| work(&*provider, &requester));
        self.call.provided += start.elapsed();
        self.files.close_mounts(self.table);
        self.call.check().map_err(DistributionFailure::trap)?;
        outcome.map_err(|Refusal { error, hints, remedies, place }| {
            (self.call.advice, self.call.remedies, self.call.cause) =
                (hints, remedies.into_vec(), place.map(|place| *place));
            error.into()
        })
    }

    /// Checks the settings with which a recipe replaces those of the buildout.
    fn check_settings(&mut self, settings: &mut Settings) -> Result<(), DistributionError> {
        if let Destination::Directory(directory) = &mut settings.destination {
            *directory = self.check_writable(directory)?;
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
        let path = address.strip_prefix("file://").unwrap_or(address);
        let is_path = !path.contains("://") && rights.mounts.route(&normalize(&directory.join(path))).is_some();
        let is_granted = within(address, &rights.fetch, &directory);
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

    /// Checks that the recipe may write to a directory. Returns its path without `..`.
    fn check_writable(&mut self, directory: &str) -> Result<String, DistributionError> {
        check_absolute(directory)?;
        let Ok(route) = self.call.rights.route(directory) else {
            return Err(self.refuse(directory, format!("write = [{directory:?}]")));
        };
        route
            .check_directory()
            .map_err(|error| DistributionError::Invalid(format!("cannot write to {directory}: {error}")))?;
        Ok(normalize(Path::new(directory)).to_string_lossy().into_owned())
    }

    /// A project that the recipe may read: a directory, or a file in it.
    fn project(&mut self, path: &str) -> Result<ProjectAccess, DistributionError> {
        check_absolute(path)?;
        let normal = normalize(Path::new(path));
        if self.call.rights.mounts.route(&normal).is_none() {
            return Err(self.refuse(path, format!("read = [{path:?}]")));
        }
        let directory = if normal.is_dir() { &normal } else { normal.parent().unwrap_or(&normal) };
        let directory = self.real(directory)?;
        let rights = &self.call.rights;
        let may_change = rights.is_built_in || rights.mounts.writable(&directory);
        Ok(ProjectAccess { directory, may_change })
    }

    /// The path of a granted directory with no symbolic link on it. Links on the way for which the user is responsible are
    /// followed; one that a recipe may have made is an error.
    fn real(&self, directory: &Path) -> Result<PathBuf, DistributionError> {
        let invalid = |error: std::io::Error| {
            DistributionError::Invalid(format!("{} cannot be used: {error}", directory.display()))
        };
        let mounts = &self.call.rights.mounts;
        let mount = mounts.route(directory).and_then(|(at, _)| mounts.get(at));
        let trusted = mount.map_or(directory, |mount| &mount.trusted);
        // No recipe makes links in a directory of the system.
        let trusted = if trusted.parent().is_none() { directory } else { trusted };
        let rest = directory.strip_prefix(trusted).unwrap_or(Path::new(""));
        let mut real = trusted.canonicalize().map_err(invalid)?;
        for name in rest {
            real.push(name);
            if real.symlink_metadata().map_err(invalid)?.is_symlink() {
                let message = format!(
                    "{} leads through the symbolic link {}, which a recipe may have made: name the directory itself",
                    directory.display(),
                    real.display(),
                );
                return Err(DistributionError::Invalid(message));
            }
        }
        Ok(real)
    }

    /// Checks the variables that a recipe sets for a build: those that steer the Python or the dynamic linker would let it
    /// run its own code as the build. A built-in recipe has them from the configuration.
    fn check_variables(&self, options: &BuildOptions) -> Result<(), DistributionError> {
        let steers = |name: &str| name.starts_with("PYTHON") || name.starts_with("LD_");
        match options.environment.iter().find(|(name, _)| steers(name)) {
            Some((name, _)) if !self.call.rights.is_built_in => {
                let message = format!("the variable {name} may not be set for a build: it controls the interpreter");
                Err(DistributionError::Invalid(message))
            }
            _ => Ok(()),
        }
    }

    /// The refusal of something that `grant` would allow.
    fn refuse(&mut self, object: &str, grant: String) -> DistributionError {
        let message = format!("{object} may not be used: no grant contains {grant}");
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
