use std::num::NonZeroU64;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::hours::{Hours, Stretch};
use crate::Timestamp;
use crate::standing::Rate;

/// How an attempt ended, as far as it tells about the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever records says which")]
pub enum Attempt {
    /// It went well.
    Succeeded,
    /// It failed, and the provider is to blame.
    ProviderFault,
    /// It failed, and the consumer is to blame, or hung up: it tells nothing about the provider.
    ConsumerFault,
    /// It failed, and the hub is to blame: it tells nothing about the provider.
    HubFault,
}

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

    /// Counts one attempt.
    pub fn record(&mut self, at: Timestamp, attempt: Attempt) {
        match attempt {
            Attempt::Succeeded => self.hours.add(at, 1, 0),
            Attempt::ProviderFault => self.hours.add(at, 0, 1),
            Attempt::ConsumerFault | Attempt::HubFault => {}
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
