//! The traits that `bindgen!` generates from `wit/`: each other file here implements those of one interface.

#![allow(missing_docs, unreachable_pub)]

use wasmtime_wasi::TrappableError;

wasmtime::component::bindgen!({
    path: "../../../wit",
    world: "recipe",
    imports: { default: trappable },
    require_store_data_send: true,
    trappable_error_type: {
        "buildout:recipe/types.lookup-error" => LookupFailure,
        "buildout:recipe/options.set-error" => SetFailure,
        "buildout:recipe/paths.path-error" => PathFailure,
        "buildout:recipe/process.process-error" => ProcessFailure,
        "buildout:recipe/download.download-error" => DownloadFailure,
        "buildout:recipe/archives.archive-error" => ArchiveFailure,
        "buildout:recipe/python.python-error" => PythonFailure,
        "buildout:recipe/distributions.distribution-error" => DistributionFailure,
    },
    with: {
        "buildout:recipe/options.options": super::resources::PartOptions,
        "buildout:recipe/buildout.buildout": super::resources::ReadableSections,
        "buildout:recipe/paths.lock": super::resources::HeldLock,
        "buildout:recipe/process.runner": super::resources::AllowedPrograms,
        "buildout:recipe/download.downloader": super::resources::AllowedDownloads,
        "buildout:recipe/download.fetched": super::resources::Fetched,
    },
});

pub(crate) mod loaded {
    //! What a component of the world `runtime` exports in addition: with the types above.

    wasmtime::component::bindgen!({
        path: "../../../wit",
        interfaces: "
            export buildout:recipe/loading@0.2.0;
            export buildout:recipe/extensions@0.2.0;
        ",
        require_store_data_send: true,
        with: {
            "buildout:recipe/types": super::buildout::recipe::types,
            "buildout:recipe/description": super::exports::buildout::recipe::description,
        },
    });

    pub(crate) use exports::buildout::recipe::{extensions, loading};
}

/// A failed lookup for the recipe, or a trap.
pub(crate) type LookupFailure = TrappableError<buildout::recipe::types::LookupError>;
/// The same for options that are set.
pub(crate) type SetFailure = TrappableError<buildout::recipe::options::SetError>;
/// The same for paths.
pub(crate) type PathFailure = TrappableError<buildout::recipe::paths::PathError>;
/// The same for native commands.
pub(crate) type ProcessFailure = TrappableError<buildout::recipe::process::ProcessError>;
/// The same for downloads.
pub(crate) type DownloadFailure = TrappableError<buildout::recipe::download::DownloadError>;
/// The same for archives.
pub(crate) type ArchiveFailure = TrappableError<buildout::recipe::archives::ArchiveError>;
/// The same for the buildout's Python.
pub(crate) type PythonFailure = TrappableError<buildout::recipe::python::PythonError>;
/// The same for Python distributions.
pub(crate) type DistributionFailure = TrappableError<buildout::recipe::distributions::DistributionError>;
/// What a call of a part returns, or a trap.
pub(crate) type Returned<T> = wasmtime::Result<Result<T, exports::buildout::recipe::parts::Failure>>;
