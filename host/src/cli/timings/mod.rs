//! `run --timings FILE`: notes when parts were made, and writes a page that shows it.

mod page;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::run::{RunError, Session};
use base::event::{Event, Level, PartOutcome, Report};
use base::files;

/// The most phases that are kept of a part.
const PHASES: usize = 200;

/// Passes events on, and notes what the page shows.
pub(super) struct Timings {
    inner: Arc<dyn Report>,
    file: PathBuf,
    began: Instant,
    bars: Mutex<Vec<Bar>>,
}

/// One part's turn. Times are from the beginning of the run.
#[derive(Debug)]
struct Bar {
    part: String,
    step: String,
    began: Duration,
    /// `None`: it has not ended.
    ended: Option<(Duration, PartOutcome)>,
    /// What the recipe said it does, and since when.
    phases: Vec<(Duration, String)>,
    /// Parts that it refers to, by their bars.
    references: Vec<usize>,
}

impl Timings {
    /// Notes events on their way to `inner`.
    pub(super) fn new(inner: Arc<dyn Report>, file: PathBuf) -> Self {
        Self { inner, file, began: Instant::now(), bars: Mutex::default() }
    }

    /// Writes the page. Parts that are unfinished are shown so.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn write(&self, session: &Session, jobs: usize) -> Result<(), RunError> {
        let mut bars = self.bars();
        // A part may have two turns, uninstallation and installation; what is referred to is the latter.
        let made: Vec<usize> = (0..bars.len()).filter(|bar| bars[*bar].step != "Uninstalling").collect();
        let parts: Vec<&str> = made.iter().map(|bar| bars[*bar].part.as_str()).collect();
        let references = session.references(&parts);
        for (bar, references) in made.iter().zip(references) {
            bars[*bar].references = references.into_iter().map(|target| made[target]).collect();
        }
        files::replace(&self.file, page::html(&bars, self.began.elapsed(), jobs).as_bytes())?;
        Ok(())
    }

    fn bars(&self) -> MutexGuard<'_, Vec<Bar>> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes something of a part whose turn it is.
    fn note(&self, part: &str, note: impl FnOnce(&mut Bar, Duration)) {
        let now = self.began.elapsed();
        if let Some(bar) = self.bars().iter_mut().rev().find(|bar| bar.part == part && bar.ended.is_none()) {
            note(bar, now);
        }
    }
}

impl Report for Timings {
    fn report(&self, event: Event<'_>) {
        self.inner.report(event);
        match event {
            Event::PartBegan { part, step } => {
                let (part, step, began) = (part.to_owned(), step.to_owned(), self.began.elapsed());
                let (phases, references) = Default::default();
                self.bars().push(Bar { part, step, began, ended: None, phases, references });
            }
            Event::PartActivity { part, activity } => self.note(part, |bar, now| {
                if bar.phases.len() < PHASES {
                    bar.phases.push((now, activity.to_owned()));
                }
            }),
            Event::PartEnded { part, outcome, .. } => self.note(part, |bar, now| bar.ended = Some((now, outcome))),
            _ => {}
        }
    }

    fn wants(&self, level: Level) -> bool {
        self.inner.wants(level)
    }
}
