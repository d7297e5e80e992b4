use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

const HOUR_MS: u64 = 3_600_000;
/// 30 days of whole hours and the one that runs.
const MAX_HOURS: u64 = 721;

/// Two counts for each hour of the last 30 days in which there was something to count; at most 721 entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hours {
    /// In rising order of the hour since the epoch.
    counts: VecDeque<(u64, u32, u32)>,
}

impl Hours {
    /// Adds to the counts of the hour that `at` lies in; what is older than everything kept is dropped.
    pub(super) fn add(&mut self, at: Timestamp, first: u32, second: u32) {
        let hour = at.as_millis() / HOUR_MS;
        let place = self.counts.partition_point(|(known, ..)| *known < hour);
        match self.counts.get_mut(place) {
            Some((known, a, b)) if *known == hour => {
                *a = a.saturating_add(first);
                *b = b.saturating_add(second);
            }
            _ => self.counts.insert(place, (hour, first, second)),
        }
        let newest = self.counts.back().map_or(0, |(newest, ..)| *newest);
        while self
            .counts
            .front()
            .is_some_and(|(oldest, ..)| oldest + MAX_HOURS <= newest)
        {
            self.counts.pop_front();
        }
    }

    /// Adds the milliseconds of a span to the hours that it touches.
    pub(super) fn add_span(&mut self, from: Timestamp, to: Timestamp) {
        // Nothing older would be kept, and a span of years must not cost a loop over years.
        let oldest = (to.as_millis() / HOUR_MS).saturating_sub(MAX_HOURS - 1) * HOUR_MS;
        let mut at = from.as_millis().max(oldest);
        while at < to.as_millis() {
            let end = ((at / HOUR_MS) + 1)
                .saturating_mul(HOUR_MS)
                .min(to.as_millis());
            let part = u32::try_from(end - at).unwrap_or(u32::MAX);
            self.add(Timestamp::from_millis(at), part, 0);
            at = end;
        }
    }

    /// The counts of the hours from the one that `from` lies in to the one that `to` lies in.
    pub(super) fn between(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        let (first, last) = (from.as_millis() / HOUR_MS, to.as_millis() / HOUR_MS);
        let start = self.counts.partition_point(|(hour, ..)| *hour < first);
        self.counts
            .range(start..)
            .take_while(move |(hour, ..)| *hour <= last)
            .map(|(hour, a, b)| (*hour, u64::from(*a), u64::from(*b)))
    }

    pub(super) fn in_hour(&self, hour: u64) -> u64 {
        self.counts
            .binary_search_by_key(&hour, |(known, ..)| *known)
            .ok()
            .and_then(|place| self.counts.get(place))
            .map_or(0, |(_, a, _)| u64::from(*a))
    }
}

/// The stretch of time that a window covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Stretch {
    /// The last `window` before `now`, from the start of an hour on, and not before `since`.
    pub(super) fn new(now: Timestamp, window: Duration, since: Timestamp) -> Self {
        let window = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        let start = now.as_millis().saturating_sub(window);
        let whole = start.div_ceil(HOUR_MS).saturating_mul(HOUR_MS);
        Self {
            from: Timestamp::from_millis(whole).max(since).min(now),
            to: now,
        }
    }

    /// The milliseconds of `hour` that lie in it.
    pub(super) fn of_hour(self, hour: u64) -> u64 {
        let start = hour.saturating_mul(HOUR_MS);
        let end = start.saturating_add(HOUR_MS).min(self.to.as_millis());
        end.saturating_sub(start.max(self.from.as_millis()))
    }

    pub(super) fn millis(self) -> u64 {
        self.to.as_millis().saturating_sub(self.from.as_millis())
    }
}
