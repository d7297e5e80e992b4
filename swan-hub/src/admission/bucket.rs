//! One rate, as the time until which it is used up (GCRA): a single atomic, so that requests of one key never wait for
//! each other.

use std::sync::atomic::{AtomicU64, Ordering};

/// What fills in one window, in nanoseconds: limits count per minute.
pub(super) const WINDOW: u64 = 60_000_000_000;

/// A bucket that holds a minute's worth and fills evenly. Times are nanoseconds of a clock that never goes back.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// When the bucket is full again.
    full_at: AtomicU64,
}

/// What is left in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// Nanoseconds until all of the limit is there again.
    pub(crate) full_in: u64,
}

/// How long `count` units take to fill at `limit` a minute; rounded down, so that a minute's worth fits into a minute.
fn nanos(count: u64, limit: u64) -> u64 {
    let exact = u128::from(count) * u128::from(WINDOW) / u128::from(limit.max(1));
    u64::try_from(exact).unwrap_or(u64::MAX)
}

impl Bucket {
    /// Takes `count` units, or tells how many nanoseconds to wait for them.
    ///
    /// More than the bucket ever holds is let through when it is full, and paid back before anything else is: a request
    /// that is larger than the limit is slow, not impossible.
    pub(super) fn take(&self, now: u64, count: u64, limit: u64) -> Result<(), u64> {
        let cost = nanos(count, limit);
        let needed = cost.min(WINDOW);
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            let from = full_at.max(now);
            let over = (from - now).saturating_add(needed);
            if over > WINDOW {
                return Err(over - WINDOW);
            }
            let next = from.saturating_add(cost);
            match self.full_at.compare_exchange_weak(
                full_at,
                next,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(other) => full_at = other,
            }
        }
    }

    /// Gives back units that were taken and not used.
    pub(super) fn give_back(&self, count: u64, limit: u64) {
        let cost = nanos(count, limit);
        self.change(|full_at| full_at.saturating_sub(cost));
    }

    /// Takes units that were used beyond what was taken, whether they are there or not.
    pub(super) fn owe(&self, now: u64, count: u64, limit: u64) {
        let cost = nanos(count, limit);
        self.change(|full_at| full_at.max(now).saturating_add(cost));
    }

    /// Carries what has been used over to another limit.
    pub(super) fn rescale(&self, now: u64, from: u64, to: u64) {
        self.change(|full_at| {
            let used = u128::from(full_at.saturating_sub(now)) * u128::from(from);
            let used = u64::try_from(used / u128::from(to.max(1))).unwrap_or(u64::MAX);
            now.saturating_add(used)
        });
    }

    pub(super) fn level(&self, now: u64, limit: u64) -> Level {
        let full_in = self.full_at.load(Ordering::Relaxed).saturating_sub(now);
        // What is still missing counts as used, so that nobody is promised a unit that is not there.
        let used = (u128::from(full_in) * u128::from(limit)).div_ceil(u128::from(WINDOW));
        let used = u64::try_from(used).unwrap_or(u64::MAX);
        Level {
            limit,
            remaining: limit.saturating_sub(used),
            full_in,
        }
    }

    fn change(&self, to: impl Fn(u64) -> u64) {
        // The closure always answers, so this cannot fail.
        let _ = self
            .full_at
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |now| Some(to(now)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_minutes_worth_goes_at_once_and_then_as_it_fills() {
        for limit in [1, 3, 7, 60, 200, 9_973] {
            let bucket = Bucket::default();
            let start = 5 * SECOND;
            for left in (0..limit).rev() {
                assert_eq!(bucket.take(start, 1, limit), Ok(()), "{limit}");
                assert_eq!(bucket.level(start, limit).remaining, left, "{limit}");
            }
            let wait = bucket.take(start, 1, limit).unwrap_err();
            assert!(wait <= WINDOW / limit, "{limit}: {wait}");
            assert_eq!(bucket.take(start + wait, 1, limit), Ok(()), "{limit}");
            assert!(bucket.take(start + wait, 1, limit).is_err(), "{limit}");
            let later = start + 2 * WINDOW;
            assert_eq!(bucket.level(later, limit).remaining, limit);
        }
    }

    #[test]
    fn what_is_larger_than_the_bucket_waits_for_a_full_one_and_is_paid_back() {
        let bucket = Bucket::default();
        assert_eq!(bucket.take(SECOND, 10, 1_000), Ok(()));
        assert!(bucket.take(SECOND, 5_000, 1_000).is_err());
        let full = SECOND + 600_000_000;
        assert_eq!(bucket.take(full, 5_000, 1_000), Ok(()));
        let level = bucket.level(full, 1_000);
        assert_eq!((level.remaining, level.full_in), (0, 5 * WINDOW));
        assert!(bucket.take(full + 4 * WINDOW, 1, 1_000).is_err());
        bucket.give_back(4_900, 1_000);
        assert_eq!(bucket.level(full, 1_000).remaining, 900);
    }

    #[test]
    fn another_limit_keeps_what_was_used() {
        let bucket = Bucket::default();
        bucket.take(SECOND, 50, 100).unwrap();
        bucket.rescale(SECOND, 100, 200);
        assert_eq!(bucket.level(SECOND, 200).remaining, 150);
        bucket.rescale(SECOND, 200, 60);
        assert_eq!(bucket.level(SECOND, 60).remaining, 10);
    }

    proptest! {
        /// From any moment on, a time lets through at most what was there and what fills in it, whatever is given back.
        #[test]
        fn no_more_goes_through_than_fills(
            limit in 1_u64..5_000,
            steps in prop::collection::vec((0_u64..3 * SECOND, 1_u64..400, 0_u64..=800), 1..200),
        ) {
            let bucket = Bucket::default();
            let (mut now, mut used) = (7 * SECOND, 0_u64);
            let begin = now;
            for (pause, asked, really) in steps {
                now += pause;
                let before = bucket.level(now, limit);
                if bucket.take(now, asked, limit).is_ok() {
                    prop_assert!(before.remaining >= asked.min(limit));
                    if really > asked {
                        bucket.owe(now, really - asked, limit);
                    } else {
                        bucket.give_back(asked - really, limit);
                    }
                    used += really;
                    let filled = limit + limit * (now - begin) / WINDOW + 1;
                    // The last one may go beyond, and is paid back before the next.
                    prop_assert!(used <= filled + really.max(asked), "{used} of {filled}");
                }
            }
        }
    }
}
