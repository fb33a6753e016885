//! `wasi:clocks/monotonic-clock`: WASI's implementation, except that no sleep outlasts the call's deadline.

use std::time::Duration;

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::clocks::WasiClocksView as _;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::{Host, Instant};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::call::Call;

/// Marks the interface in the linker.
pub(crate) struct Clocks;

/// The state that its functions see.
pub(crate) struct ClocksView<'a> {
    pub(crate) wasi: &'a mut WasiCtx,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) call: &'a mut Call,
}

impl HasData for Clocks {
    type Data<'a> = ClocksView<'a>;
}

impl WasiView for ClocksView<'_> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.wasi, table: self.table }
    }
}

impl ClocksView<'_> {
    /// A sleeping guest wakes at the deadline, and is then ended like any other.
    fn sleep_at_most(&self, nanoseconds: u64) -> u64 {
        let left = self.call.left() + Duration::from_millis(1);
        nanoseconds.min(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl Host for ClocksView<'_> {
    fn now(&mut self) -> wasmtime::Result<Instant> {
        self.clocks().now()
    }

    fn resolution(&mut self) -> wasmtime::Result<Instant> {
        self.clocks().resolution()
    }

    fn subscribe_instant(&mut self, when: Instant) -> wasmtime::Result<Resource<DynPollable>> {
        let now = self.clocks().now()?;
        self.subscribe_duration(when.saturating_sub(now))
    }

    fn subscribe_duration(&mut self, nanoseconds: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.call.note("sleep", &[]);
        let nanoseconds = self.sleep_at_most(nanoseconds);
        self.clocks().subscribe_duration(nanoseconds)
    }
}
