//! Installs parts in threads, each as soon as the parts that it references are installed.
//!
//! The threads only call recipes. The thread that started them records each outcome as it arrives: the state has one
//! writer.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, Scope};
use std::time::Instant;

use base::event::Level;
use state::plan::Step;

use super::super::fault::RunFault;
use super::super::stage::references;
use super::super::view::ResolvedBuildout;
use super::execution::Execution;
use super::schedule::Schedule;
use super::step::{self, StepOutcome};
use crate::error::{Doing, RunError};

/// Installs the parts of `steps`.
pub(super) fn install(execution: &mut Execution<'_>, steps: &[Step]) -> Result<(), RunError> {
    let view = &execution.stage.view;
    let parts: Vec<&str> = steps.iter().map(Step::part).collect();
    let needs = references::needs(&view.buildout, &parts);
    let settings = &view.context.settings;
    let schedule = Schedule::new(&needs, settings.jobs().limit(), settings.after_failure);
    let (stopping, failures) = (&AtomicBool::new(false), BTreeMap::new());
    let mut installing = Installing { view, execution, steps, schedule, stopping, failures };
    installing.run();
    installing.report_dropped();
    let failures: Vec<RunError> = std::mem::take(&mut installing.failures).into_values().collect();
    // Last, as it decides the exit code. An error at the time of a signal is usually its consequence.
    let interrupted = view.context.check_interrupt().err();
    RunError::all(failures.into_iter().chain(interrupted).collect())
}

struct Installing<'a, 'e> {
    view: &'a ResolvedBuildout,
    execution: &'a mut Execution<'e>,
    steps: &'a [Step],
    schedule: Schedule,
    /// Prevents threads that wait for a slot from starting.
    stopping: &'a AtomicBool,
    /// By step, so that they are reported in the order of the parts.
    failures: BTreeMap<usize, RunError>,
}

/// The message of a thread whose step is over.
struct EndedStep {
    step: usize,
    /// `None`: the run was stopped before it started.
    called: Option<Called>,
}

struct Called {
    start: Instant,
    outcome: thread::Result<Result<StepOutcome, RunError>>,
}

impl<'a> Installing<'a, '_> {
    fn run(&mut self) {
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            loop {
                self.check_interrupt();
                while let Some(step) = self.schedule.next() {
                    if let Err(error) = self.start(scope, step, sender.clone()) {
                        self.fail(step, error);
                    }
                }
                if self.schedule.running() == 0 {
                    break;
                }
                // This thread holds a sender, so the channel cannot be closed.
                let Ok(ended) = receiver.recv() else { break };
                self.ended(ended);
            }
        });
    }

    fn start<'scope>(
        &self,
        scope: &'scope Scope<'scope, '_>,
        number: usize,
        sender: Sender<EndedStep>,
    ) -> Result<(), RunError>
    where
        'a: 'scope,
    {
        let (view, stopping) = (self.view, self.stopping);
        let step = &self.steps[number];
        let work = move || {
            let called = call(view, step, stopping);
            // The receiver outlives the scope.
            let _ = sender.send(EndedStep { step: number, called });
        };
        // The same stack size as the main thread: a recipe may read options that reference others, recursively.
        let builder = thread::Builder::new().name(step.part().to_owned()).stack_size(config::options::STACK_SIZE);
        builder
            .spawn_scoped(scope, work)
            .map(drop)
            .map_err(|error| RunError::from(RunFault::io(Path::new(step.part()), "cannot start a thread", error)))
    }

    fn check_interrupt(&mut self) {
        if self.view.context.settings.signal().is_some() {
            self.schedule.stop();
        }
        self.stopping.store(self.schedule.is_stopped(), Ordering::Relaxed);
    }

    fn ended(&mut self, ended: EndedStep) {
        let (number, step) = (ended.step, &self.steps[ended.step]);
        let Some(Called { start, outcome }) = ended.called else {
            self.schedule.stop();
            return self.schedule.withdraw(number);
        };
        let outcome = outcome.unwrap_or_else(|panic: Box<dyn Any + Send>| resume_unwind(panic));
        let outcome = outcome.and_then(|outcome| self.execution.settle(step, outcome));
        let outcome = outcome.doing(|| step::operation(self.view, step));
        step::end(self.view, step, start, outcome.is_ok());
        match outcome {
            Ok(()) => self.schedule.ended(number, true),
            Err(error) => self.fail(number, error),
        }
    }

    fn fail(&mut self, step: usize, error: RunError) {
        self.schedule.ended(step, false);
        self.failures.insert(step, error);
    }

    fn report_dropped(&self) {
        let dropped: Vec<&str> = self.schedule.dropped().map(|step| self.steps[step].part()).collect();
        if !dropped.is_empty() {
            let message = format!("Not installed, because a part that they need failed: {}", dropped.join(" "));
            self.view.context.log(Level::Warning, &message);
        }
    }
}

/// The work of a thread: waits for a slot, and calls the recipe.
fn call(view: &ResolvedBuildout, step: &Step, stopping: &AtomicBool) -> Option<Called> {
    let stop = || stopping.load(Ordering::Relaxed) || view.context.settings.signal().is_some();
    let _slot = view.context.settings.jobs().begin(&stop)?;
    let start = step::start(view, step);
    let outcome = catch_unwind(AssertUnwindSafe(|| step::call(view, step)));
    Some(Called { start, outcome })
}
