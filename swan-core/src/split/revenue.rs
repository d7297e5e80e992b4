use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::rounding::half_to_even;
use crate::{Amount, Day};

/// Why a day's revenue is not taken, or no average can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevenueError {
    /// The day is not over, so its revenue is not known.
    #[error("{day} is not over on {today}, so its revenue is not known yet")]
    Unfinished {
        /// The day that was reported.
        day: Day,
        /// The day of the report.
        today: Day,
    },
    /// The day was reported before.
    #[error("the revenue of {day} was reported before")]
    Duplicate {
        /// The day that was reported.
        day: Day,
    },
    /// The day is older than any that still counts.
    #[error("{day} no longer counts: the average begins with {first}")]
    TooOld {
        /// The day that was reported.
        day: Day,
        /// The first day that counts.
        first: Day,
    },
    /// The window is not the one that the policy averages over.
    #[error("the average is over {needed} days, not {found}")]
    WindowLength {
        /// How many days the window has.
        found: u16,
        /// How many days the policy says.
        needed: u16,
    },
    /// The clock stepped back.
    #[error("the clock went backwards, from {latest} to {today}")]
    ClockBackwards {
        /// The day that it shows.
        today: Day,
        /// The latest day that it has shown.
        latest: Day,
    },
}

/// The network's daily revenue in US dollars over the last days, for a rolling average.
///
/// Seed 001, "Dynamic Revenue Split Schedule": "measured as a 30-day rolling average". What counts is a day's charges less
/// what was refunded on that day, so money that goes in a circle adds nothing and a day may be negative. Payments in
/// SWAN are converted by their stamped rate before they get here.
///
/// The average is always over the whole window: a day without a report, and one before the network began, counts as
/// zero, so that no network jumps a phase by one good day. The day that is not over does not count.
///
/// ```
/// use swan_core::{Day, split::RevenueWindow};
///
/// let mut window = RevenueWindow::new(30);
/// let today: Day = "2026-05-02".parse()?;
/// window.report("2026-05-01".parse()?, "3000".parse()?, today)?;
/// assert_eq!(window.average(today)?, "100".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct RevenueWindow {
    length_days: u16,
    latest: Day,
    totals: BTreeMap<Day, Amount>,
}

/// A window as it is read, before it is believed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    length_days: u16,
    latest: Day,
    totals: BTreeMap<Day, Amount>,
}

impl TryFrom<Stored> for RevenueWindow {
    type Error = RevenueError;

    fn try_from(stored: Stored) -> Result<Self, RevenueError> {
        let mut window = Self::new(stored.length_days);
        window.latest = stored.latest;
        for (day, total) in stored.totals {
            window.report(day, total, stored.latest)?;
        }
        Ok(window)
    }
}

impl RevenueWindow {
    /// An empty window of so many days; a window of none counts as one day.
    #[must_use]
    pub fn new(length_days: u16) -> Self {
        Self {
            length_days: length_days.max(1),
            latest: Day::default(),
            totals: BTreeMap::new(),
        }
    }

    /// How many days the average is over.
    #[must_use]
    pub const fn length_days(&self) -> u16 {
        self.length_days
    }

    /// Takes the revenue of a day that is over. Days may come in any order, each once.
    ///
    /// # Errors
    ///
    /// [`RevenueError`] for a day that is not over, was reported before or no longer counts, and for a clock that went
    /// backwards; the window then stays as it was.
    pub fn report(&mut self, day: Day, revenue: Amount, today: Day) -> Result<(), RevenueError> {
        let first = self.first(today)?;
        if day >= today {
            return Err(RevenueError::Unfinished { day, today });
        }
        if day < first {
            return Err(RevenueError::TooOld { day, first });
        }
        if self.totals.contains_key(&day) {
            return Err(RevenueError::Duplicate { day });
        }
        self.totals = self.totals.split_off(&first);
        self.totals.insert(day, revenue);
        self.latest = today;
        Ok(())
    }

    /// The average of a day, in US dollars, for the days before `today`; rounded half to even for people to read.
    ///
    /// Thresholds are compared with the exact sum instead.
    ///
    /// # Errors
    ///
    /// [`RevenueError::ClockBackwards`] when `today` lies before the latest day that a report came on.
    pub fn average(&self, today: Day) -> Result<Amount, RevenueError> {
        let sum = self.sum_pico(today)?;
        let rounded = half_to_even(sum.unsigned_abs(), u128::from(self.length_days()));
        // An average of amounts is an amount, so this cannot fail.
        Ok(Amount::from_magnitude(rounded.unwrap_or(0), sum < 0).unwrap_or_default())
    }

    /// Whether the exact average lies below `usd` (negative), at it (zero) or above it (positive).
    pub(crate) fn compare(
        &self,
        today: Day,
        usd: Amount,
    ) -> Result<std::cmp::Ordering, RevenueError> {
        let needed = usd.pico() * i128::from(self.length_days());
        Ok(self.sum_pico(today)?.cmp(&needed))
    }

    /// The days in the window that have a report.
    #[must_use]
    pub fn reported_days(&self, today: Day) -> usize {
        self.first(today)
            .map_or(0, |first| self.totals.range(first..today).count())
    }

    fn sum_pico(&self, today: Day) -> Result<i128, RevenueError> {
        let first = self.first(today)?;
        Ok(self
            .totals
            .range(first..today)
            .map(|(_, total)| total.pico())
            .sum())
    }

    fn first(&self, today: Day) -> Result<Day, RevenueError> {
        if today < self.latest {
            let latest = self.latest;
            return Err(RevenueError::ClockBackwards { today, latest });
        }
        let days = today
            .as_days()
            .saturating_sub(u32::from(self.length_days()));
        Ok(Day::from_days(days))
    }
}
