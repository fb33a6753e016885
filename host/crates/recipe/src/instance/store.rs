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
pub(crate) struct State {
    wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) limiter: Limiter,
    output: Arc<Mutex<Output>>,
    pub(crate) call: Call,
    pub(crate) native: Arc<Native>,
    files: OpenFiles,
}

impl State {
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

    fn options(&mut self) -> options::View<'_> {
        options::View { call: &mut self.call, table: &mut self.table }
    }

    fn buildout(&mut self) -> buildout::View<'_> {
        buildout::View { call: &mut self.call, table: &mut self.table }
    }

    fn log(&mut self) -> log::View<'_> {
        log::View { call: &mut self.call, output: &self.output, native: &self.native }
    }

    fn paths(&mut self) -> paths::View<'_> {
        paths::View { call: &mut self.call, table: &mut self.table, native: &self.native }
    }

    fn archives(&mut self) -> archives::View<'_> {
        let Self { call, table, files, .. } = self;
        archives::View { call, table, files }
    }

    fn python(&mut self) -> python::View<'_> {
        python::View { call: &mut self.call, native: &self.native }
    }

    fn system(&mut self) -> system::View<'_> {
        system::View { call: &mut self.call, native: &self.native }
    }

    fn process(&mut self) -> process::View<'_> {
        let Self { call, table, native, files, .. } = self;
        process::View { call, table, native, files }
    }

    fn distributions(&mut self) -> distributions::View<'_> {
        let Self { call, table, native, files, .. } = self;
        distributions::View { call, table, native, files }
    }

    fn download(&mut self) -> download::View<'_> {
        let Self { call, table, native, files, .. } = self;
        download::View { call, table, native, files }
    }

    fn filesystem(&mut self) -> filesystem::View<'_> {
        let Self { wasi, table, call, files, .. } = self;
        filesystem::View { wasi, table, call, files }
    }

    fn standard_output(&mut self) -> standard_output::View<'_> {
        standard_output::View { table: &mut self.table, output: &self.output }
    }

    fn clocks(&mut self) -> clocks::View<'_> {
        let Self { wasi, table, call, .. } = self;
        clocks::View { wasi, table, call }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// A linker that offers `buildout:recipe` and WASI to recipes.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    use wasmtime_wasi::p2::bindings as wasi;
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    // These replace WASI's implementations: files are routed to the granted directories, output to the part, and no
    // sleep outlasts a call.
    linker.allow_shadowing(true);
    wasi::sync::filesystem::types::add_to_linker::<_, filesystem::Filesystem>(&mut linker, State::filesystem)?;
    wasi::filesystem::preopens::add_to_linker::<_, filesystem::Filesystem>(&mut linker, State::filesystem)?;
    wasi::cli::stdout::add_to_linker::<_, standard_output::StandardOutput>(&mut linker, State::standard_output)?;
    wasi::cli::stderr::add_to_linker::<_, standard_output::StandardOutput>(&mut linker, State::standard_output)?;
    wasi::clocks::monotonic_clock::add_to_linker::<_, clocks::Clocks>(&mut linker, State::clocks)?;
    imports::types::add_to_linker::<_, types::Types>(&mut linker, |_| types::View)?;
    imports::options::add_to_linker::<_, options::Options>(&mut linker, State::options)?;
    imports::buildout::add_to_linker::<_, buildout::OtherSections>(&mut linker, State::buildout)?;
    imports::log::add_to_linker::<_, log::Log>(&mut linker, State::log)?;
    imports::paths::add_to_linker::<_, paths::Paths>(&mut linker, State::paths)?;
    imports::process::add_to_linker::<_, process::NativeProcesses>(&mut linker, State::process)?;
    imports::archives::add_to_linker::<_, archives::Archives>(&mut linker, State::archives)?;
    imports::download::add_to_linker::<_, download::Downloads>(&mut linker, State::download)?;
    imports::python::add_to_linker::<_, python::ThePython>(&mut linker, State::python)?;
    imports::system::add_to_linker::<_, system::TheMachine>(&mut linker, State::system)?;
    link_v0_1(&mut linker)?;
    imports::distributions::add_to_linker::<_, distributions::PythonDistributions>(&mut linker, State::distributions)?;
    Ok(linker)
}

/// Offers the interfaces of 0.1.
fn link_v0_1(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    imports_v0_1::types::add_to_linker::<_, types::Types>(linker, |_| types::View)?;
    imports_v0_1::options::add_to_linker::<_, options::Options>(linker, State::options)?;
    imports_v0_1::buildout::add_to_linker::<_, buildout::OtherSections>(linker, State::buildout)?;
    imports_v0_1::log::add_to_linker::<_, log::Log>(linker, State::log)?;
    imports_v0_1::paths::add_to_linker::<_, paths::Paths>(linker, State::paths)?;
    imports_v0_1::process::add_to_linker::<_, process::NativeProcesses>(linker, State::process)?;
    imports_v0_1::download::add_to_linker::<_, download::Downloads>(linker, State::download)
}
