//! Records when parts are installed, and writes an HTML page that shows it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::cli::render::timings::{Bar, html};
use crate::run::{RunError, Session};
use base::event::{Event, Level, Report};
use base::files;

/// Maximum number of recorded phases per part.
const PHASES: usize = 200;

/// Forwards events, and records what the page shows.
pub(in crate::cli) struct Timings {
    inner: Arc<dyn Report>,
    start: Instant,
    bars: Mutex<Vec<Bar>>,
}

impl Timings {
    /// Records events on their way to `inner`.
    pub(in crate::cli) fn new(inner: Arc<dyn Report>) -> Self {
        Self { inner, start: Instant::now(), bars: Mutex::default() }
    }

    /// Writes the page. Unfinished parts are shown, too.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(in crate::cli) fn write(&self, file: &Path, session: &Session, jobs: usize) -> Result<(), RunError> {
        let mut bars = self.bars();
        // A part that is uninstalled and then installed has two bars. References point to the second.
        let made: Vec<usize> = (0..bars.len()).filter(|bar| bars[*bar].step != "Uninstalling").collect();
        let parts: Vec<&str> = made.iter().map(|bar| bars[*bar].part.as_str()).collect();
        let references = session.references(&parts);
        for (bar, references) in made.iter().zip(references) {
            bars[*bar].references = references.into_iter().map(|target| made[target]).collect();
        }
        files::replace(file, html(&bars, self.start.elapsed(), jobs).as_bytes())?;
        Ok(())
    }

    fn bars(&self) -> MutexGuard<'_, Vec<Bar>> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records something about a running part.
    fn note(&self, part: &str, note: impl FnOnce(&mut Bar, Duration)) {
        let now = self.start.elapsed();
        if let Some(bar) = self.bars().iter_mut().rev().find(|bar| bar.part == part && bar.end.is_none()) {
            note(bar, now);
        }
    }
}

impl Report for Timings {
    fn report(&self, event: Event<'_>) {
        self.inner.report(event);
        match event {
            Event::PartBegan { part, step } => {
                let (part, step, start) = (part.to_owned(), step.to_owned(), self.start.elapsed());
                let (phases, references) = Default::default();
                self.bars().push(Bar { part, step, start, end: None, phases, references });
            }
            Event::PartActivity { part, activity } => self.note(part, |bar, now| {
                if bar.phases.len() < PHASES {
                    bar.phases.push((now, activity.to_owned()));
                }
            }),
            Event::PartEnded { part, outcome, .. } => self.note(part, |bar, now| bar.end = Some((now, outcome))),
            _ => {}
        }
    }

    fn wants(&self, level: Level) -> bool {
        self.inner.wants(level)
    }
}
