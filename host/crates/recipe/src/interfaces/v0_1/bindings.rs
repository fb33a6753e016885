//! The traits that `bindgen!` generates from `wit/0.1`.

#![allow(missing_docs, unreachable_pub)]

use wasmtime_wasi::TrappableError;

wasmtime::component::bindgen!({
    path: "wit/0.1",
    world: "recipe",
    imports: { default: trappable },
    require_store_data_send: true,
    trappable_error_type: {
        "buildout:recipe/types.lookup-error" => LookupFailure,
        "buildout:recipe/options.set-error" => SetFailure,
        "buildout:recipe/paths.path-error" => PathFailure,
        "buildout:recipe/process.process-error" => ProcessFailure,
        "buildout:recipe/download.download-error" => DownloadFailure,
    },
    with: {
        "buildout:recipe/options.options": crate::interfaces::resources::PartOptions,
        "buildout:recipe/buildout.buildout": crate::interfaces::resources::Sections,
        "buildout:recipe/paths.lock": crate::interfaces::resources::Lock,
        "buildout:recipe/process.runner": crate::interfaces::resources::Runner,
        "buildout:recipe/download.downloader": crate::interfaces::resources::Downloader,
        "buildout:recipe/download.fetched": crate::interfaces::resources::Fetched,
    },
});

/// A failed look-up for the recipe, or a trap.
pub(crate) type LookupFailure = TrappableError<buildout::recipe::types::LookupError>;
/// The same for options that are set.
pub(crate) type SetFailure = TrappableError<buildout::recipe::options::SetError>;
/// The same for paths.
pub(crate) type PathFailure = TrappableError<buildout::recipe::paths::PathError>;
/// The same for native commands.
pub(crate) type ProcessFailure = TrappableError<buildout::recipe::process::ProcessError>;
/// The same for downloads.
pub(crate) type DownloadFailure = TrappableError<buildout::recipe::download::DownloadError>;
