//! What `bindgen!` makes of `wit/`: the traits that the files of this module implement, one file per import.

#![allow(missing_docs, unreachable_pub)]

wasmtime::component::bindgen!({
    path: "../../../wit",
    world: "recipe",
    imports: { default: trappable },
    require_store_data_send: true,
    with: {
        "buildout:recipe/options.options": super::options::PartOptions,
        "buildout:recipe/buildout.buildout": super::buildout::Sections,
        "buildout:recipe/paths.lock": super::lock::Lock,
        "buildout:recipe/process.runner": super::process::Runner,
        "buildout:recipe/download.downloader": super::download::Downloader,
        "buildout:recipe/download.fetched": super::download::Fetched,
    },
});
