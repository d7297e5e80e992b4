//! How much is asked of an account at an endpoint, so that the hub stops before the endpoint says 429.

use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use swan_core::Timestamp;

use super::config::ExternalLimits;

/// A minute in whole seconds, and one more: what happened at the end of the first second is a minute ago only at the end of the last.
const SLOTS: usize = 61;

/// The limits of one account, and what has been asked of it.
#[derive(Debug)]
pub(super) struct Pace {
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    total_capacity: Option<u32>,
    in_flight: AtomicU32,
    asked: Mutex<Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    requests: Minute,
    tokens: Minute,
}

impl Pace {
    pub(super) fn new(limits: &ExternalLimits) -> Self {
        Self {
            requests_per_minute: limits.requests_per_minute.map(u64::from),
            tokens_per_minute: limits.tokens_per_minute,
            total_capacity: limits.total_capacity,
            in_flight: AtomicU32::new(0),
            asked: Mutex::default(),
        }
    }

    /// Takes one of the places that all models share.
    pub(super) fn try_enter(&self) -> bool {
        let Some(total) = self.total_capacity else {
            return true;
        };
        self.in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |now| {
                (now < total).then_some(now + 1)
            })
            .is_ok()
    }

    /// Gives it back.
    pub(super) fn leave(&self) {
        if self.total_capacity.is_some() {
            self.in_flight.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Whether a request of so many tokens would be more than the account may do in a minute.
    pub(super) fn would_exceed(&self, tokens: u64, now: Timestamp) -> bool {
        self.is_full() || self.is_metered() && !self.has_room(&mut self.asked.lock(), tokens, now)
    }

    /// Counts a request of so many tokens, unless that is more than the account may do in a minute.
    pub(super) fn try_count(&self, tokens: u64, now: Timestamp) -> bool {
        if !self.is_metered() {
            return true;
        }
        let mut asked = self.asked.lock();
        let has_room = self.has_room(&mut asked, tokens, now);
        if has_room {
            asked.requests.add(1, now);
            asked.tokens.add(tokens, now);
        }
        has_room
    }

    const fn is_metered(&self) -> bool {
        self.requests_per_minute.is_some() || self.tokens_per_minute.is_some()
    }

    fn is_full(&self) -> bool {
        self.total_capacity
            .is_some_and(|total| self.in_flight.load(Ordering::Relaxed) >= total)
    }

    fn has_room(&self, asked: &mut Asked, tokens: u64, now: Timestamp) -> bool {
        let requests = asked.requests.total(now);
        let used = asked.tokens.total(now);
        let requests_fit = self.requests_per_minute.is_none_or(|most| requests < most);
        // One that is larger than a whole minute's worth goes alone: the estimate may be too high.
        let tokens_fit = self
            .tokens_per_minute
            .is_none_or(|most| used == 0 || used.saturating_add(tokens) <= most);
        requests_fit && tokens_fit
    }
}

/// A count over the last minute, to the second. Unlike a bucket that refills it never lets two minutes' worth through at once.
#[derive(Debug)]
struct Minute {
    slots: [u64; SLOTS],
    total: u64,
    /// The second that was counted in last.
    second: u64,
}

impl Default for Minute {
    fn default() -> Self {
        Self {
            slots: [0; SLOTS],
            total: 0,
            second: 0,
        }
    }
}

impl Minute {
    fn total(&mut self, now: Timestamp) -> u64 {
        self.advance(now);
        self.total
    }

    fn add(&mut self, count: u64, now: Timestamp) {
        self.advance(now);
        if let Some(slot) = self.slots.get_mut(slot_of(self.second)) {
            let before = *slot;
            *slot = before.saturating_add(count);
            self.total = self.total.saturating_add(*slot - before);
        }
    }

    fn advance(&mut self, now: Timestamp) {
        let now = now.as_secs();
        let passed = now.saturating_sub(self.second).min(SLOTS as u64);
        for second in now.saturating_sub(passed) + 1..=now {
            if let Some(slot) = self.slots.get_mut(slot_of(second)) {
                self.total = self.total.saturating_sub(*slot);
                *slot = 0;
            }
        }
        self.second = self.second.max(now);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a remainder of 61")]
const fn slot_of(second: u64) -> usize {
    (second % SLOTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000_900);

    fn pace(requests: Option<u32>, tokens: Option<u64>) -> Pace {
        Pace::new(&ExternalLimits {
            requests_per_minute: requests,
            tokens_per_minute: tokens,
            ..ExternalLimits::default()
        })
    }

    #[test]
    fn no_minute_has_more_than_its_requests() {
        let pace = pace(Some(3), None);
        let mut passed: Vec<u64> = Vec::new();
        for step in 0..2_000_u64 {
            let now = START.after(Duration::from_millis(step * 113));
            if pace.try_count(1, now) {
                passed.push(now.as_millis());
            }
        }
        for four in passed.windows(4) {
            assert!(four[3] - four[0] > 60_000, "{four:?}");
        }
        assert!(passed.len() >= 9, "the limit is used: {}", passed.len());
    }

    #[test]
    fn tokens_count_and_one_request_beyond_them_goes_alone() {
        let pace = pace(None, Some(100));
        assert!(pace.try_count(60, START));
        assert!(pace.would_exceed(41, START) && !pace.would_exceed(40, START));
        assert!(!pace.try_count(41, START) && pace.try_count(40, START));
        let later = START.after(Duration::from_secs(61));
        assert!(pace.try_count(5_000, later) && !pace.try_count(1, later));
    }

    #[test]
    fn without_limits_everything_passes() {
        let pace = pace(None, None);
        assert!((0..1_000).all(|_| pace.try_count(u64::MAX, START) && pace.try_enter()));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_back() {
        let pace = pace(Some(1), None);
        assert!(pace.try_count(1, START));
        assert!(!pace.try_count(1, Timestamp::from_millis(5)));
        assert!(!pace.try_count(1, START));
    }

    #[test]
    fn places_are_shared_and_given_back() {
        let pace = Pace::new(&ExternalLimits {
            total_capacity: Some(1),
            ..ExternalLimits::default()
        });
        assert!(pace.try_enter() && !pace.try_enter() && pace.would_exceed(0, START));
        pace.leave();
        assert!(!pace.would_exceed(0, START) && pace.try_enter());
    }
}
