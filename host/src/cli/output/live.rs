//! The live display, as lines for a terminal: one for each running part, and a total.
//!
//! Accesses neither the terminal nor the clock: events, the time and the size of the terminal are passed in.

use std::time::Instant;

use console::{Style, measure_text_width, truncate_str};

use super::time::clock;
use base::collections::OrderedMap;
use base::source::{printable, redact};

/// Maximum width of the column of names.
const WIDEST_NAME: usize = 30;

/// The state of the running parts.
#[derive(Default)]
pub(super) struct Live {
    /// Number of parts that the run installs.
    planned: usize,
    done: usize,
    start: Option<Instant>,
    running: OrderedMap<String, RunningPart>,
    /// Current long-running activity of the host itself.
    activity: Option<String>,
}

struct RunningPart {
    start: Instant,
    phase: String,
    /// The last line of output.
    line: String,
}

/// The size of the terminal, and whether to use colors.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) colors: bool,
}

impl Live {
    pub(super) fn planned(&mut self, count: usize, now: Instant) {
        self.planned += count;
        self.start.get_or_insert(now);
    }

    pub(super) fn part_began(&mut self, part: &str, phase: &str, now: Instant) {
        self.running.insert(part.to_owned(), RunningPart { start: now, phase: phase.to_owned(), line: String::new() });
    }

    pub(super) fn set_phase(&mut self, part: &str, phase: &str) {
        if let Some(running) = self.running.get_mut(part) {
            phase.clone_into(&mut running.phase);
            running.line.clear();
        }
    }

    pub(super) fn set_line(&mut self, part: &str, line: &str) {
        if let Some(running) = self.running.get_mut(part) {
            line.clone_into(&mut running.line);
        }
    }

    pub(super) fn part_ended(&mut self, part: &str, counts: bool) {
        self.running.shift_remove(part);
        self.done += usize::from(counts);
    }

    /// Sets the activity of the host itself; `None` when it is over.
    pub(super) fn set_activity(&mut self, activity: Option<&str>) {
        self.activity = activity.map(str::to_owned);
    }

    /// The lines to show now, cut to the width of the terminal; none if nothing is running.
    pub(super) fn lines(&self, now: Instant, room: Room) -> Vec<String> {
        let most = room.height.saturating_sub(3).max(1);
        let name_width = self.running.keys().map(|part| measure_text_width(&plain(part))).max().unwrap_or(0);
        let name_width = name_width.min(WIDEST_NAME);
        let shown = self.running.iter().take(most);
        let mut lines: Vec<String> = shown.map(|(part, running)| running.line(part, name_width, now, room)).collect();
        if self.running.len() > most {
            lines.push(format!("… and {} more", self.running.len() - most));
        }
        if let Some(activity) = &self.activity {
            lines.push(format!("{}…", plain(activity)));
        }
        if !self.running.is_empty() {
            lines.push(self.total(now));
        }
        // The last column stays empty: a terminal may wrap a line that fills it.
        let width = room.width.saturating_sub(1);
        lines.iter().map(|line| truncate_str(line, width, "…").into_owned()).collect()
    }

    fn total(&self, now: Instant) -> String {
        let running = self.running.len();
        match self.start {
            Some(start) => {
                let elapsed = clock(now.saturating_duration_since(start));
                format!("{}/{} parts, {running} running, {elapsed}", self.done, self.planned)
            }
            None => format!("{running} running"),
        }
    }
}

impl RunningPart {
    fn line(&self, part: &str, name_width: usize, now: Instant, room: Room) -> String {
        let style = |style: Style| style.force_styling(room.colors);
        let part = plain(part);
        let name = truncate_str(&part, name_width, "…");
        let padding = " ".repeat(name_width.saturating_sub(measure_text_width(&name)));
        let elapsed = clock(now.saturating_duration_since(self.start));
        let line = style(Style::new().dim()).apply_to(plain(&self.line)).to_string();
        let name = style(Style::new().cyan().bold()).apply_to(name);
        format!("{name}{padding}  {}  {elapsed}  {line}", plain(&self.phase)).trim_end().to_owned()
    }
}

/// One line of text without control characters and credentials.
fn plain(text: &str) -> String {
    printable(&redact(text)).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ROOM: Room = Room { width: 40, height: 24, colors: false };

    #[test]
    fn a_line_for_each_running_part_and_a_total() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut live = Live::default();
        assert!(live.lines(start, ROOM).is_empty());
        live.planned(12, start);
        live.part_began("zlib", "Installing", start);
        live.part_began("png", "Installing", after(10));
        live.set_phase("zlib", "configure");
        live.set_line("zlib", "checking for a very long line of output… yes");
        let expected =
            ["zlib  configure  0:42  checking for a …", "png   Installing  0:32", "0/12 parts, 2 running, 0:42"];
        assert_eq!(live.lines(after(42), ROOM), expected);
        live.part_ended("zlib", true);
        assert_eq!(live.lines(after(3700), ROOM)[1], "1/12 parts, 1 running, 1:01:40");
        live.part_ended("png", true);
        assert!(live.lines(after(3700), ROOM).is_empty());
    }

    #[test]
    fn what_parts_say_cannot_steer_and_has_its_room() {
        let start = Instant::now();
        let mut live = Live::default();
        live.planned(3, start);
        for part in ["a\x1b[2Jb", "c\nd", "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字"] {
            live.part_began(part, "\x07", start);
            live.set_line(part, "\r\x1b]0;title\x07\u{9b}31m\tx");
        }
        for width in 0..60 {
            for line in live.lines(start, Room { width, colors: width % 2 == 0, ..ROOM }) {
                assert!(measure_text_width(&line) < width.max(2), "{line:?} in {width}");
                let bare = console::strip_ansi_codes(&line).into_owned();
                assert!(!bare.contains(char::is_control), "{line:?}");
            }
        }
        let few = live.lines(start, Room { height: 5, ..ROOM });
        assert_eq!((few.len(), few[2].as_str()), (4, "… and 1 more"));
    }
}
