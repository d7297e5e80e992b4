use std::num::NonZeroU64;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::hours::{Hours, Stretch};
use crate::Timestamp;
use crate::health::{Counts, Ending};
use crate::standing::Rate;

/// How a provider's attempts went over the last 30 days, by the hour; at most 721 entries.
///
/// Only successes and the provider's own faults count. The far edge of a window moves up to the start of an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    hours: Hours,
}

impl Attempts {
    /// A provider without attempts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one attempt as [its ending](Ending::verdict) counts for standing: what the consumer or the hub is to blame for tells
    /// nothing about the provider.
    pub fn record(&mut self, at: Timestamp, ending: Ending) {
        match ending.verdict().standing {
            Counts::Success => self.hours.add(at, 1, 0),
            Counts::Failure => self.hours.add(at, 0, 1),
            Counts::Neutral => {}
        }
    }

    /// Successes, of successes and the provider's own faults; `None` with fewer than `least` of them, so that one failure of one
    /// is not 0 %.
    #[must_use]
    pub fn success(&self, now: Timestamp, window: Duration, least: NonZeroU64) -> Option<Rate> {
        let stretch = Stretch::new(now, window, Timestamp::EPOCH);
        let (good, bad) = self
            .hours
            .between(stretch.from, stretch.to)
            .fold((0_u64, 0_u64), |(good, bad), (_, more_good, more_bad)| {
                (good + more_good, bad + more_bad)
            });
        Rate::new(good, good + bad).filter(|rate| rate.of() >= least.get())
    }
}
