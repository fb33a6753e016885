//! Which step may start next: each waits until the steps that it needs are done, and the number of running steps is
//! limited.
//!
//! Pure: works with numbers, not parts, and starts nothing. The caller gets the [`Schedule::next`] step, and reports
//! how each ended.

use std::collections::BTreeSet;

use super::super::settings::AfterFailure;

/// The state of a step. Changed only in [`Schedule::change`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepProgress {
    /// This many of the steps that it needs are not done yet.
    Waiting(usize),
    /// It may start.
    Ready,
    /// It was started.
    Running,
    /// It succeeded.
    Done,
    /// It was started, and failed.
    Failed,
    /// It will not be started, as a step that it needs failed.
    Dropped,
}

/// The steps of a plan, and the state of each.
pub(super) struct Schedule {
    progress: Vec<StepProgress>,
    /// For each step, the steps that need it.
    needed_by: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
    running: usize,
    limit: usize,
    after_failure: AfterFailure,
    stopped: bool,
}

impl Schedule {
    /// Creates a schedule; `needs` lists for each step the numbers of the steps that it needs. At most `limit` run at
    /// once.
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
            // Later steps cannot be waited for: a serial run executes the steps in this order.
            let earlier = needs.range(..step);
            schedule.progress.push(StepProgress::Waiting(earlier.clone().count()));
            earlier.for_each(|need| schedule.needed_by[*need].push(step));
            if schedule.progress[step] == StepProgress::Waiting(0) {
                schedule.change(step, StepProgress::Ready);
            }
        }
        schedule
    }

    /// Starts the first step that is ready and returns it; `None` if none is ready until another ends.
    pub(super) fn next(&mut self) -> Option<usize> {
        if self.stopped || self.running == self.limit {
            return None;
        }
        let step = *self.ready.first()?;
        self.change(step, StepProgress::Running);
        Some(step)
    }

    /// Records how a running step ended.
    pub(super) fn ended(&mut self, step: usize, succeeded: bool) {
        if succeeded {
            self.change(step, StepProgress::Done);
            for next in std::mem::take(&mut self.needed_by[step]) {
                match self.progress[next] {
                    StepProgress::Waiting(1) => self.change(next, StepProgress::Ready),
                    StepProgress::Waiting(count) => self.change(next, StepProgress::Waiting(count - 1)),
                    _ => {}
                }
            }
            return;
        }
        self.change(step, StepProgress::Failed);
        match self.after_failure {
            AfterFailure::Stop => self.stop(),
            AfterFailure::KeepGoing => self.drop_those_that_need(step),
        }
    }

    /// Reverts the start of a step: it did not run after all.
    pub(super) fn withdraw(&mut self, step: usize) {
        self.change(step, StepProgress::Ready);
    }

    /// Prevents further steps from starting.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether [`Self::stop`] was called, by a failure or by the caller.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Number of running steps.
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// Steps that will not be started because a step that they need, directly or indirectly, failed.
    pub(super) fn dropped(&self) -> impl Iterator<Item = usize> {
        self.progress
            .iter()
            .enumerate()
            .filter(|(_, progress)| **progress == StepProgress::Dropped)
            .map(|(step, _)| step)
    }

    fn drop_those_that_need(&mut self, failed: usize) {
        let mut gone = vec![failed];
        while let Some(step) = gone.pop() {
            for next in std::mem::take(&mut self.needed_by[step]) {
                if self.progress[next] != StepProgress::Dropped {
                    self.change(next, StepProgress::Dropped);
                    gone.push(next);
                }
            }
        }
    }

    fn change(&mut self, step: usize, to: StepProgress) {
        match std::mem::replace(&mut self.progress[step], to) {
            StepProgress::Running => self.running -= 1,
            StepProgress::Ready => drop(self.ready.remove(&step)),
            _ => {}
        }
        match to {
            StepProgress::Running => self.running += 1,
            StepProgress::Ready => drop(self.ready.insert(step)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Steps that need any earlier ones, which of them fail, and the order in which running steps end.
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

    /// The executed steps and their outcomes, in the order in which they ended.
    struct Carried {
        ends: Vec<(usize, bool)>,
        schedule: Schedule,
    }

    /// Executes a schedule; `picks` decides which of the running steps ends next.
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

    /// The failing steps, and those that need one of them: what `--keep-going` does not install.
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
