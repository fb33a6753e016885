//! Having a part made by the server: its action is run, its log is kept here, and the answer is judged.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use base::collections::Set;
use base::event::{Event, Level};
use base::source::{Explain, printable_line};
use recipe::PartLog;
use remote::{ExecutionEvent, ExecutionFailure, RemoteExecution, ResultCache, TreeNode};

use super::super::super::view::ResolvedBuildout;
use super::super::key::PartKey;
use super::action::{ActionSource, PartAction};
use super::inputs::CapturedPaths;
use super::order::WorkerVerdict;

/// After so many parts in a row that workers did not make, they are not asked any more in this run.
const MOST_REFUSALS: u32 = 2;

/// The executor of a run.
#[derive(Debug, Default)]
pub(in crate::run::cache) struct PartExecutor {
    captured: CapturedPaths,
    refusals: AtomicU32,
    /// The reasons of which the user was warned.
    warned: Mutex<Set<String>>,
}

/// How much of what a worker reports is shown: lines, and characters of each.
const MOST_SHOWN: (usize, usize) = (100, 4000);

/// Where the part of a recipe's message begins that is true on the worker only: its build directory is gone, and so is the
/// script there that repeats the build (`recipes/builds/src/build.rs`).
const OF_THE_WORKER: &str = ". The build directory is ";

/// What came of asking the executor for a part.
pub(in crate::run::cache) enum MadeElsewhere {
    /// It was made.
    Made { execution: Box<RemoteExecution>, node: TreeNode },
    /// Its recipe failed.
    Failed(FailedElsewhere),
    /// It has to be made here.
    Not,
}

/// A recipe that failed on another machine.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(in crate::run::cache) struct FailedElsewhere {
    message: String,
    details: Vec<String>,
    hints: Vec<String>,
}

impl FailedElsewhere {
    fn reported(message: &str, details: &[String], hints: &[String]) -> Self {
        let short = |text: &String| text.chars().take(MOST_SHOWN.1).collect::<String>();
        let all = |lines: &[String]| lines.iter().take(MOST_SHOWN.0).map(short).collect();
        let message = message.split(OF_THE_WORKER).next().unwrap_or_default();
        Self { message: short(&message.to_owned()), details: all(details), hints: all(hints) }
    }
}

impl Explain for FailedElsewhere {
    fn details(&self) -> Vec<String> {
        self.details.clone()
    }

    fn hints(&self) -> Vec<String> {
        self.hints.clone()
    }
}

impl PartExecutor {
    /// Forgets what was known of a part that is going to be made.
    pub(in crate::run::cache) fn forget(&self, key: &PartKey) {
        self.captured.forget(&key.decision.location);
    }

    /// Has a part made.
    pub(in crate::run::cache) fn make(
        &self,
        view: &ResolvedBuildout,
        results: &ResultCache,
        platform: &BTreeMap<String, String>,
        part: &str,
        key: &PartKey,
    ) -> MadeElsewhere {
        if self.refusals.load(Ordering::Relaxed) >= MOST_REFUSALS {
            return MadeElsewhere::Not;
        }
        let source = ActionSource { view, captured: &self.captured, platform, part, decision: &key.decision };
        let action = match source.action() {
            Ok(action) => action,
            Err(why) => {
                log(view, part, Level::Info, &format!("Not made by the remote executor: {why}"));
                return MadeElsewhere::Not;
            }
        };
        view.context.report.report(Event::PartActivity { part, activity: "send" });
        let Ok(runtime) = view.recipes.runtime() else { return MadeElsewhere::Not };
        let mut run = WatchedRun { view, part, log: runtime.log_of(part), logged: 0 };
        let outcome = results.execute(&action.action, &action.files, &mut |event| run.follow(event));
        self.judge(run, action, outcome)
    }

    fn judge(
        &self,
        run: WatchedRun<'_>,
        action: PartAction,
        outcome: Result<RemoteExecution, ExecutionFailure>,
    ) -> MadeElsewhere {
        let (view, part) = (run.view, run.part);
        match outcome {
            Ok(mut execution) => {
                self.refusals.store(0, Ordering::Relaxed);
                run.end(&execution.stdout);
                match execution.hit.outputs.paths.remove(&action.output) {
                    Some(node) => MadeElsewhere::Made { execution: Box::new(execution), node },
                    None => MadeElsewhere::Not,
                }
            }
            Err(ExecutionFailure::Command { exit_code, stdout, stderr }) => {
                match WorkerVerdict::in_output(&stderr) {
                    Some(WorkerVerdict::Failed { message, details, hints }) => {
                        self.refusals.store(0, Ordering::Relaxed);
                        run.end(&stdout);
                        return MadeElsewhere::Failed(FailedElsewhere::reported(&message, &details, &hints));
                    }
                    Some(WorkerVerdict::Unfit(why)) => self.refused(view, part, &why),
                    _ => self.refused(view, part, &unexplained(exit_code, &stderr)),
                }
                MadeElsewhere::Not
            }
            // The run says so.
            Err(ExecutionFailure::Interrupted) => MadeElsewhere::Not,
            // There was a warning.
            Err(ExecutionFailure::Unavailable) => MadeElsewhere::Not,
            Err(other) => {
                // Of a worker that cannot be started, the server tells its operator more than its users.
                let more = matches!(other, ExecutionFailure::Server(_));
                let more = if more { "; the server's own output may say more" } else { "" };
                self.refused(view, part, &format!("{other}{more}"));
                MadeElsewhere::Not
            }
        }
    }

    fn refused(&self, view: &ResolvedBuildout, part: &str, why: &str) {
        let why = printable_line(&why.chars().take(1000).collect::<String>());
        let is_last = self.refusals.fetch_add(1, Ordering::Relaxed) + 1 == MOST_REFUSALS;
        let rest = if is_last { ", as are all later parts" } else { "" };
        let message = format!("The remote executor did not make part {part}: {why}. It is made here{rest}.");
        let is_new = self.warned.lock().is_ok_and(|mut warned| warned.insert(why.clone()));
        let level = if is_new || is_last { Level::Warning } else { Level::Info };
        view.context.log(level, &message);
    }
}

/// What a program without a verdict wrote: a sandbox that could not be set up, a missing library.
fn unexplained(exit_code: i32, stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    let wrote = last.map(|line| format!(", after it wrote: {line}")).unwrap_or_default();
    format!("its worker ended with exit code {exit_code}{wrote}")
}

/// A part that is being made elsewhere.
struct WatchedRun<'a> {
    view: &'a ResolvedBuildout,
    part: &'a str,
    log: PartLog,
    /// The bytes of the log that arrived while it ran.
    logged: usize,
}

impl WatchedRun<'_> {
    fn follow(&mut self, event: ExecutionEvent<'_>) {
        let activity = match event {
            ExecutionEvent::Queued => "wait for a worker",
            ExecutionEvent::Running => "build there",
            ExecutionEvent::Output(bytes) => {
                self.logged += bytes.len();
                return self.log.write(bytes);
            }
        };
        self.view.context.report.report(Event::PartActivity { part: self.part, activity });
    }

    /// Completes the log.
    fn end(mut self, stdout: &[u8]) {
        if let Some(rest) = stdout.get(self.logged..) {
            self.log.write(rest);
        }
        self.log.end();
    }
}

fn log(view: &ResolvedBuildout, part: &str, level: Level, message: &str) {
    view.context.report.report(Event::Log { logger: part, level, message });
}
