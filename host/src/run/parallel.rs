//! Makes parts in threads, each as soon as what it refers to is done.
//!
//! Threads only call recipes. What came of it is recorded by the thread that started them, as it comes; in the end the
//! state is what a serial run leaves.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, Scope};
use std::time::Instant;

use base::event::{Event, Level};
use state::Change;
use state::plan::Step;

use super::Session;
use super::error::{Doing, Fault, RunError};
use super::execute::{self, Execution, Outcome};
use super::graph;
use super::schedule::Schedule;

/// Makes the parts of `steps`.
pub(super) fn make(execution: &mut Execution<'_>, steps: &[Step]) -> Result<(), RunError> {
    let session = execution.session;
    let parts: Vec<&str> = steps.iter().map(Step::part).collect();
    let needs = graph::needs(&session.buildout, &parts);
    let schedule = Schedule::new(&needs, session.settings.jobs().limit(), session.settings.after_failure);
    session.report.report(Event::PartsPlanned { count: steps.len() });
    let mut making =
        Making { execution, steps, schedule, stopping: &AtomicBool::new(false), failures: BTreeMap::new() };
    making.run();
    making.tell_dropped();
    let failures: Vec<RunError> = std::mem::take(&mut making.failures).into_values().collect();
    order_as_in_steps(execution, &parts);
    // Last, as it decides the exit code; what fails then mostly does so because it was ended.
    let interrupted = session.heed_interrupt().err();
    RunError::all(failures.into_iter().chain(interrupted).collect())
}

struct Making<'a, 'e> {
    execution: &'a mut Execution<'e>,
    steps: &'a [Step],
    schedule: Schedule,
    /// Tells threads that have no slot yet not to begin.
    stopping: &'a AtomicBool,
    /// By step, so that they are told in the order of parts.
    failures: BTreeMap<usize, RunError>,
}

/// What a thread has to say when its step is over.
struct Ended {
    step: usize,
    /// `None`: the run was stopped before it began.
    made: Option<Made>,
}

struct Made {
    began: Instant,
    outcome: thread::Result<Result<Outcome, RunError>>,
}

impl<'a> Making<'a, '_> {
    fn run(&mut self) {
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            loop {
                self.look_for_an_interrupt();
                while let Some(step) = self.schedule.next() {
                    if let Err(error) = self.start(scope, step, sender.clone()) {
                        self.fail(step, error);
                    }
                }
                if self.schedule.running() == 0 {
                    break;
                }
                // A sender is held here, so that there is always one.
                let Ok(ended) = receiver.recv() else { break };
                self.ended(ended);
            }
        });
    }

    fn start<'scope>(
        &self,
        scope: &'scope Scope<'scope, '_>,
        number: usize,
        sender: Sender<Ended>,
    ) -> Result<(), RunError>
    where
        'a: 'scope,
    {
        let (session, stopping) = (self.execution.session, self.stopping);
        let step = &self.steps[number];
        let work = move || {
            let made = call(session, step, stopping);
            // The receiver is there as long as the scope is.
            let _ = sender.send(Ended { step: number, made });
        };
        // As deep as the main thread: what a recipe reads may lead from option to option.
        let builder = thread::Builder::new().name(step.part().to_owned()).stack_size(config::options::STACK_SIZE);
        builder
            .spawn_scoped(scope, work)
            .map(drop)
            .map_err(|error| RunError::from(Fault::io(Path::new(step.part()), "cannot start a thread", error)))
    }

    fn look_for_an_interrupt(&mut self) {
        if self.execution.session.settings.signal().is_some() {
            self.schedule.stop();
        }
        self.stopping.store(self.schedule.is_stopped(), Ordering::Relaxed);
    }

    fn ended(&mut self, ended: Ended) {
        let (number, step) = (ended.step, &self.steps[ended.step]);
        let session = self.execution.session;
        let Some(Made { began, outcome }) = ended.made else {
            self.schedule.stop();
            return self.schedule.withdraw(number);
        };
        let outcome = outcome.unwrap_or_else(|panic: Box<dyn Any + Send>| resume_unwind(panic));
        let outcome = outcome.and_then(|outcome| self.execution.settle(step, outcome));
        let outcome = outcome.doing(|| execute::doing(session, step));
        execute::end(session, step, began, outcome.is_ok());
        match outcome {
            Ok(()) => self.schedule.ended(number, true),
            Err(error) => self.fail(number, error),
        }
    }

    fn fail(&mut self, step: usize, error: RunError) {
        self.schedule.ended(step, false);
        self.failures.insert(step, error);
    }

    fn tell_dropped(&self) {
        let dropped: Vec<&str> = self.schedule.dropped().map(|step| self.steps[step].part()).collect();
        if !dropped.is_empty() {
            let message = format!("Not made, since a part that they need failed: {}", dropped.join(" "));
            self.execution.session.report.log(Level::Warning, &message);
        }
    }
}

/// What a thread does: takes a slot, and calls the recipe.
fn call(session: &Session, step: &Step, stopping: &AtomicBool) -> Option<Made> {
    let stop = || stopping.load(Ordering::Relaxed) || session.settings.signal().is_some();
    let _slot = session.settings.jobs().begin(&stop)?;
    let began = execute::begin(session, step);
    let outcome = catch_unwind(AssertUnwindSafe(|| execute::call(session, step)));
    Some(Made { began, outcome })
}

/// Parts were recorded as they ended. A serial run leaves those that it touched in the order of the steps, behind those
/// that it did not touch.
fn order_as_in_steps(execution: &mut Execution<'_>, parts: &[&str]) {
    let recorded = std::mem::take(&mut execution.recorded);
    let untouched = execution.installed.parts.keys().filter(|part| !recorded.contains(*part));
    let touched = parts.iter().filter(|part| recorded.contains(**part)).map(|part| (*part).to_owned());
    let order = untouched.cloned().chain(touched).collect();
    execution.installed.apply(&Change::Order(order));
}
