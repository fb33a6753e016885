//! `buildout:recipe/log`: messages of a recipe, and its current activity.

use std::sync::{Mutex, PoisonError};

use wasmtime::component::HasData;

use super::bindings::buildout::recipe::log::{Host, Level};
use super::standard_output::Output;
use crate::call::Call;
use crate::limits;
use crate::plain::without_numbers;
use base::event;

/// Marks the interface in the linker.
pub(crate) struct LogMessages;

/// The state that its functions see.
pub(crate) struct LogView<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) output: &'a Mutex<Output>,
}

impl HasData for LogMessages {
    type Data<'a> = LogView<'a>;
}

impl LogView<'_> {
    /// Logs in the part's name, after the output that the recipe has printed so far.
    fn log(&mut self, level: event::Level, text: &str) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.log(&self.call.part, level, text);
    }

    /// Whether the call may log one more message; the first one over the limit is replaced by a warning.
    fn may_log(&mut self) -> bool {
        self.call.log_messages += 1;
        if self.call.log_messages == limits::LOG_MESSAGES + 1 {
            let text = format!("more than {} messages; the rest is left out", limits::LOG_MESSAGES);
            self.log(event::Level::Warning, &text);
        }
        self.call.log_messages <= limits::LOG_MESSAGES
    }
}

/// Shortens a message that is too long.
fn shortened(mut text: String) -> String {
    if text.len() > limits::LOG_MESSAGE {
        text.truncate(text.floor_char_boundary(limits::LOG_MESSAGE));
        text.push_str(" […]");
    }
    text
}

fn level_of(level: Level) -> event::Level {
    match level {
        Level::Debug => event::Level::Debug,
        Level::Info => event::Level::Info,
        Level::Warning => event::Level::Warning,
        Level::Error => event::Level::Error,
        Level::Critical => event::Level::Critical,
    }
}

impl Host for LogView<'_> {
    fn message(&mut self, level: Level, text: String) -> wasmtime::Result<()> {
        self.call.note("log.message", &[]);
        if self.may_log() {
            self.log(level_of(level), &without_numbers(&shortened(text)));
        }
        Ok(())
    }

    fn activity(&mut self, text: String) -> wasmtime::Result<()> {
        self.call.note("log.activity", &[]);
        let text: String = text.chars().take(limits::ACTIVITY).collect();
        self.output.lock().unwrap_or_else(PoisonError::into_inner).activity(&self.call.part, &text);
        Ok(())
    }
}
