//! What code under test reports: log messages, kept until a test asks for them.

use std::sync::Mutex;

use base::event::{Event, Level, Report};

/// Collects log messages.
#[derive(Default)]
pub struct ReportedMessages(Mutex<Vec<(Level, String)>>);

impl ReportedMessages {
    /// Removes all messages, and returns those of this level and above.
    pub fn take(&self, least: Level) -> Vec<String> {
        let messages = std::mem::take(&mut *self.0.lock().unwrap());
        messages.into_iter().filter(|(level, _)| *level >= least).map(|(_, message)| message).collect()
    }
}

impl Report for ReportedMessages {
    fn report(&self, event: Event<'_>) {
        if let Event::Log { level, message, .. } = event {
            self.0.lock().unwrap().push((level, message.to_owned()));
        }
    }
}
