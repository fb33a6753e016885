//! The contents of a store for its guest.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::call::Call;
use crate::grants::rights::Process;
use crate::interfaces::filesystem::open::OpenFiles;
use crate::interfaces::standard_output::Output;
use crate::limits::{self, Limiter};
use crate::native::shared::Native;

/// The contents of a store.
pub(crate) struct StoreState {
    pub(super) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) limiter: Limiter,
    pub(super) output: Arc<Mutex<Output>>,
    pub(crate) call: Call,
    pub(crate) native: Arc<Native>,
    pub(super) files: OpenFiles,
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
}

impl WasiView for StoreState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
