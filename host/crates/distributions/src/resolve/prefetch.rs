//! Requests ahead: while the solver waits for one answer, threads request what it will most likely need next.
//!
//! They make zc.buildout's first choices, which are usually the final ones. The sources keep what they read, and their
//! failures are ignored: the solver requests the same again, and reports them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use super::candidates::{Candidate, Preferences, what_is_there_does};
use super::{Available, Knowledge, ResolveRequest};
use crate::index::lock;
use crate::python::Tags;
use crate::requirement::Requirement;

/// The number of threads.
const THREADS: usize = 12;

/// The most requirements that are read ahead.
const MOST: usize = 5000;

/// Receives what will be needed.
pub(crate) struct Prefetch<'a> {
    request: &'a ResolveRequest<'a>,
    queue: Mutex<Sender<Requirement>>,
    seen: Mutex<BTreeSet<(String, BTreeSet<String>)>>,
    is_over: AtomicBool,
}

impl Prefetch<'_> {
    /// Adds what will be needed. Each project is requested once.
    pub(crate) fn want(&self, requirements: &[Requirement]) {
        let mut seen = lock(&self.seen);
        for requirement in requirements.iter().filter(|requirement| !self.request.is_provided(requirement)) {
            if seen.len() < MOST && !self.request.offline && seen.insert((requirement.key(), requirement.extra_keys()))
            {
                // Fails only when no thread requests ahead any more.
                let _ = lock(&self.queue).send(requirement.clone());
            }
        }
    }
}

/// Runs `work` while threads request ahead what it announces.
pub(crate) fn with<R>(
    request: &ResolveRequest<'_>,
    tags: &Tags,
    available: &dyn Available,
    work: impl FnOnce(&Prefetch<'_>) -> R,
) -> R {
    let (sender, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let ahead =
        Prefetch { request, queue: Mutex::new(sender), seen: Mutex::default(), is_over: AtomicBool::new(false) };
    std::thread::scope(|scope| {
        let threads = if request.offline { 0 } else { THREADS };
        for _ in 0..threads {
            let (receiver, ahead) = (Arc::clone(&receiver), &ahead);
            scope.spawn(move || asker(&receiver, ahead, Preferences { request, tags }, available));
        }
        let result = work(&ahead);
        // Waiting threads end when nothing more can be announced.
        ahead.is_over.store(true, Ordering::Relaxed);
        *lock(&ahead.queue) = channel().0;
        result
    })
}

fn asker(
    receiver: &Mutex<Receiver<Requirement>>,
    ahead: &Prefetch<'_>,
    preferences: Preferences<'_>,
    available: &dyn Available,
) {
    loop {
        let next = lock(receiver).recv();
        let Ok(requirement) = next else { return };
        if ahead.is_over.load(Ordering::Relaxed) {
            return;
        }
        if let Some(needs) = look(&requirement, preferences, available) {
            ahead.want(&needs);
        }
    }
}

/// The requirements of the most likely distribution for a requirement.
fn look(
    requirement: &Requirement,
    preferences: Preferences<'_>,
    available: &dyn Available,
) -> Option<Vec<Requirement>> {
    let request = preferences.request;
    let key = requirement.key();
    let knowledge = Knowledge::default();
    if requirement.url.is_some() || what_is_there_does(request, &knowledge, &key, Some(requirement)) {
        return None;
    }
    let project = available.project(&key, &requirement.name).ok()?;
    let candidates = preferences.candidates(&key, Some(&project), std::slice::from_ref(requirement), &knowledge);
    let fits = |candidate: &&Candidate| {
        candidate.version().is_some_and(|version| requirement.specifiers.contains(version)) && !candidate.is_yanked()
    };
    let Some(Candidate::File(file)) = candidates.iter().find(fits) else { return None };
    // A source distribution may have to be built for its metadata: only if it is really needed.
    if file.name.is_source() {
        return None;
    }
    let metadata = available.metadata(file).ok()?;
    let extras = requirement.extra_keys().into_iter().filter(|extra| metadata.offers(extra)).collect();
    let needs = metadata.needs(request.python, &extras).ok()?;
    Some(needs.into_iter().filter_map(|need| request.pins.constrain(need).ok()).collect())
}
