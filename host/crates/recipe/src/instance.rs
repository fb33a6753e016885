//! One instance of a component, and the calls that are made to it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wasmtime::component::ResourceTable;
use wasmtime::{Store, Trap, UpdateDeadline, WasmBacktrace};
use wasmtime_wasi::WasiCtxBuilder;

use super::bindings::exports::buildout::recipe::parts::Failure;
use super::bindings::{Recipe, RecipePre};
use super::deadline::Watchdog;
use super::error::{Context, Problem, RecipeError, Subject};
use super::grants::{Granted, Process};
use super::limits::{self, Limiter, Refused};
use super::mounts::Access;
use super::native::{Interrupted, Native};
use super::output::Output;
use super::routing::{Denied, Open};
use super::state::{Call, HostCall, Phase, State};
use base::collections::Set;
use confine::ConfineError;

/// An instance of a component with its store.
pub(super) struct Instance {
    store: Store<State>,
    recipe: Recipe,
    /// Parts that it holds.
    pub(super) parts: usize,
    /// Whether another part may use it: it did not trap, and keeps no file open.
    pub(super) sharable: bool,
    trapped: bool,
}

/// Who is called, and with what at hand.
pub(super) struct Request<'a> {
    pub(super) phase: Phase,
    pub(super) subject: &'a Subject,
    pub(super) granted: &'a Arc<Granted>,
}

/// What a call gave, and what the recipe said meanwhile that it makes.
pub(super) struct Answer<T> {
    pub(super) value: T,
    pub(super) created: Vec<String>,
}

impl Instance {
    /// Starts an instance.
    pub(super) fn start(
        pre: &RecipePre<State>,
        process: &Process,
        native: &Arc<Native>,
        watchdog: &Watchdog,
        request: &Request<'_>,
    ) -> Result<Self, RecipeError> {
        let mut store = Store::new(pre.engine(), new_state(process, native, request));
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(limits::DATA_PER_CALL);
        store.epoch_deadline_callback(|context| {
            context.data().go_on()?;
            Ok(UpdateDeadline::Continue(1))
        });
        let watch = watchdog.watch(store.data().call.deadline);
        store.data_mut().call.watch = watch.ok();
        store.set_epoch_deadline(1);
        match pre.instantiate(&mut store) {
            Ok(recipe) => Ok(Self { store, recipe, parts: 0, sharable: true, trapped: false }),
            Err(error) => Err(explain(&mut store, error, request)),
        }
    }

    /// Calls the guest.
    pub(super) fn call<T>(
        &mut self,
        watchdog: &Watchdog,
        request: &Request<'_>,
        call: impl FnOnce(&mut Store<State>, &Recipe) -> wasmtime::Result<T>,
    ) -> Result<Answer<T>, RecipeError> {
        if self.trapped {
            let what = "cannot be called again: an earlier call of it failed".to_owned();
            return Err(RecipeError::new(trap(request, what, Vec::new()), request.subject.clone()));
        }
        begin(&mut self.store, request);
        let deadline = self.store.data().call.deadline;
        self.store.data_mut().call.watch = watchdog.watch(deadline).ok();
        self.store.set_epoch_deadline(1);
        let outcome = call(&mut self.store, &self.recipe);
        self.store.data_mut().call.watch = None;
        let result = match outcome {
            Ok(_) if self.store.data().call.left().is_zero() => {
                // It slept, say, and came back before the engine took notice.
                self.sharable = false;
                Err(explain(&mut self.store, Trap::Interrupt.into(), request))
            }
            Ok(value) => {
                self.store.data().output().end();
                Ok(Answer { value, created: std::mem::take(&mut self.store.data_mut().call.created) })
            }
            Err(error) => {
                (self.trapped, self.sharable) = (true, false);
                Err(explain(&mut self.store, error, request))
            }
        };
        if self.store.data_mut().close_files() {
            self.sharable = false;
        }
        result
    }

    /// The failure that the recipe itself returned, as an error.
    pub(super) fn failed(&mut self, failure: Failure, created: Vec<String>, subject: &Subject) -> RecipeError {
        let call = &mut self.store.data_mut().call;
        let grant = |denied: &Denied| denied_grant(denied, &call.granted);
        // That something cannot be read is most often no mistake: recipes look whether it is there.
        let told = |denied: &&Denied| denied.access == Access::Write || !matches!(failure, Failure::UserError(_));
        let denied = call.denied.iter().filter(told).map(grant).chain(std::mem::take(&mut call.refused)).collect();
        let (advice, command) = (std::mem::take(&mut call.advice), call.failed_command.take());
        let context = Box::new(Context { denied, advice, command });
        let problem = match failure {
            Failure::UserError(message) => Problem::User { message, context },
            Failure::Fault(message) => Problem::Failed { message, context },
            Failure::Other(other) => Problem::Failed { message: other.message, context },
            Failure::Lookup(error) => {
                let kept = usize::try_from(error.reference).ok().filter(|at| *at < call.lookup_errors.len());
                match kept {
                    Some(at) => Problem::Lookup(call.lookup_errors.swap_remove(at)),
                    None => Problem::Failed { message: error.message, context },
                }
            }
        };
        RecipeError { created, ..RecipeError::new(problem, subject.clone()) }
    }
}

/// What a grant in `recipes.toml` would have to say for what was denied.
fn denied_grant(denied: &Denied, granted: &Granted) -> String {
    let key = if denied.access == Access::Write { "write" } else { "read" };
    let directory = granted.directory_to_grant(&denied.path);
    format!("{key} = [{:?}]", directory.display().to_string())
}

fn new_state(process: &Process, native: &Arc<Native>, request: &Request<'_>) -> State {
    let mut wasi = WasiCtxBuilder::new();
    wasi.allow_blocking_current_thread(true).allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    wasi.envs(&process.env);
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits::HANDLES);
    let mut output = Output::new(Arc::clone(&native.report));
    output.begin(&request.subject.part.as_str().into());
    State {
        wasi: wasi.build(),
        table,
        limiter: Limiter::new(process.memory),
        output: Arc::new(Mutex::new(output)),
        call: new_call(request),
        native: Arc::clone(native),
        roots: Set::default(),
        open: Open::default(),
        lasting: Vec::new(),
        known: None,
    }
}

fn new_call(request: &Request<'_>) -> Call {
    Call {
        phase: request.phase,
        part: request.subject.part.as_str().into(),
        granted: Arc::clone(request.granted),
        deadline: Instant::now() + request.granted.timeout,
        watch: None,
        last_host_call: HostCall::default(),
        created: Vec::new(),
        lookup_errors: Vec::new(),
        log_messages: 0,
        options_set: 0,
        denied: Vec::new(),
        refused: Vec::new(),
        advice: Vec::new(),
        command_log: None,
        failed_command: None,
    }
}

fn begin(store: &mut Store<State>, request: &Request<'_>) {
    let state = store.data_mut();
    state.call = new_call(request);
    state.limiter.reset();
    state.output().begin(&state.call.part);
}

/// Why the guest did not return.
fn explain(store: &mut Store<State>, error: wasmtime::Error, request: &Request<'_>) -> RecipeError {
    let state = store.data_mut();
    let printed = state.output().end();
    let created = std::mem::take(&mut state.call.created);
    let subject = request.subject;
    let failed = |problem| RecipeError { created: created.clone(), ..RecipeError::new(problem, subject.clone()) };
    if error.is::<Interrupted>() {
        return failed(Problem::Interrupted(state.native.settings.interrupt.signal().unwrap_or_default()));
    }
    let error = match error.downcast::<ConfineError>() {
        Ok(error) => return failed(Problem::Confine(error)),
        Err(error) => error,
    };
    let (recipe, part, phase) = (subject.recipe.clone(), subject.part.clone(), request.phase.name());
    let over = state.call.deadline <= Instant::now() + Duration::from_millis(1);
    let interrupted = error.downcast_ref::<Trap>() == Some(&Trap::Interrupt);
    let mut details = frames(&error);
    details.extend(state.call.last_host_call.text().map(|call| format!("last call of the host: {call}")));
    let problem = match state.limiter.refused {
        _ if over && interrupted => {
            Problem::Deadline { recipe, part, phase, seconds: request.granted.timeout.as_secs().max(1), details }
        }
        Some(Refused::Memory) => Problem::Memory { recipe, part, limit: state.limiter.memory() >> 20 },
        Some(Refused::Tables) => Problem::Limit { recipe, part, phase, what: "too large a table".into() },
        None if error.downcast_ref::<wasmtime::component::ResourceTableError>().is_some() => {
            Problem::Limit { recipe, part, phase, what: format!("too many handles ({error})") }
        }
        None => {
            let (what, lines) = cause(&error, printed.into_iter().collect());
            trap(request, what, lines.into_iter().chain(details).collect())
        }
    };
    failed(problem)
}

fn trap(request: &Request<'_>, what: String, details: Vec<String>) -> Problem {
    let subject = request.subject;
    let (recipe, part) = (subject.recipe.clone(), subject.part.clone());
    Problem::Trap { recipe, part, phase: request.phase.name(), what, details }
}

/// What happened in a few words, and the lines that the guest printed about it.
fn cause(error: &wasmtime::Error, printed: Vec<String>) -> (String, Vec<String>) {
    let what = match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => "ran out of stack".to_owned(),
        Some(Trap::MemoryOutOfBounds) => "trapped (it left its memory, as when its stack is used up)".to_owned(),
        Some(Trap::UnreachableCodeReached) if printed.iter().any(|line| line.contains("panicked at")) => {
            "panicked".to_owned()
        }
        Some(trap) => format!("trapped ({trap})"),
        None => format!("was ended: {}", error.root_cause().to_string().lines().next().unwrap_or_default()),
    };
    (what, printed)
}

/// The frames of the guest, innermost first, with the author's file and line where the component has them.
fn frames(error: &wasmtime::Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return Vec::new() };
    let mut lines = Vec::new();
    for frame in backtrace.frames() {
        let symbols = frame.symbols();
        if symbols.is_empty() {
            lines.extend(frame.func_name().map(|name| format!("at {name}")));
        }
        for symbol in symbols {
            let name = symbol.name().unwrap_or("?");
            lines.push(match (symbol.file(), symbol.line()) {
                (Some(file), Some(line)) => format!("at {name} ({file}:{line})"),
                _ => format!("at {name}"),
            });
        }
    }
    lines
}
