use serde::{Deserialize, Serialize};

use super::item::{ItemKind, ItemSeed};
use super::rules::BenchmarkRules;
use crate::{Rng, Timestamp};

/// An item that is to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Due {
    /// What it tests.
    pub kind: ItemKind,
    /// Its seed, drawn from the hub's own randomness and known to nobody else.
    pub seed: ItemSeed,
}

/// When a provider's items are sent (Seed 001: every 24 hours by default; SIP-003: 2 to 4 times a day at random times).
///
/// The items of a window are not one burst: each gets its own time, every moment of the window as likely as any other and
/// independent of the others. So whoever has seen some of them knows nothing about when the rest come, and nobody knows where
/// a window begins. A window follows the other; what comes due while the hub is away is drawn anew over what follows instead
/// of being made up for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Latest first, so that the next is taken from the end.
    due: Vec<(Timestamp, ItemKind)>,
    from: Timestamp,
    until: Timestamp,
}

impl Schedule {
    /// The schedule of a provider that has just come: its first items come within the policy's first hours.
    #[must_use]
    pub fn start(now: Timestamp, rules: &BenchmarkRules, rng: &mut dyn Rng) -> Self {
        Self::plan(now, now.after(rules.first_within), 1, rules, rng)
    }

    /// When there is something to do next. It is always in the hub's hands only: no answer to a provider tells it.
    #[must_use]
    pub fn next_due(&self) -> Timestamp {
        self.due.last().map_or(self.until, |(at, _)| *at)
    }

    /// Whether the items of this window have all been taken, which is the time to judge.
    #[must_use]
    pub fn is_window_done(&self) -> bool {
        self.due.is_empty()
    }

    /// Takes the next item if it is due at `now`; total for any clock.
    ///
    /// When the clock has stepped back before this window, or has leapt past its end, the rest is drawn anew from `now` on.
    pub fn take(
        &mut self,
        now: Timestamp,
        rules: &BenchmarkRules,
        rng: &mut dyn Rng,
    ) -> Option<Due> {
        if now < self.from || now >= self.until {
            *self = Self::window(now, rules, rng);
            return None;
        }
        let (at, kind) = *self.due.last()?;
        if at > now {
            return None;
        }
        self.due.pop();
        self.spread_overdue(now, rng);
        let seed = ItemSeed::draw(rng);
        Some(Due { kind, seed })
    }

    fn window(now: Timestamp, rules: &BenchmarkRules, rng: &mut dyn Rng) -> Self {
        let span = rules.rounds_most.saturating_sub(rules.rounds_least);
        let rounds = rules
            .rounds_least
            .saturating_add(rng.below(span.saturating_add(1)));
        Self::plan(now, now.after(rules.window), rounds, rules, rng)
    }

    fn plan(
        from: Timestamp,
        until: Timestamp,
        rounds: u64,
        rules: &BenchmarkRules,
        rng: &mut dyn Rng,
    ) -> Self {
        let items = rounds.saturating_mul(rules.items_a_round);
        // The odd one out is either kind, so that the count says nothing.
        let first = rng.below(2);
        let due = (0..items)
            .map(|number| {
                let kind = if (number + first).is_multiple_of(2) {
                    ItemKind::Math
                } else {
                    ItemKind::Code
                };
                (moment(from, until, rng), kind)
            })
            .collect();
        let mut schedule = Self { due, from, until };
        schedule.sort();
        schedule
    }

    /// After a pause of the hub several are due at once: what is left of them goes anywhere in the rest of the window.
    fn spread_overdue(&mut self, now: Timestamp, rng: &mut dyn Rng) {
        let until = self.until;
        for (at, _) in self.due.iter_mut().filter(|(at, _)| *at <= now) {
            *at = moment(now, until, rng);
        }
        self.sort();
    }

    fn sort(&mut self) {
        self.due
            .sort_unstable_by_key(|(at, _)| std::cmp::Reverse(*at));
    }
}

/// Any moment from `from` on and before `until`, each as likely.
fn moment(from: Timestamp, until: Timestamp, rng: &mut dyn Rng) -> Timestamp {
    let span = until.as_millis().saturating_sub(from.as_millis());
    Timestamp::from_millis(from.as_millis().saturating_add(rng.below(span)))
}
