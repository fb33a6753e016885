//! The linker: which implementation each import of a component gets. All imports are linked; what a call may do with one is
//! decided in it, by the rights of the part (`grants/rights.rs`).

use wasmtime::Engine;
use wasmtime::component::Linker;

use super::store::StoreState;
use crate::interfaces::bindings::buildout::recipe as imports;
use crate::interfaces::filesystem::routing as filesystem;
use crate::interfaces::v0_1::bindings::buildout::recipe as imports_v0_1;
use crate::interfaces::{
    archives, buildout, clocks, distributions, download, log, options, paths, process, python, standard_output, system,
    types,
};

/// A linker that offers `buildout:recipe` and WASI to recipes.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<StoreState>> {
    use wasmtime_wasi::p2::bindings as wasi;
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    // These replace WASI's implementations: files are routed to the granted directories, output to the part, and no
    // sleep outlasts a call.
    linker.allow_shadowing(true);
    wasi::sync::filesystem::types::add_to_linker::<_, filesystem::Filesystem>(&mut linker, StoreState::filesystem)?;
    wasi::filesystem::preopens::add_to_linker::<_, filesystem::Filesystem>(&mut linker, StoreState::filesystem)?;
    wasi::cli::stdout::add_to_linker::<_, standard_output::StandardOutput>(&mut linker, StoreState::standard_output)?;
    wasi::cli::stderr::add_to_linker::<_, standard_output::StandardOutput>(&mut linker, StoreState::standard_output)?;
    wasi::clocks::monotonic_clock::add_to_linker::<_, clocks::Clocks>(&mut linker, StoreState::clocks)?;
    imports::types::add_to_linker::<_, types::Types>(&mut linker, |_| types::TypesView)?;
    imports::options::add_to_linker::<_, options::OwnOptions>(&mut linker, StoreState::options)?;
    imports::buildout::add_to_linker::<_, buildout::OtherSections>(&mut linker, StoreState::buildout)?;
    imports::log::add_to_linker::<_, log::LogMessages>(&mut linker, StoreState::log)?;
    imports::paths::add_to_linker::<_, paths::Paths>(&mut linker, StoreState::paths)?;
    imports::process::add_to_linker::<_, process::NativeProcesses>(&mut linker, StoreState::process)?;
    imports::archives::add_to_linker::<_, archives::Archives>(&mut linker, StoreState::archives)?;
    imports::download::add_to_linker::<_, download::Downloads>(&mut linker, StoreState::download)?;
    imports::python::add_to_linker::<_, python::ThePython>(&mut linker, StoreState::python)?;
    imports::system::add_to_linker::<_, system::TheMachine>(&mut linker, StoreState::system)?;
    link_v0_1(&mut linker)?;
    imports::distributions::add_to_linker::<_, distributions::PythonDistributions>(
        &mut linker,
        StoreState::distributions,
    )?;
    Ok(linker)
}

/// Offers the interfaces of 0.1.
fn link_v0_1(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    imports_v0_1::types::add_to_linker::<_, types::Types>(linker, |_| types::TypesView)?;
    imports_v0_1::options::add_to_linker::<_, options::OwnOptions>(linker, StoreState::options)?;
    imports_v0_1::buildout::add_to_linker::<_, buildout::OtherSections>(linker, StoreState::buildout)?;
    imports_v0_1::log::add_to_linker::<_, log::LogMessages>(linker, StoreState::log)?;
    imports_v0_1::paths::add_to_linker::<_, paths::Paths>(linker, StoreState::paths)?;
    imports_v0_1::process::add_to_linker::<_, process::NativeProcesses>(linker, StoreState::process)?;
    imports_v0_1::download::add_to_linker::<_, download::Downloads>(linker, StoreState::download)
}
