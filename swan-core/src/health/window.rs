use std::time::Duration;

use crate::Timestamp;

/// How many served and how many failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two counts")]
pub struct Tally {
    /// Requests that went well.
    pub served: u32,
    /// Requests that failed, and the provider was to blame.
    pub failed: u32,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub const fn total(self) -> u64 {
        // Two halves of 64 bits cannot overflow.
        self.served as u64 + self.failed as u64
    }

    /// Requests out of a million that went well, rounded down; `None` without any.
    #[must_use]
    pub fn success_ppm(self) -> Option<u32> {
        let served = u64::from(self.served) * 1_000_000;
        u32::try_from(served.checked_div(self.total())?).ok()
    }
}

/// Exact counts over the last span of time, in ten parts that are forgotten one by one.
///
/// A moving average would do with less memory, but cannot say how many requests it stands for, and nobody should be judged by
/// two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuccessWindow {
    /// The part that began last, counted from the epoch.
    latest: u64,
    parts: [Tally; PARTS],
}

const PARTS: usize = 10;

impl SuccessWindow {
    /// Nothing counted.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            latest: 0,
            parts: [Tally {
                served: 0,
                failed: 0,
            }; PARTS],
        }
    }

    /// Counts one request. A clock that went back counts into the latest part.
    pub fn record(&mut self, served: bool, now: Timestamp, span: Duration) {
        let part = part(now, span).max(self.latest);
        for gone in self.gone(part) {
            if let Some(tally) = self.parts.get_mut(gone) {
                *tally = Tally::default();
            }
        }
        self.latest = part;
        if let Some(tally) = self.parts.get_mut(slot(part)) {
            let count = if served {
                &mut tally.served
            } else {
                &mut tally.failed
            };
            *count = count.saturating_add(1);
        }
    }

    /// What was counted in the last span.
    #[must_use]
    pub fn tally(&self, now: Timestamp, span: Duration) -> Tally {
        let mut parts = self.parts;
        for gone in self.gone(part(now, span).max(self.latest)) {
            if let Some(tally) = parts.get_mut(gone) {
                *tally = Tally::default();
            }
        }
        parts.iter().fold(Tally::default(), |sum, part| Tally {
            served: sum.served.saturating_add(part.served),
            failed: sum.failed.saturating_add(part.failed),
        })
    }

    /// The places of the parts that are over when `part` begins.
    fn gone(&self, part: u64) -> impl Iterator<Item = usize> + use<> {
        let latest = self.latest;
        let passed = part.saturating_sub(latest).min(PARTS as u64);
        (1..=passed).map(move |step| slot(latest.wrapping_add(step)))
    }
}

impl Default for SuccessWindow {
    fn default() -> Self {
        Self::new()
    }
}

fn part(now: Timestamp, span: Duration) -> u64 {
    let tenth = u64::try_from(span.as_millis() / PARTS as u128).unwrap_or(u64::MAX);
    now.as_millis() / tenth.max(1)
}

fn slot(part: u64) -> usize {
    usize::try_from(part % PARTS as u64).unwrap_or(0)
}
