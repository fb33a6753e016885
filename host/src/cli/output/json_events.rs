//! `--log-format json`: events as lines of JSON, for programs. Without credentials of URLs, like all messages.

use std::time::SystemTime;

use serde_json::{Value, json};

use base::event::{Event, Level};
use base::source::redact;
use base::time::asctime;

/// Lines printed by a recipe, each as an event.
fn output(part: &str, lines: &str) -> String {
    let time = asctime(SystemTime::now());
    let event = |line| json!({"event": "output", "part": part, "line": redact(line), "time": time}).to_string();
    lines.split('\n').map(event).collect::<Vec<_>>().join("\n")
}

/// The event with the time, as a line; `None` for events that only a terminal shows, and for messages below the log
/// level.
pub(super) fn line(event: Event<'_>, wants: &dyn Fn(Level) -> bool) -> Option<String> {
    if let Event::Output { part, lines } = event {
        return Some(output(part, lines));
    }
    let mut value = value(event, wants)?;
    value["time"] = asctime(SystemTime::now()).into();
    Some(value.to_string())
}

fn value(event: Event<'_>, wants: &dyn Fn(Level) -> bool) -> Option<Value> {
    Some(match event {
        Event::Log { level, .. } | Event::Text { level, .. } if !wants(level) => return None,
        Event::Progress { .. } | Event::ProgressEnd | Event::Output { .. } | Event::Remedy { .. } => return None,
        Event::Log { logger, level, message } => {
            json!({"event": "log", "logger": logger, "level": level.name(), "message": redact(message)})
        }
        Event::Text { text, .. } => json!({"event": "text", "text": redact(text)}),
        Event::PartsPlanned { count } => json!({"event": "parts-planned", "count": count}),
        Event::PartBegan { part, step } => json!({"event": "part-began", "part": part, "step": step}),
        Event::PartActivity { part, activity } => {
            json!({"event": "part-activity", "part": part, "activity": activity})
        }
        Event::CommandLine { part, line } => json!({"event": "command-line", "part": part, "line": redact(line)}),
        Event::Download { part, url, done, total } => {
            json!({"event": "download", "part": part, "url": url, "done": done, "total": total})
        }
        Event::PartEnded { part, outcome, elapsed } => {
            json!({"event": "part-ended", "part": part, "outcome": outcome.name(), "seconds": elapsed.as_secs_f64()})
        }
    })
}
