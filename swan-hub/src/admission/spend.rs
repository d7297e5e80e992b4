//! What a key has spent, in US dollars, so that a cap on it is never passed.

use serde::{Deserialize, Serialize};
use swan_core::{Amount, Day, Timestamp};

use super::limits::SpendPeriod;

/// Charges of one key or account: of all time, of the last day and of the last month that it was used in. The order of the
/// fields is part of the format of snapshots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spent {
    total: Amount,
    day: (u32, Amount),
    month: (u32, Amount),
}

/// Months since the year 0, so that they compare.
fn month_of(day: Day) -> u32 {
    let (year, month, _) = day.date();
    year * 12 + month - 1
}

fn plus(a: Amount, b: Amount) -> Amount {
    // Beyond the largest amount of money no cap has room either.
    a.checked_add(b).unwrap_or(Amount::MAX)
}

impl Spent {
    /// Counts a charge. Time does not go back: a charge of an earlier day counts for the last one that was seen.
    pub(crate) fn add(&mut self, usd: Amount, at: Timestamp) {
        self.go_on_to(at);
        self.total = plus(self.total, usd);
        self.day.1 = plus(self.day.1, usd);
        self.month.1 = plus(self.month.1, usd);
    }

    /// Counts what was spent afterwards.
    pub(crate) fn then(&mut self, later: &Self) {
        self.total = plus(self.total, later.total);
        for (own, later) in [(&mut self.day, later.day), (&mut self.month, later.month)] {
            if later.0 > own.0 {
                *own = later;
            } else {
                own.1 = plus(own.1, later.1);
            }
        }
    }

    /// What was spent in the period that `now` lies in, or ever.
    pub(crate) fn within(&self, per: Option<SpendPeriod>, now: Timestamp) -> Amount {
        let mut then = *self;
        then.go_on_to(now);
        match per {
            None => then.total,
            Some(SpendPeriod::Day) => then.day.1,
            Some(SpendPeriod::Month) => then.month.1,
        }
    }

    fn go_on_to(&mut self, now: Timestamp) {
        let day = now.day();
        if day.as_days() > self.day.0 {
            self.day = (day.as_days(), Amount::ZERO);
            let month = month_of(day);
            if month > self.month.0 {
                self.month = (month, Amount::ZERO);
            }
        }
    }
}

/// Charges, and what is set aside for requests that run. Both together never exceed a cap.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spending {
    pub(super) spent: Spent,
    held: Amount,
}

impl Spending {
    /// Sets `usd` aside, if the cap has room for it; otherwise answers what room there is.
    pub(super) fn hold(
        &mut self,
        usd: Amount,
        cap: Option<(Amount, Option<SpendPeriod>)>,
        now: Timestamp,
    ) -> Result<(), Amount> {
        if let Some((cap, per)) = cap {
            let taken = plus(self.spent.within(per, now), self.held);
            if plus(taken, usd) > cap {
                let room = cap.checked_sub(taken).unwrap_or(Amount::ZERO);
                return Err(room.max(Amount::ZERO));
            }
        }
        self.held = plus(self.held, usd);
        Ok(())
    }

    /// Ends what was set aside, of which `charged` was charged.
    pub(super) fn end(&mut self, held: Amount, charged: Amount, now: Timestamp) {
        self.held = self.held.checked_sub(held).unwrap_or(Amount::ZERO);
        if !charged.is_zero() {
            self.spent.add(charged, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(pico: i128) -> Amount {
        Amount::from_pico(pico).unwrap()
    }

    fn at(day: &str, ms: u64) -> Timestamp {
        let start = day.parse::<Day>().unwrap().start();
        Timestamp::from_millis(start.as_millis() + ms)
    }

    #[test]
    fn days_and_months_begin_anew_and_a_clock_that_steps_back_frees_nothing() {
        let mut spent = Spent::default();
        spent.add(usd(5), at("2026-01-31", 10));
        spent.add(usd(7), at("2026-02-01", 0));
        let now = at("2026-02-01", 99);
        assert_eq!(spent.within(None, now), usd(12));
        assert_eq!(spent.within(Some(SpendPeriod::Day), now), usd(7));
        assert_eq!(spent.within(Some(SpendPeriod::Month), now), usd(7));
        let back = at("2026-01-31", 20);
        assert_eq!(spent.within(Some(SpendPeriod::Day), back), usd(7));
        spent.add(usd(1), back);
        assert_eq!(spent.within(Some(SpendPeriod::Day), now), usd(8));
        let later = at("2026-02-02", 0);
        assert_eq!(spent.within(Some(SpendPeriod::Day), later), Amount::ZERO);
        assert_eq!(spent.within(Some(SpendPeriod::Month), later), usd(8));
        let next_year = at("2027-02-01", 0);
        assert_eq!(
            spent.within(Some(SpendPeriod::Month), next_year),
            Amount::ZERO
        );
    }

    proptest! {
        /// Times go on, as they do in the journal.
        #[test]
        fn what_was_spent_before_and_after_is_what_was_spent(
            charges in prop::collection::vec((0_i128..1_000, 0_u64..5_000_000_000), 0..30),
            place: prop::sample::Index,
        ) {
            let mut now = 0;
            let charges: Vec<_> = charges
                .into_iter()
                .map(|(amount, step)| {
                    now += step;
                    (usd(amount), Timestamp::from_millis(now))
                })
                .collect();
            let sum = |charges: &[(Amount, Timestamp)]| {
                let mut spent = Spent::default();
                charges.iter().for_each(|(amount, at)| spent.add(*amount, *at));
                spent
            };
            let (before, after) = charges.split_at(place.index(charges.len() + 1));
            let mut both = sum(before);
            both.then(&sum(after));
            prop_assert_eq!(both, sum(&charges));
        }

        #[test]
        fn holds_and_charges_stay_within_the_cap(
            cap in 0_i128..1_000,
            asked in prop::collection::vec((1_i128..300, 0_u8..=100, any::<bool>()), 1..60),
        ) {
            let now = at("2026-03-01", 0);
            let mut spending = Spending::default();
            let (mut open, mut charged) = (Vec::new(), 0);
            for (amount, percent, ends_one) in asked {
                if spending.hold(usd(amount), Some((usd(cap), Some(SpendPeriod::Day))), now).is_ok() {
                    open.push((amount, amount * i128::from(percent) / 100));
                }
                let held: i128 = open.iter().map(|(held, _)| held).sum();
                prop_assert!(held + charged <= cap);
                if ends_one && let Some((held, part)) = open.pop() {
                    spending.end(usd(held), usd(part), now);
                    charged += part;
                }
            }
            for (held, part) in open {
                spending.end(usd(held), usd(part), now);
                charged += part;
            }
            prop_assert_eq!(spending.held, Amount::ZERO);
            prop_assert_eq!(spending.spent.within(None, now), usd(charged));
        }
    }
}
