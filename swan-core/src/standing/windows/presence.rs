use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::hours::{Hours, Stretch};
use crate::Timestamp;
use crate::standing::Rate;

/// When this hub was away itself: nobody's uptime suffers for it. One for all providers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubAway {
    hours: Hours,
    until: Timestamp,
}

impl HubAway {
    /// A hub that was never away.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that the hub was away from `from` to `to`; what was noted before counts once.
    pub fn note(&mut self, from: Timestamp, to: Timestamp) {
        self.hours.add_span(from.max(self.until), to);
        self.until = self.until.max(to);
    }
}

/// When a provider was there over the last 30 days, by the hour.
///
/// Time is kept to the millisecond; only the far edge of a window is coarse, since it moves up to the start of an hour: at most one
/// hour of 30 days (0.14 %) or of 7 days (0.6 %) is left out. It takes at most 721 entries of 16 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    hours: Hours,
    /// Until when presence is counted; earlier reports add nothing, so several connections count once.
    until: Timestamp,
}

/// Over which time uptime is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "plain arguments")]
pub struct UptimeWindow {
    /// How far back, 30 days at most.
    pub window: Duration,
    /// Time before this does not count: registration, or [`Standing::required_since`](crate::standing::Standing::required_since).
    pub since: Timestamp,
    /// With less time seen than this there is no answer.
    pub least: Duration,
}

impl Presence {
    /// A provider that has not been seen.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A sign of life at `at`: the time since the last one counts, unless that is longer ago than `patience` (a provider is taken
    /// for dead after 90 seconds without heartbeat).
    pub fn heartbeat(&mut self, at: Timestamp, patience: Duration) {
        if at.since(self.until) <= patience {
            self.note(self.until, at);
        }
        self.until = self.until.max(at);
    }

    /// Notes that the provider was there from `from` to `to`; spans come in order, and what was noted before counts once.
    pub fn note(&mut self, from: Timestamp, to: Timestamp) {
        self.hours.add_span(from.max(self.until), to);
        self.until = self.until.max(to);
    }

    /// The time that the provider was there, of the time that it could have been, in milliseconds.
    ///
    /// Neither time before `since` nor time in which the hub was away counts. `None` when less than `least` is left.
    #[must_use]
    pub fn uptime(&self, now: Timestamp, over: &UptimeWindow, away: &HubAway) -> Option<Rate> {
        let stretch = Stretch::new(now, over.window, over.since);
        let gone: u64 = away
            .hours
            .between(stretch.from, stretch.to)
            .map(|(hour, gone, _)| gone.min(stretch.of_hour(hour)))
            .sum();
        let possible = stretch.millis().saturating_sub(gone);
        if u128::from(possible) < over.least.as_millis() {
            return None;
        }
        let present: u64 = self
            .hours
            .between(stretch.from, stretch.to)
            .map(|(hour, present, _)| {
                let whole = stretch.of_hour(hour);
                present.min(whole.saturating_sub(away.hours.in_hour(hour)))
            })
            .sum();
        Rate::new(present.min(possible), possible)
    }
}
