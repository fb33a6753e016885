//! Between the types of `wit/distributions.wit` and those of the crate `distributions`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::source::Explain;
use distributions::build::BuildError;
use distributions::eggs::{self, Directories, MetadataForm};
use distributions::entry_points::EntryPoint;
use distributions::install::InstallError;
use distributions::python::Python;
use distributions::requirement::Requirement;
use distributions::resolve::ResolveError;
use distributions::scripts::RequestedScripts;
use distributions::supply::SupplyError;
use distributions::working_set::{WorkingSet, developed};
use recipe::distributions::{
    Distribution, DistributionError, DistributionKind, FailedBuild, Interpreter, PythonError, Refusal, Requester,
    ScriptRequest, UnnamedError, VersionInfo,
};

use super::error::NoDistributions;

/// Parses requirements.
pub(super) fn requirements(texts: &[String]) -> Result<Vec<Requirement>, NoDistributions> {
    Ok(texts.iter().map(|text| Requirement::parse(text)).collect::<Result<_, _>>()?)
}

/// The distributions of a working set, in its order.
pub(super) fn to_recipe(set: &WorkingSet, directories: &Directories) -> Vec<Distribution> {
    let developed = developed(&directories.develop);
    let kind = |location: &PathBuf| match () {
        () if developed.contains(location) => DistributionKind::Develop,
        // By characters, as in zc.buildout.
        () if location.to_string_lossy().starts_with(&*directories.eggs.to_string_lossy()) => DistributionKind::Egg,
        () => DistributionKind::Other,
    };
    let one = |found: &Arc<eggs::Distribution>| Distribution {
        name: found.metadata().map_or_else(|_| found.project.clone(), |metadata| metadata.name.clone()),
        version: found.version.clone(),
        location: text(&found.location),
        metadata: text(metadata(found)),
        kind: kind(&found.location),
        extra_paths: found.pth_entries().iter().map(|path| text(path)).collect(),
    };
    set.iter().map(one).collect()
}

/// The path of a distribution's metadata.
pub(super) fn metadata(found: &eggs::Distribution) -> &Path {
    match &found.form {
        MetadataForm::DistInfo(path) | MetadataForm::EggInfo(path) | MetadataForm::EggInfoFile(path) => path,
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The working set of distributions that a recipe passes: those that it got, others are read from their locations.
pub(super) fn of_recipe(
    distributions: &[Distribution],
    handed: &BTreeMap<PathBuf, Arc<eggs::Distribution>>,
) -> Result<WorkingSet, NoDistributions> {
    let mut set = Vec::new();
    for wanted in distributions {
        if let Some(known) = handed.get(Path::new(&wanted.metadata))
            && known.location == Path::new(&wanted.location)
        {
            set.push(Arc::clone(known));
            continue;
        }
        let found = eggs::find(Path::new(&wanted.location), true);
        let same = found.into_iter().find(|found| text(metadata(found)) == wanted.metadata);
        set.push(Arc::new(same.ok_or_else(|| NoDistributions::Lost {
            name: wanted.name.clone(),
            location: PathBuf::from(&wanted.location),
        })?));
    }
    Ok(WorkingSet::new(set))
}

/// The requested scripts.
pub(super) fn scripts(request: &ScriptRequest) -> Result<RequestedScripts, NoDistributions> {
    let entry_point = |wanted: &recipe::distributions::ScriptEntryPoint| EntryPoint {
        name: wanted.name.clone(),
        module: wanted.module.clone(),
        attributes: wanted.attributes.clone(),
    };
    Ok(RequestedScripts {
        requirements: requirements(&request.requirements)?,
        entry_points: request.entry_points.iter().map(entry_point).collect(),
        names: request.selected.clone(),
        directory: PathBuf::from(&request.directory),
        extra_paths: request.extra_paths.iter().map(PathBuf::from).collect(),
        arguments: request.arguments.clone(),
        initialization: request.initialization.clone(),
        interpreter: request.interpreter.clone(),
        relative_to: request.relative_to.as_ref().map(PathBuf::from),
    })
}

/// What a Python reports about itself, for recipes.
pub(super) fn interpreter(python: &Python) -> Interpreter {
    let [major, minor, micro] = python.version_info;
    let (release_level, serial) = python.release.clone();
    let pairs = |map: &BTreeMap<String, String>| map.clone().into_iter().collect();
    Interpreter {
        executable: text(&python.executable),
        version: python.version_text.clone(),
        version_info: VersionInfo { major, minor, micro, release_level, serial },
        platform: python.marker("sys_platform").unwrap_or_default(),
        build_platform: python.platform.clone(),
        prefix: text(&python.prefix),
        base_prefix: text(&python.base_prefix),
        path: python.path.iter().map(|path| text(path)).collect(),
        directories: pairs(&python.directories),
        markers: pairs(&python.markers),
    }
}

/// The error for a recipe, with the line of its section that caused it.
pub(super) fn refusal(error: NoDistributions, requester: &Requester<'_>) -> Refusal<DistributionError> {
    let line = error.requirement().and_then(|line| requester.buildout.place_of_line(requester.part, line));
    let refusal = Refusal::from(error);
    Refusal { place: line.map(Box::new).or(refusal.place), ..refusal }
}

impl From<NoDistributions> for Refusal<DistributionError> {
    fn from(error: NoDistributions) -> Self {
        Self {
            hints: error.hints(),
            remedies: error.remedies().into(),
            place: error.place().map(Box::new),
            error: error.into(),
        }
    }
}

impl From<NoDistributions> for Refusal<PythonError> {
    fn from(error: NoDistributions) -> Self {
        let message = error.to_string();
        let reason = match &error {
            NoDistributions::Option(_) => PythonError::Missing(message),
            NoDistributions::Python(_) => PythonError::Broken(message),
            _ => PythonError::Other(UnnamedError { code: "failed".to_owned(), message }),
        };
        Self {
            hints: error.hints(),
            remedies: error.remedies().into(),
            place: error.place().map(Box::new),
            error: reason,
        }
    }
}

impl From<NoDistributions> for DistributionError {
    fn from(error: NoDistributions) -> Self {
        let message = message(&error);
        match &error {
            NoDistributions::Settings(_)
            | NoDistributions::Requirement(_)
            | NoDistributions::Link { .. }
            | NoDistributions::Lost { .. } => Self::Invalid(message),
            NoDistributions::Script(_) => Self::Invalid(message),
            NoDistributions::NoIndex => Self::Unavailable(message),
            NoDistributions::Python(_) => Self::Python(message),
            NoDistributions::Install(cause) | NoDistributions::Pinned { cause, .. } => of_install(cause, message),
            NoDistributions::Build(cause) => of_build(cause, message),
            NoDistributions::Option(_)
            | NoDistributions::Confine(_)
            | NoDistributions::File(_)
            | NoDistributions::Lock(_)
            | NoDistributions::NotLocked { .. }
            | NoDistributions::Run(_) => other(message),
        }
    }
}

/// The message, and the chain of requirements that explains it.
fn message(error: &dyn Explain) -> String {
    let mut lines = vec![error.to_string()];
    lines.extend(error.details().iter().map(|line| format!("  {line}")));
    lines.join("\n")
}

fn of_install(error: &InstallError, message: String) -> DistributionError {
    match error {
        InstallError::Resolve(error) => of_resolve(error, message),
        InstallError::Supply(error) => of_supply(error, message),
        InstallError::Wheel(_) | InstallError::Unpack(_) | InstallError::Differs { .. } => {
            DistributionError::BadFile(message)
        }
        InstallError::Lost { .. } | InstallError::File(_) => other(message),
    }
}

fn of_resolve(error: &ResolveError, message: String) -> DistributionError {
    match error {
        ResolveError::NotFound { .. } => DistributionError::Missing(message),
        ResolveError::Conflict { .. } => DistributionError::Conflict(message),
        ResolveError::Pin(_) => DistributionError::Pin(message),
        ResolveError::Picked { .. } => DistributionError::Picked(message),
        ResolveError::UnknownExtra { .. } => DistributionError::Extra(message),
        ResolveError::Index(_) | ResolveError::Offline { .. } => DistributionError::Unavailable(message),
        ResolveError::Marker { .. } | ResolveError::Url { .. } => DistributionError::Invalid(message),
        ResolveError::GivenUp { .. } => DistributionError::Limit(message),
        ResolveError::Metadata(_) => other(message),
        ResolveError::Locked { cause, .. } => of_resolve(cause, message),
    }
}

fn of_supply(error: &SupplyError, message: String) -> DistributionError {
    match error {
        SupplyError::Download(_) | SupplyError::Web { .. } => DistributionError::Unavailable(message),
        SupplyError::Metadata { .. } | SupplyError::WrongDigest { .. } | SupplyError::Wheel(_) => {
            DistributionError::BadFile(message)
        }
        SupplyError::Build(error) => of_build(error, message),
        SupplyError::Requirements(_) => DistributionError::Missing(message),
        SupplyError::Circle(_) | SupplyError::File(_) | SupplyError::Canceled(_) => other(message),
    }
}

fn of_build(error: &BuildError, message: String) -> DistributionError {
    match error {
        BuildError::Failed { log, .. } => DistributionError::Build(FailedBuild {
            message: error.to_string(),
            output: error.details(),
            log: log.as_ref().map(|log| text(log)),
        }),
        _ => other(message),
    }
}

fn other(message: String) -> DistributionError {
    DistributionError::Other(UnnamedError { code: "failed".to_owned(), message })
}
