//! One instance of a component, and the calls that are made to it.

mod failure;
pub(crate) mod guest;
pub(crate) mod linker;
pub(crate) mod request;
pub(crate) mod store;
mod views;

use std::sync::Arc;

use base::collections::Map;
use wasmtime::{Store, Trap, UpdateDeadline};

use crate::call::deadline::Watchdog;
use crate::error::{RecipeError, Subject};
use crate::grants::rights::Process;
use crate::interfaces::bindings::exports::buildout::recipe::parts::Failure;
use crate::limits;
use crate::native::refusals::RefusedRequests;
use crate::native::shared::Native;
use crate::ownership::Made;

use guest::{Guest, GuestPre};
use request::CallRequest;
use store::StoreState;

/// An instance of a component with its store.
pub(crate) struct Instance {
    store: Store<StoreState>,
    guest: Guest,
    /// The number of parts that use it.
    pub(crate) parts: usize,
    /// Whether another part may use it: it did not trap, and has no open files.
    pub(crate) sharable: bool,
    /// The programs that it has loaded, and whether they can update a part.
    pub(crate) loaded: Map<String, bool>,
    trapped: bool,
}

/// What a call returned, and what came of it.
pub(crate) struct CallResult<T> {
    pub(crate) value: T,
    /// The paths that the recipe reported as created.
    pub(crate) created: Vec<String>,
    pub(crate) made: Made,
    /// What was refused, and did not fail the call.
    pub(crate) refused: RefusedRequests,
}

impl Instance {
    /// Starts an instance.
    pub(crate) fn start(
        pre: &GuestPre,
        process: &Process,
        native: &Arc<Native>,
        watchdog: &Watchdog,
        request: &CallRequest<'_>,
    ) -> Result<Self, RecipeError> {
        let mut store = Store::new(pre.engine(), StoreState::new(process, native, request.call(native)));
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(limits::DATA_PER_CALL);
        store.epoch_deadline_callback(|context| {
            context.data().call.check()?;
            Ok(UpdateDeadline::Continue(1))
        });
        let deadline = store.data().call.deadline;
        store.data_mut().call.watch = watchdog.watch(&mut store, deadline).ok();
        match pre.instantiate(&mut store) {
            Ok(guest) => Ok(Self { store, guest, parts: 0, sharable: true, loaded: Map::default(), trapped: false }),
            Err(error) => Err(failure::of_trap(store.data_mut(), error, request)),
        }
    }

    /// Calls the guest.
    pub(crate) fn call<T>(
        &mut self,
        watchdog: &Watchdog,
        request: &CallRequest<'_>,
        call: impl FnOnce(&mut Store<StoreState>, &Guest) -> wasmtime::Result<T>,
    ) -> Result<CallResult<T>, RecipeError> {
        if self.trapped {
            let what = "cannot be called again: an earlier call of it failed".to_owned();
            return Err(RecipeError::new(failure::trap(request, what, Vec::new()), request.subject.clone()));
        }
        self.begin(watchdog, request);
        let outcome = call(&mut self.store, &self.guest);
        let result = self.end(outcome, request);
        if self.store.data_mut().close_files() {
            self.sharable = false;
        }
        result
    }

    fn begin(&mut self, watchdog: &Watchdog, request: &CallRequest<'_>) {
        let mut call = request.call(&self.store.data().native);
        call.watch = watchdog.watch(&mut self.store, call.deadline).ok();
        self.store.data_mut().begin(call);
    }

    fn end<T>(
        &mut self,
        outcome: wasmtime::Result<T>,
        request: &CallRequest<'_>,
    ) -> Result<CallResult<T>, RecipeError> {
        let state = self.store.data_mut();
        state.call.watch = None;
        match outcome {
            Ok(_) if state.call.left().is_zero() => {
                // It slept, for example, and returned before the engine checked the deadline.
                self.sharable = false;
                Err(failure::of_trap(state, Trap::Interrupt.into(), request))
            }
            Ok(value) => {
                state.output().end();
                let created = state.call.take_created();
                let refused =
                    RefusedRequests { grants: state.call.refused.clone(), protected: state.call.was_protected };
                Ok(CallResult { value, created, made: std::mem::take(&mut state.call.made), refused })
            }
            Err(error) => {
                (self.trapped, self.sharable) = (true, false);
                Err(failure::of_trap(state, error, request))
            }
        }
    }

    /// The failure that the recipe itself returned, as an error.
    pub(crate) fn failed(&mut self, failure: Failure, created: Vec<String>, subject: &Subject) -> RecipeError {
        failure::returned(&mut self.store.data_mut().call, failure, created, subject)
    }
}
