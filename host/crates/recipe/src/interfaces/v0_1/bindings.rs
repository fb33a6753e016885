//! The traits that `bindgen!` generates from `wit/0.1`.

#![allow(missing_docs, unreachable_pub)]

use wasmtime_wasi::TrappableError;

wasmtime::component::bindgen!({
    path: "wit/0.1",
    world: "recipe",
    imports: { default: trappable },
    require_store_data_send: true,
    trappable_error_type: {
        "buildout:recipe/types.lookup-error" => OldLookupFailure,
        "buildout:recipe/options.set-error" => OldSetFailure,
        "buildout:recipe/paths.path-error" => OldPathFailure,
        "buildout:recipe/process.process-error" => OldProcessFailure,
        "buildout:recipe/download.download-error" => OldDownloadFailure,
    },
    with: {
        "buildout:recipe/options.options": crate::interfaces::resources::PartOptions,
        "buildout:recipe/buildout.buildout": crate::interfaces::resources::ReadableSections,
        "buildout:recipe/paths.lock": crate::interfaces::resources::HeldLock,
        "buildout:recipe/process.runner": crate::interfaces::resources::AllowedPrograms,
        "buildout:recipe/download.downloader": crate::interfaces::resources::AllowedDownloads,
        "buildout:recipe/download.fetched": crate::interfaces::resources::Fetched,
    },
});

/// A failed lookup for the recipe, or a trap.
pub(crate) type OldLookupFailure = TrappableError<buildout::recipe::types::LookupError>;
/// The same for options that are set.
pub(crate) type OldSetFailure = TrappableError<buildout::recipe::options::SetError>;
/// The same for paths.
pub(crate) type OldPathFailure = TrappableError<buildout::recipe::paths::PathError>;
/// The same for native commands.
pub(crate) type OldProcessFailure = TrappableError<buildout::recipe::process::ProcessError>;
/// The same for downloads.
pub(crate) type OldDownloadFailure = TrappableError<buildout::recipe::download::DownloadError>;
