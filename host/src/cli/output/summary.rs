//! The summary of installed parts and their durations, printed at the end of a run that took noticeably long.

use std::time::{Duration, Instant};

use console::measure_text_width;

use base::event::PartOutcome;

use super::time::duration;

/// Faster parts are counted, but not listed.
const NOTICEABLE: Duration = Duration::from_millis(100);
/// Maximum number of listed parts, the longest first.
const NAMED: usize = 20;

/// The completed parts of a run.
#[derive(Default)]
pub(super) struct Summary {
    began: Option<Instant>,
    count: usize,
    failed: usize,
    /// The parts that took noticeably long.
    long: Vec<(String, bool, Duration)>,
}

impl Summary {
    pub(super) fn planned(&mut self, now: Instant) {
        self.began.get_or_insert(now);
    }

    pub(super) fn part_ended(&mut self, part: &str, outcome: PartOutcome, elapsed: Duration) {
        let failed = outcome == PartOutcome::Failed;
        self.count += usize::from(!failed);
        self.failed += usize::from(failed);
        if elapsed >= NOTICEABLE {
            self.long.push((part.to_owned(), failed, elapsed));
        }
    }

    /// The first line, and one for each slow part; `None` if the parts took less than `least`.
    pub(super) fn lines(&mut self, now: Instant, least: Duration) -> Option<Vec<String>> {
        let elapsed = now.saturating_duration_since(self.began?);
        if elapsed < least || self.long.is_empty() {
            return None;
        }
        let failed = if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
        let parts = if self.count == 1 { "part" } else { "parts" };
        let mut lines = vec![format!("Made {} {parts} in {}{failed}", self.count, duration(elapsed))];
        self.long.sort_by_key(|(_, _, elapsed)| std::cmp::Reverse(*elapsed));
        let named = &self.long[..self.long.len().min(NAMED)];
        let width = named.iter().map(|(part, _, _)| measure_text_width(part)).max().unwrap_or(0);
        for (part, failed, elapsed) in named {
            let padding = " ".repeat(width - measure_text_width(part));
            let failed = if *failed { " (failed)" } else { "" };
            lines.push(format!("  {part}{padding}  {:>8}{failed}", duration(*elapsed)));
        }
        if self.long.len() > NAMED {
            lines.push(format!("  and {} more", self.long.len() - NAMED));
        }
        Some(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_took_long_is_listed() {
        let start = Instant::now();
        let mut summary = Summary::default();
        summary.planned(start);
        summary.part_ended("quick", PartOutcome::Updated, Duration::from_millis(3));
        let least = Duration::from_secs(1);
        assert_eq!(summary.lines(start + Duration::from_secs(5), least), None);
        summary.part_ended("zlib", PartOutcome::Installed, Duration::from_millis(3210));
        summary.part_ended("libpng", PartOutcome::Failed, Duration::from_secs(65));
        assert_eq!(summary.lines(start + Duration::from_millis(999), least), None);
        let lines = summary.lines(start + Duration::from_secs(66), least).unwrap();
        assert_eq!(lines, ["Made 2 parts in 1:06, 1 failed", "  libpng      1:05 (failed)", "  zlib       3.2 s"]);
    }
}
