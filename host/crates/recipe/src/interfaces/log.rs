//! `buildout:recipe/log`: messages of a recipe, and its current activity.

use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::HasData;

use super::bindings::buildout::recipe::log::{Host, Level};
use super::standard_output::Output;
use crate::call::Call;
use crate::limits;
use crate::native::shared::Native;
use crate::plain::without_numbers;
use base::event;

/// The logger of zc.buildout.
const ZC_BUILDOUT: &str = "zc.buildout";
/// All levels, the lowest first.
const LEVELS: [event::Level; 5] =
    [event::Level::Debug, event::Level::Info, event::Level::Warning, event::Level::Error, event::Level::Critical];

/// Marks the interface in the linker.
pub(crate) struct Log;

/// The state that its functions see.
pub(crate) struct View<'a> {
    pub(crate) call: &'a mut Call,
    pub(crate) output: &'a Mutex<Output>,
    pub(crate) native: &'a Arc<Native>,
}

impl HasData for Log {
    type Data<'a> = View<'a>;
}

impl View<'_> {
    /// Logs in the part's name, after the output that the recipe has printed so far.
    fn log(&mut self, level: event::Level, text: &str) {
        let part = Arc::clone(&self.call.part);
        self.log_as(&part, level, text);
    }

    fn log_as(&mut self, name: &str, level: event::Level, text: &str) {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).log(name, level, text);
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

/// The name under which messages of a logger are shown. It is one line; zc.buildout's own messages are the buildout's.
fn logger_name(name: &str) -> String {
    if name == ZC_BUILDOUT {
        return "buildout".to_owned();
    }
    name.chars().filter(|letter| !letter.is_control()).take(limits::ACTIVITY).collect()
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

impl Host for View<'_> {
    fn message(&mut self, level: Level, text: String) -> wasmtime::Result<()> {
        self.call.note("log.message", &[]);
        if self.may_log() {
            self.log(level_of(level), &without_numbers(&shortened(text)));
        }
        Ok(())
    }

    fn message_from(&mut self, name: String, level: Level, text: String) -> wasmtime::Result<()> {
        self.call.note("log.message-from", &[&name]);
        if self.may_log() {
            self.log_as(&logger_name(&name), level_of(level), &without_numbers(&shortened(text)));
        }
        Ok(())
    }

    fn threshold(&mut self) -> wasmtime::Result<u32> {
        let shown = LEVELS.into_iter().find(|level| self.native.report.wants(*level));
        // Above all levels: nothing is shown.
        Ok(shown.map_or(event::Level::Critical as u32 + 10, |level| level as u32))
    }

    fn activity(&mut self, text: String) -> wasmtime::Result<()> {
        self.call.note("log.activity", &[]);
        let text: String = text.chars().take(limits::ACTIVITY).collect();
        self.output.lock().unwrap_or_else(PoisonError::into_inner).activity(&self.call.part, &text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logger_has_a_name_of_one_line() {
        assert_eq!(logger_name("zc.buildout"), "buildout");
        assert_eq!(logger_name("acme\nbuildout: \x1b[31mforged"), "acmebuildout: [31mforged");
        assert_eq!(logger_name(&"x".repeat(1000)).len(), limits::ACTIVITY);
    }
}
