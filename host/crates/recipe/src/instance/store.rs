//! The contents of a store for its guest, and the views of it for the interfaces: each one sees only what it may
//! change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::Engine;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::call::Call;
use crate::grants::rights::Process;
use crate::interfaces::bindings::buildout::recipe as imports;
use crate::interfaces::filesystem::open::OpenFiles;
use crate::interfaces::filesystem::routing as filesystem;
use crate::interfaces::standard_output::Output;
use crate::interfaces::v0_1::bindings::buildout::recipe as imports_v0_1;
use crate::interfaces::{
    archives, buildout, clocks, distributions, download, log, options, paths, process, python, standard_output, system,
    types,
};
use crate::limits::{self, Limiter};
use crate::native::shared::Native;

/// The contents of a store.
pub(crate) struct StoreState {
    wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) limiter: Limiter,
    output: Arc<Mutex<Output>>,
    pub(crate) call: Call,
    pub(crate) native: Arc<Native>,
    files: OpenFiles,
}

impl StoreState {
    pub(crate) fn new(process: &Process, native: &Arc<Native>, call: Call) -> Self {
        let mut wasi = WasiCtxBuilder::new();
        wasi.allow_blocking_current_thread(true).allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        wasi.envs(&process.env);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::HANDLES);
        let mut output = Output::new(Arc::clone(&native.report));
        output.begin(&call.part);
        Self {
            wasi: wasi.build(),
            table,
            limiter: Limiter::new(process.memory),
            output: Arc::new(Mutex::new(output)),
            call,
            native: Arc::clone(native),
            files: OpenFiles::default(),
        }
    }

    /// Starts another call.
    pub(crate) fn begin(&mut self, call: Call) {
        self.call = call;
        self.limiter.reset();
        let part = Arc::clone(&self.call.part);
        self.output().begin(&part);
    }

    pub(crate) fn output(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the files of the call, and returns whether the guest still has something open.
    pub(crate) fn close_files(&mut self) -> bool {
        self.files.close(&mut self.table)
    }

    fn options(&mut self) -> options::OptionsView<'_> {
        options::OptionsView { call: &mut self.call, table: &mut self.table }
    }

    fn buildout(&mut self) -> buildout::OptionsView<'_> {
        buildout::OptionsView { call: &mut self.call, table: &mut self.table }
    }

    fn log(&mut self) -> log::LogView<'_> {
        log::LogView { call: &mut self.call, output: &self.output, native: &self.native }
    }

    fn paths(&mut self) -> paths::PathsView<'_> {
        paths::PathsView { call: &mut self.call, table: &mut self.table, native: &self.native }
    }

    fn archives(&mut self) -> archives::ArchivesView<'_> {
        let Self { call, table, files, .. } = self;
        archives::ArchivesView { call, table, files }
    }

    fn python(&mut self) -> python::PythonView<'_> {
        python::PythonView { call: &mut self.call, native: &self.native }
    }

    fn system(&mut self) -> system::SystemView<'_> {
        system::SystemView { call: &mut self.call, native: &self.native }
    }

    fn process(&mut self) -> process::ProcessView<'_> {
        let Self { call, table, native, files, .. } = self;
        process::ProcessView { call, table, native, files }
    }

    fn distributions(&mut self) -> distributions::DistributionsView<'_> {
        let Self { call, table, native, files, .. } = self;
        distributions::DistributionsView { call, table, native, files }
    }

    fn download(&mut self) -> download::DownloadView<'_> {
        let Self { call, table, native, files, .. } = self;
        download::DownloadView { call, table, native, files }
    }

    fn filesystem(&mut self) -> filesystem::FilesystemView<'_> {
        let Self { wasi, table, call, files, .. } = self;
        filesystem::FilesystemView { wasi, table, call, files }
    }

    fn standard_output(&mut self) -> standard_output::OutputView<'_> {
        standard_output::OutputView { table: &mut self.table, output: &self.output }
    }

    fn clocks(&mut self) -> clocks::ClocksView<'_> {
        let Self { wasi, table, call, .. } = self;
        clocks::ClocksView { wasi, table, call }
    }
}

impl WasiView for StoreState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

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
