//! A guest's trap, or the failure that it returned, as an error for people.

use std::path::Path;
use std::time::{Duration, Instant};

use config::options::Buildout;
use confine::ConfineError;
use wasmtime::{Trap, WasmBacktrace};

use super::request::CallRequest;
use super::store::StoreState;
use crate::call::{Call, Denied, Interrupted};
use crate::error::{FailureContext, RecipeError, RecipeProblem, Subject};
use crate::grants::mounts::Access;
use crate::grants::needed::needed_grant;
use crate::interfaces::bindings::buildout::recipe::types::{ExplainedFailure, TraceLine};
use crate::interfaces::bindings::exports::buildout::recipe::parts::Failure;
use crate::limits::Refused;
use crate::plain::without_numbers;

/// The code of a failure of sources for Python 2.
const OLD_PYTHON: &str = "python-2";
/// Lines of a traceback that are shown.
const TRACE_LINES: usize = 20;
/// Hints of a recipe that are shown.
const HINTS: usize = 5;
/// Characters of a line of a recipe.
const TEXT: usize = 500;

/// The failure that a recipe itself returned.
pub(super) fn returned(call: &mut Call, failure: Failure, created: Vec<String>, subject: &Subject) -> RecipeError {
    let context = Box::new(context(call, &failure));
    let problem = match failure {
        Failure::UserError(message) => RecipeProblem::User { message: without_numbers(&message), context },
        Failure::Fault(message) => RecipeProblem::Failed { message: without_numbers(&message), context },
        Failure::Explained(ExplainedFailure { user_error, message, trace, hints, code, .. }) => {
            let mut context = context;
            context.trace = traceback(&trace);
            if code.as_deref() == Some(OLD_PYTHON) {
                context.advice.extend(call.buildout.as_ref().and_then(|buildout| pin(buildout, &subject.recipe)));
            }
            context.advice.extend(hints.into_iter().take(HINTS).map(|hint| without_numbers(&shortened(&hint))));
            let message = without_numbers(&message);
            match user_error {
                true => RecipeProblem::User { message, context },
                false => RecipeProblem::Failed { message, context },
            }
        }
        Failure::Other(other) => RecipeProblem::Failed { message: without_numbers(&other.message), context },
        Failure::Lookup(error) => {
            let kept = usize::try_from(error.reference).ok().filter(|at| *at < call.lookup_errors.len());
            match kept {
                Some(at) => RecipeProblem::Lookup(call.lookup_errors.swap_remove(at)),
                None => RecipeProblem::Failed { message: error.message, context },
            }
        }
    };
    RecipeError { created, ..RecipeError::new(problem, subject.clone()) }
}

/// The pin that selects the version of a recipe's distribution.
fn pin(buildout: &Buildout, reference: &str) -> Option<String> {
    let normal = |name: &str| name.trim().to_lowercase().replace(['_', '.'], "-");
    let wanted = normal(reference.split([':', '[', '=']).next()?);
    let section = buildout.get("buildout", "versions").ok().flatten().filter(|section| !section.is_empty());
    let section = section.unwrap_or_else(|| "versions".to_owned());
    let name = buildout.keys(&section).ok()?.into_iter().find(|name| normal(name) == wanted)?;
    let version = buildout.get(&section, &name).ok()??;
    let place = buildout.place_of(&section, Some(&name))?;
    Some(format!("The pin {name} = {version} is at {}.", place.line_name()))
}

/// The details of the call for its failure.
fn context(call: &mut Call, failure: &Failure) -> FailureContext {
    // An unreadable path is usually not a user error: recipes check whether files exist.
    let is_user_error = match failure {
        Failure::UserError(_) => true,
        // With a code, the cause is known: no path was refused.
        Failure::Explained(explained) => explained.user_error || explained.code.is_some(),
        Failure::Lookup(_) | Failure::Fault(_) | Failure::Other(_) => false,
    };
    let is_relevant = |denied: &&Denied| denied.access == Access::Write || !is_user_error;
    let is_kept = |denied: &&Denied| call.rights.is_kept(&denied.path);
    let is_protected = |denied: &&Denied| denied.access == Access::Write && call.rights.is_protected(&denied.path);
    let relevant = call.denied.iter().filter(is_relevant).filter(|denied| !is_kept(denied));
    let (never, denied): (Vec<_>, Vec<_>) = relevant.partition(is_protected);
    let denied = denied.into_iter().map(|denied| needed_grant(&denied.path, denied.access, false, &call.rights));
    // Not every refused operation is noted: files below are removed through a handle of the directory.
    let kept = call.rights.kept().iter().map(|path| move_away(path));
    let mut advice: Vec<String> = kept.chain(never.into_iter().map(|denied| never_granted(&denied.path))).collect();
    let denied = denied.chain(std::mem::take(&mut call.refused)).collect();
    advice.append(&mut call.advice);
    let command = call.failed_command.take();
    let remedies = std::mem::take(&mut call.remedies);
    FailureContext { place: call.cause.take(), denied, advice, remedies, command, trace: Vec::new() }
}

/// What to do about something at the part's own place that the part did not make.
fn move_away(path: &Path) -> String {
    format!("{} existed before this part. Move it away, or choose another `parts-directory`.", path.display())
}

/// The lines of a traceback, for people.
fn traceback(trace: &[TraceLine]) -> Vec<String> {
    // The innermost lines say most.
    let shown = &trace[trace.len().saturating_sub(TRACE_LINES)..];
    let lines = shown.iter().map(|TraceLine { file, line, function, text }| {
        let place = match function.as_str() {
            "" => format!("at {file}:{line}"),
            function => format!("at {function} ({file}:{line})"),
        };
        shortened(&if text.is_empty() { place } else { format!("{place}: {text}") })
    });
    lines.collect()
}

/// The beginning of a text of a recipe, in one line.
fn shortened(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(TEXT).collect()
}

/// No grant opens the files of the host.
fn never_granted(path: &std::path::Path) -> String {
    format!(
        "Recipes cannot write to {}: buildout-host protects its own files and those of the configuration.",
        path.display()
    )
}

/// Why the guest did not return.
pub(super) fn of_trap(state: &mut StoreState, error: wasmtime::Error, request: &CallRequest<'_>) -> RecipeError {
    let printed = state.output().end();
    let created = state.call.take_created();
    let failed = |problem| RecipeError { created, ..RecipeError::new(problem, request.subject.clone()) };
    if error.is::<Interrupted>() {
        return failed(RecipeProblem::Interrupted(state.native.settings.interrupt.signal().unwrap_or_default()));
    }
    match error.downcast::<ConfineError>() {
        Ok(error) => failed(RecipeProblem::Confine(error)),
        Err(error) => failed(problem(state, &error, request, printed.into_iter().collect())),
    }
}

fn problem(
    state: &StoreState,
    error: &wasmtime::Error,
    request: &CallRequest<'_>,
    printed: Vec<String>,
) -> RecipeProblem {
    let subject = request.subject;
    let (recipe, part, phase) = (subject.recipe.clone(), subject.part.clone(), request.phase.name());
    let details = details(error, &state.call);
    let is_late = state.call.deadline <= Instant::now() + Duration::from_millis(1);
    match state.limiter.refused {
        _ if is_late && error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) => {
            RecipeProblem::Deadline { recipe, part, phase, seconds: request.rights.timeout.as_secs().max(1), details }
        }
        Some(Refused::Memory) => RecipeProblem::Memory { recipe, part, limit: state.limiter.memory() >> 20 },
        Some(Refused::Tables) => RecipeProblem::Limit { recipe, part, phase, what: "too large a table".into() },
        None if error.downcast_ref::<wasmtime::component::ResourceTableError>().is_some() => {
            RecipeProblem::Limit { recipe, part, phase, what: format!("too many handles ({error})") }
        }
        None => {
            let what = cause(error, &printed);
            trap(request, what, printed.into_iter().chain(details).collect())
        }
    }
}

/// A failed call with the description `what`.
pub(super) fn trap(request: &CallRequest<'_>, what: String, details: Vec<String>) -> RecipeProblem {
    let (recipe, part) = (request.subject.recipe.clone(), request.subject.part.clone());
    RecipeProblem::Trap { recipe, part, phase: request.phase.name(), what, details }
}

/// The guest's frames, and the last call of the host.
fn details(error: &wasmtime::Error, call: &Call) -> Vec<String> {
    let mut details = frames(error);
    details.extend(call.last_host_call().map(|call| format!("last host function called: {call}")));
    details
}

/// A short description of the trap. `printed` are the lines that the guest printed before it.
fn cause(error: &wasmtime::Error, printed: &[String]) -> String {
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => "ran out of stack".to_owned(),
        Some(Trap::MemoryOutOfBounds) => {
            "trapped (it accessed memory out of bounds, as when its stack overflows)".to_owned()
        }
        Some(Trap::UnreachableCodeReached) if printed.iter().any(|line| line.contains("panicked at")) => {
            "panicked".to_owned()
        }
        Some(trap) => format!("trapped ({trap})"),
        None => format!("was ended: {}", error.root_cause().to_string().lines().next().unwrap_or_default()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceback_has_a_line_for_each_frame() {
        let line = |function: &str, text: &str| TraceLine {
            file: "recipes/mkdir.py".into(),
            line: 7,
            function: function.into(),
            text: text.into(),
        };
        let trace = [line("", "import x"), line("Mkdir.install", ""), line("f", "raise\x1b[31m")];
        let expected = [
            "at recipes/mkdir.py:7: import x",
            "at Mkdir.install (recipes/mkdir.py:7)",
            "at f (recipes/mkdir.py:7): raise [31m",
        ];
        assert_eq!(traceback(&trace), expected);
        assert_eq!(traceback(&vec![line("f", ""); 100]).len(), TRACE_LINES);
    }
}
