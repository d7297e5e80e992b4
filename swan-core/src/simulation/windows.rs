//! What a hub would have counted of one provider: hours present and attempts, day by day.

use std::collections::VecDeque;

use crate::Timestamp;
use crate::standing::{Measured, Rate, Standing, StandingRules};

/// The days that are kept: as many as the longest window of the seeds.
const DAYS: usize = 30;

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    hours_present: u64,
    hours: u64,
    good: u64,
    attempts: u64,
}

/// The last days of a provider: those that are over, the newest last, and the one that runs.
#[derive(Debug, Default)]
pub(super) struct Windows {
    days: VecDeque<Counted>,
    today: Counted,
}

impl Windows {
    pub(super) fn hour(&mut self, present: bool) {
        let today = &mut self.today;
        today.hours += 1;
        today.hours_present += u64::from(present);
    }

    pub(super) fn attempt(&mut self, good: bool, weight: u64) {
        let today = &mut self.today;
        today.attempts = today.attempts.saturating_add(weight);
        today.good = today.good.saturating_add(if good { weight } else { 0 });
    }

    /// A day is over.
    pub(super) fn day(&mut self) {
        if self.days.len() >= DAYS {
            self.days.pop_front();
        }
        self.days.push_back(std::mem::take(&mut self.today));
    }

    /// Requests out of a thousand that went well in the last two days, as routing weighs them.
    pub(super) fn success_permille(&self) -> u16 {
        let (good, attempts) = self.sum(2, |day| (day.good, day.attempts));
        let permille = good
            .saturating_mul(1_000)
            .checked_div(attempts)
            .unwrap_or(1_000);
        u16::try_from(permille).unwrap_or(1_000)
    }

    /// What the rules of the policy are shown of it.
    pub(super) fn measured(
        &self,
        standing: &Standing,
        rules: &StandingRules,
        now: Timestamp,
    ) -> Measured {
        let whole = |window: std::time::Duration| {
            usize::try_from(window.as_secs() / 86_400).unwrap_or(DAYS)
        };
        let (good, attempts) = self.sum(whole(rules.success_window()), |day| {
            (day.good, day.attempts)
        });
        let success = Rate::new(good, attempts)
            .filter(|rate| rate.of() >= rules.success_least_attempts().get());
        let present = |days: usize| {
            let (present, hours) = self.sum(days, |day| (day.hours_present, day.hours));
            Rate::new(present, hours)
                .filter(|rate| rate.of() * 3_600 >= rules.uptime_least_time().as_secs())
        };
        let served_days = standing
            .required_since()
            .map_or(0, |since| whole(now.since(since)));
        Measured {
            success,
            uptime: present(whole(rules.uptime_window())),
            trailing_uptime: present(whole(rules.uptime_required_window()).min(served_days)),
        }
    }

    fn sum(&self, days: usize, of: impl Fn(&Counted) -> (u64, u64)) -> (u64, u64) {
        std::iter::once(&self.today)
            .chain(self.days.iter().rev())
            .take(days)
            .map(of)
            .fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
    }
}
