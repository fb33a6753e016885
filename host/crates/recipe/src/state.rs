//! What a store holds for its guest: WASI's context, the handles, and the call that is being made.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::command_log::{CommandLog, FailedCommand};
use super::deadline::Watch;
use super::error::LookupFailure;
use super::grants::Granted;
use super::limits::Limiter;
use super::native::Native;
use super::output::Output;
use super::routing::{Asked, Lasting, Open};
use super::status::Status;
use base::collections::Set;
use base::source::Explain;

/// What is being called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Describe,
    Init,
    Install,
    Update,
    Uninstall,
}

impl Phase {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Init => "init",
            Self::Install => "install",
            Self::Update => "update",
            Self::Uninstall => "uninstall",
        }
    }
}

/// One call of the guest: what it may do, and what it did.
pub(super) struct Call {
    pub(super) phase: Phase,
    /// The part; empty for `describe`.
    pub(super) part: Arc<str>,
    pub(super) granted: Arc<Granted>,
    /// When the call is ended.
    pub(super) deadline: Instant,
    pub(super) watch: Option<Watch>,
    /// The last function of the host that was called.
    pub(super) last_host_call: HostCall,
    /// Paths reported as created.
    pub(super) created: Vec<String>,
    /// Look-ups that failed, by reference number.
    pub(super) lookup_errors: Vec<LookupFailure>,
    pub(super) log_messages: usize,
    pub(super) options_set: usize,
    /// Paths that were refused since nothing grants them, with what was wanted.
    pub(super) denied: Vec<super::routing::Denied>,
    /// Lines that a grant would need for what was refused.
    pub(super) refused: Vec<String>,
    /// What helps with what failed.
    pub(super) advice: Vec<String>,
    /// What native commands printed.
    pub(super) command_log: Option<CommandLog>,
    /// The last native command, if it ended badly.
    pub(super) failed_command: Option<FailedCommand>,
}

impl Call {
    /// Keeps what helps with an error, for the case that the recipe fails over it.
    pub(super) fn advice_of(&mut self, error: &dyn Explain) {
        self.advice = error.hints();
    }

    /// The time until the deadline.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Does what is not the recipe's doing: the time that it takes does not count.
    pub(super) fn pausing<R>(state: &mut State, action: impl FnOnce(&mut State) -> R) -> R {
        let start = Instant::now();
        let result = action(state);
        let call = &mut state.call;
        call.deadline += start.elapsed();
        if let Some(watch) = &mut call.watch {
            watch.postpone(call.deadline);
        }
        result
    }
}

/// What a store holds.
pub(super) struct State {
    pub(super) wasi: WasiCtx,
    pub(super) table: ResourceTable,
    pub(super) limiter: Limiter,
    pub(super) output: Arc<Mutex<Output>>,
    pub(super) call: Call,
    pub(super) native: Arc<Native>,
    /// Handles of the root directory that the guest holds, by number.
    pub(super) roots: Set<u32>,
    /// What the guest has opened in this call.
    pub(super) open: Open,
    /// Granted directories that stay open from call to call.
    pub(super) lasting: Vec<Lasting>,
    /// What the guest's last call of the host looked at.
    pub(super) known: Option<(Asked, Status)>,
}

impl State {
    pub(super) fn output(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which function of the host is called, and with what, for the report of a trap.
    pub(super) fn calling(&mut self, function: &'static str, arguments: &[&str]) {
        self.known = None;
        let last = &mut self.call.last_host_call;
        last.function = function;
        last.arguments.clear();
        for argument in arguments {
            last.arguments.push_str(argument);
            last.arguments.push('\0');
        }
    }
}

/// A function of the host that was called. Noted at each call, told only when a recipe traps.
#[derive(Default)]
pub(super) struct HostCall {
    function: &'static str,
    /// Each ends with a NUL.
    arguments: String,
}

impl HostCall {
    /// The call as a person reads it; none if there was none.
    pub(super) fn text(&self) -> Option<String> {
        let arguments = self.arguments.split_terminator('\0').map(|argument| format!(" {argument:?}"));
        (!self.function.is_empty()).then(|| format!("{}{}", self.function, arguments.collect::<String>()))
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Marks the whole state as what the functions of the host get.
pub(super) struct Whole;

impl HasData for Whole {
    type Data<'a> = &'a mut State;
}
