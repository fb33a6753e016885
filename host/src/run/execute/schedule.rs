//! Which step may start now: each waits until those that it needs are done, and only so many run at once.
//!
//! Pure: knows numbers, not parts, and starts nothing. The caller asks for the [`Schedule::next`] step, and reports how each
//! ended.

use std::collections::BTreeSet;

use super::super::settings::AfterFailure;

/// The state of a step. It changes in [`Schedule::change`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// So many of the steps that it needs are not done yet.
    Waiting(usize),
    /// It may start.
    Ready,
    /// It was started.
    Running,
    /// It was carried out.
    Done,
    /// It was tried, and failed.
    Failed,
    /// It will not be tried, as one that it needs failed.
    Dropped,
}

/// The steps of a plan, and the state of each.
pub(super) struct Schedule {
    progress: Vec<Progress>,
    /// For each step, those that need it.
    needed_by: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
    running: usize,
    limit: usize,
    after_failure: AfterFailure,
    stopped: bool,
}

impl Schedule {
    /// Steps of which each needs some of those before it, by number. At most `limit` run at once.
    pub(super) fn new(needs: &[BTreeSet<usize>], limit: usize, after_failure: AfterFailure) -> Self {
        let mut schedule = Self {
            progress: Vec::with_capacity(needs.len()),
            needed_by: vec![Vec::new(); needs.len()],
            ready: BTreeSet::new(),
            running: 0,
            limit: limit.max(1),
            after_failure,
            stopped: false,
        };
        for (step, needs) in needs.iter().enumerate() {
            // One that comes later cannot be waited for: the order of steps is one in which a serial run works.
            let earlier = needs.range(..step);
            schedule.progress.push(Progress::Waiting(earlier.clone().count()));
            earlier.for_each(|need| schedule.needed_by[*need].push(step));
            if schedule.progress[step] == Progress::Waiting(0) {
                schedule.change(step, Progress::Ready);
            }
        }
        schedule
    }

    /// The first step that may start now, which then runs; `None` if there is none until another ends.
    pub(super) fn next(&mut self) -> Option<usize> {
        if self.stopped || self.running == self.limit {
            return None;
        }
        let step = *self.ready.first()?;
        self.change(step, Progress::Running);
        Some(step)
    }

    /// Notes how a running step ended.
    pub(super) fn ended(&mut self, step: usize, succeeded: bool) {
        if succeeded {
            self.change(step, Progress::Done);
            for next in std::mem::take(&mut self.needed_by[step]) {
                match self.progress[next] {
                    Progress::Waiting(1) => self.change(next, Progress::Ready),
                    Progress::Waiting(count) => self.change(next, Progress::Waiting(count - 1)),
                    _ => {}
                }
            }
            return;
        }
        self.change(step, Progress::Failed);
        match self.after_failure {
            AfterFailure::Stop => self.stop(),
            AfterFailure::KeepGoing => self.drop_those_that_need(step),
        }
    }

    /// Takes back that a step runs: it was not started.
    pub(super) fn withdraw(&mut self, step: usize) {
        self.change(step, Progress::Ready);
    }

    /// Nothing more starts.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether [`Self::stop`] was called, by a failure or from outside.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// How many run now.
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// Steps that will not be tried since one that they need, directly or by others, failed.
    pub(super) fn dropped(&self) -> impl Iterator<Item = usize> {
        self.progress.iter().enumerate().filter(|(_, progress)| **progress == Progress::Dropped).map(|(step, _)| step)
    }

    fn drop_those_that_need(&mut self, failed: usize) {
        let mut gone = vec![failed];
        while let Some(step) = gone.pop() {
            for next in std::mem::take(&mut self.needed_by[step]) {
                if self.progress[next] != Progress::Dropped {
                    self.change(next, Progress::Dropped);
                    gone.push(next);
                }
            }
        }
    }

    fn change(&mut self, step: usize, to: Progress) {
        match std::mem::replace(&mut self.progress[step], to) {
            Progress::Running => self.running -= 1,
            Progress::Ready => drop(self.ready.remove(&step)),
            _ => {}
        }
        match to {
            Progress::Running => self.running += 1,
            Progress::Ready => drop(self.ready.insert(step)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Steps that need any before them, which of them fail, and in which order those that run end.
    fn cases() -> impl Strategy<Value = (Vec<BTreeSet<usize>>, Vec<bool>, usize, Vec<prop::sample::Index>)> {
        (1..30_usize).prop_flat_map(|count| {
            let needs: Vec<_> = (0..count)
                .map(|step| prop::collection::btree_set(0..step.max(1), 0..4).prop_map(move |set| below(set, step)))
                .collect();
            let fails = prop::collection::vec(prop::bool::weighted(0.15), count);
            (needs, fails, 1..5_usize, prop::collection::vec(any::<prop::sample::Index>(), count))
        })
    }

    fn below(needs: BTreeSet<usize>, step: usize) -> BTreeSet<usize> {
        needs.into_iter().filter(|need| *need < step).collect()
    }

    /// What was carried out and how it ended, in the order of ends.
    struct Carried {
        ends: Vec<(usize, bool)>,
        schedule: Schedule,
    }

    /// Carries out a schedule; what runs together ends in the order that `picks` says.
    fn carry_out(
        mut schedule: Schedule,
        needs: &[BTreeSet<usize>],
        fails: &[bool],
        picks: &[prop::sample::Index],
    ) -> Carried {
        let (mut running, mut ends): (Vec<usize>, Vec<(usize, bool)>) = Default::default();
        let mut picks = picks.iter();
        loop {
            while let Some(step) = schedule.next() {
                assert!(
                    !running.contains(&step) && ends.iter().all(|(ended, _)| *ended != step),
                    "{step} started twice"
                );
                let done = |need: &usize| ends.contains(&(*need, true));
                assert!(needs[step].iter().all(done), "{step} started before what it needs was done");
                running.push(step);
                assert!(running.len() <= schedule.limit, "too many at once");
            }
            assert_eq!(schedule.running(), running.len());
            if running.is_empty() {
                return Carried { ends, schedule };
            }
            let step = running.remove(picks.next().unwrap().index(running.len()));
            schedule.ended(step, !fails[step]);
            ends.push((step, !fails[step]));
        }
    }

    /// Those that fail, and those that need one of them: what `--keep-going` does not make.
    fn spoilt(needs: &[BTreeSet<usize>], fails: &[bool]) -> BTreeSet<usize> {
        let mut spoilt = BTreeSet::new();
        for step in 0..needs.len() {
            if fails[step] || needs[step].iter().any(|need| spoilt.contains(need)) {
                spoilt.insert(step);
            }
        }
        spoilt
    }

    proptest! {
        #[test]
        fn without_failures_every_step_runs_once((needs, _, limit, picks) in cases()) {
            let fails = vec![false; needs.len()];
            let carried = carry_out(Schedule::new(&needs, limit, AfterFailure::Stop), &needs, &fails, &picks);
            prop_assert_eq!(carried.ends.len(), needs.len());
        }

        #[test]
        fn one_at_a_time_keeps_the_order((needs, _, _, picks) in cases()) {
            let fails = vec![false; needs.len()];
            let carried = carry_out(Schedule::new(&needs, 1, AfterFailure::Stop), &needs, &fails, &picks);
            prop_assert!(carried.ends.iter().map(|(step, _)| *step).eq(0..needs.len()));
        }

        #[test]
        fn starts_nothing_after_a_failure((needs, fails, limit, picks) in cases()) {
            let carried = carry_out(Schedule::new(&needs, limit, AfterFailure::Stop), &needs, &fails, &picks);
            let failed = carried.ends.iter().position(|(_, succeeded)| !succeeded);
            prop_assert!(failed.is_none_or(|at| carried.ends.len() - at <= limit));
            prop_assert!(failed.is_some() || carried.ends.len() == needs.len());
        }

        #[test]
        fn keep_going_installs_all_that_it_can((needs, fails, limit, picks) in cases()) {
            let carried = carry_out(Schedule::new(&needs, limit, AfterFailure::KeepGoing), &needs, &fails, &picks);
            let spoilt = spoilt(&needs, &fails);
            let done: BTreeSet<usize> = carried.ends.iter().filter(|end| end.1).map(|end| end.0).collect();
            prop_assert!(done.iter().copied().eq((0..needs.len()).filter(|step| !spoilt.contains(step))));
            let tried_or_dropped = carried.ends.iter().filter(|end| !end.1).map(|end| end.0).chain(carried.schedule.dropped());
            prop_assert_eq!(tried_or_dropped.collect::<BTreeSet<_>>(), spoilt);
        }
    }

    #[test]
    fn does_not_wait_for_later_steps() {
        let needs = [BTreeSet::from([0, 1]), BTreeSet::from([0])];
        let mut schedule = Schedule::new(&needs, 2, AfterFailure::Stop);
        assert_eq!((schedule.next(), schedule.next()), (Some(0), None));
    }

    #[test]
    fn starts_nothing_when_stopped() {
        let mut schedule = Schedule::new(&[BTreeSet::new(), BTreeSet::new()], 1, AfterFailure::KeepGoing);
        assert_eq!(schedule.next(), Some(0));
        schedule.stop();
        schedule.withdraw(0);
        assert_eq!((schedule.next(), schedule.running()), (None, 0));
        assert!(schedule.is_stopped());
    }
}
