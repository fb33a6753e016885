//! The contents of a store for its guest, and the views of it for the interfaces: each one sees only what it may
//! change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::call::Call;
use crate::grants::rights::Process;
use crate::interfaces::filesystem::open::OpenFiles;
use crate::interfaces::filesystem::routing as filesystem;
use crate::interfaces::standard_output::Output;
use crate::interfaces::{
    archives, buildout, clocks, distributions, download, log, options, paths, process, python, standard_output, system,
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

    pub(super) fn options(&mut self) -> options::OptionsView<'_> {
        options::OptionsView { call: &mut self.call, table: &mut self.table }
    }

    pub(super) fn buildout(&mut self) -> buildout::OptionsView<'_> {
        buildout::OptionsView { call: &mut self.call, table: &mut self.table }
    }

    pub(super) fn log(&mut self) -> log::LogView<'_> {
        log::LogView { call: &mut self.call, output: &self.output, native: &self.native }
    }

    pub(super) fn paths(&mut self) -> paths::PathsView<'_> {
        paths::PathsView { call: &mut self.call, table: &mut self.table, native: &self.native }
    }

    pub(super) fn archives(&mut self) -> archives::ArchivesView<'_> {
        let Self { call, table, files, .. } = self;
        archives::ArchivesView { call, table, files }
    }

    pub(super) fn python(&mut self) -> python::PythonView<'_> {
        python::PythonView { call: &mut self.call, native: &self.native }
    }

    pub(super) fn system(&mut self) -> system::SystemView<'_> {
        system::SystemView { call: &mut self.call, native: &self.native }
    }

    pub(super) fn process(&mut self) -> process::ProcessView<'_> {
        let Self { call, table, native, files, .. } = self;
        process::ProcessView { call, table, native, files }
    }

    pub(super) fn distributions(&mut self) -> distributions::DistributionsView<'_> {
        let Self { call, table, native, files, .. } = self;
        distributions::DistributionsView { call, table, native, files }
    }

    pub(super) fn download(&mut self) -> download::DownloadView<'_> {
        let Self { call, table, native, files, .. } = self;
        download::DownloadView { call, table, native, files }
    }

    pub(super) fn filesystem(&mut self) -> filesystem::FilesystemView<'_> {
        let Self { wasi, table, call, files, .. } = self;
        filesystem::FilesystemView { wasi, table, call, files }
    }

    pub(super) fn standard_output(&mut self) -> standard_output::OutputView<'_> {
        standard_output::OutputView { table: &mut self.table, output: &self.output }
    }

    pub(super) fn clocks(&mut self) -> clocks::ClocksView<'_> {
        let Self { wasi, table, call, .. } = self;
        clocks::ClocksView { wasi, table, call }
    }
}

impl WasiView for StoreState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
