//! How long models have taken of late to show their first content: after how much of that a second provider is worth asking.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use swan_core::ModelId;

/// Models whose times are kept; those beyond have none while so many others are in use.
const MODELS_MAX: usize = 1_024;
/// Fewer times than these say nothing about a tail.
const FEW: u32 = 50;
/// From so many on the older ones count half, so that what was once so is forgotten.
const MANY: u32 = 2_048;
/// After how many further times a percentile is computed anew.
const ANEW: u32 = 32;

/// Buckets of a power of two: a percentile is an eighth too long at most.
const PARTS: usize = 8;
/// Enough for a quarter of an hour.
const BUCKETS: usize = 18 * PARTS;
const LONGEST_MS: u64 = (1 << 20) - 1;

/// The times of all models.
#[derive(Debug, Default)]
pub(super) struct FirstTokens {
    models: ArcSwap<HashMap<ModelId, Arc<Times>>>,
    adding: Mutex<()>,
}

impl FirstTokens {
    /// The times of `model`.
    pub(super) fn of(&self, model: &ModelId) -> Option<Arc<Times>> {
        if let Some(times) = self.models.load().get(model) {
            return Some(Arc::clone(times));
        }
        let _turn = self.adding.lock();
        let mut models = HashMap::clone(&self.models.load());
        if models.len() >= MODELS_MAX {
            models.retain(|_, times| times.count.load(Ordering::Relaxed) >= FEW);
        }
        if models.len() >= MODELS_MAX {
            return None;
        }
        let times = Arc::clone(models.entry(model.clone()).or_default());
        self.models.store(Arc::new(models));
        Some(times)
    }
}

/// The times of one model, counted by their length.
#[derive(Debug)]
pub(super) struct Times {
    buckets: [AtomicU32; BUCKETS],
    count: AtomicU32,
    /// The percentile that was computed last, in the upper half, and its milliseconds; 0 when there is none.
    known: AtomicU64,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            buckets: [const { AtomicU32::new(0) }; BUCKETS],
            count: AtomicU32::new(0),
            known: AtomicU64::new(0),
        }
    }
}

impl Times {
    /// Counts one.
    pub(super) fn observe(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(LONGEST_MS);
        if let Some(bucket) = self.buckets.get(bucket_of(ms.min(LONGEST_MS))) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if count == MANY {
            self.halve();
        }
        if count.is_multiple_of(ANEW) {
            self.known.store(0, Ordering::Relaxed);
        }
    }

    /// What so many of a hundred took at most, unless too few are known.
    pub(super) fn percentile(&self, percent: u8) -> Option<Duration> {
        let count = self.count.load(Ordering::Relaxed);
        if count < FEW {
            return None;
        }
        let known = self.known.load(Ordering::Relaxed);
        let ms = if known >> 32 == u64::from(percent) && known > 0 {
            known & u64::from(u32::MAX)
        } else {
            let ms = self.compute(percent);
            let pair = u64::from(percent) << 32 | ms;
            self.known.store(pair, Ordering::Relaxed);
            ms
        };
        Some(Duration::from_millis(ms))
    }

    fn compute(&self, percent: u8) -> u64 {
        let counts = || self.buckets.iter().map(|it| it.load(Ordering::Relaxed));
        let all: u64 = counts().map(u64::from).sum();
        let wanted = (all * u64::from(percent)).div_ceil(100);
        let mut seen = 0;
        let position = counts().position(|count| {
            seen += u64::from(count);
            seen >= wanted
        });
        end_of(position.unwrap_or(BUCKETS - 1))
    }

    fn halve(&self) {
        let mut left = 0;
        for bucket in &self.buckets {
            let half = bucket.load(Ordering::Relaxed) / 2;
            left += bucket.fetch_sub(half, Ordering::Relaxed) - half;
        }
        // Those that are counted at this very moment may be missed, which does not matter.
        self.count.store(left.max(FEW), Ordering::Relaxed);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "20 bits at most")]
const fn bucket_of(ms: u64) -> usize {
    if ms < PARTS as u64 {
        return ms as usize;
    }
    let shift = ms.ilog2() as usize - 3;
    (shift + 1) * PARTS + ((ms >> shift) as usize & (PARTS - 1))
}

/// The first millisecond beyond a bucket.
const fn end_of(bucket: usize) -> u64 {
    if bucket < PARTS {
        return bucket as u64 + 1;
    }
    let (shift, part) = (bucket / PARTS - 1, bucket % PARTS);
    ((PARTS + part + 1) as u64) << shift
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn each_time_has_a_bucket_whose_end_is_an_eighth_away_at_most() {
        for time in 0..=LONGEST_MS {
            let (bucket, end) = (bucket_of(time), end_of(bucket_of(time)));
            assert!(
                bucket < BUCKETS && end > time,
                "{time}: {bucket} ends at {end}"
            );
            assert!(end - time <= (time / 8).max(1), "{time}: {end}");
        }
    }

    #[test]
    fn a_percentile_is_known_once_there_are_enough_and_follows_what_changes() {
        let times = Times::default();
        for _ in 1..FEW {
            times.observe(ms(100));
        }
        assert_eq!(times.percentile(95), None);
        times.observe(ms(100));
        assert_eq!(times.percentile(95), Some(ms(104)));
        // One in ten takes a second.
        for time in 0..1_000 {
            times.observe(ms(if time % 10 == 0 { 1_000 } else { 100 }));
        }
        assert_eq!(times.percentile(85), Some(ms(104)));
        assert_eq!(times.percentile(95), Some(ms(1_024)));
        for _ in 0..20 * MANY {
            times.observe(ms(20));
        }
        assert_eq!(times.percentile(99), Some(ms(22)), "the past is forgotten");
        times.observe(Duration::MAX);
        assert_eq!(times.percentile(50), Some(ms(22)));
    }

    #[test]
    fn no_more_models_are_kept_than_may_be_and_those_in_use_stay() {
        let kept = FirstTokens::default();
        let model = |number: usize| format!("m/{number}").parse().unwrap();
        let used = kept.of(&model(0)).unwrap();
        (0..FEW).for_each(|_| used.observe(ms(5)));
        for number in 1..3 * MODELS_MAX {
            assert!(kept.of(&model(number)).is_some());
            assert!(kept.models.load().len() <= MODELS_MAX);
        }
        assert!(kept.of(&model(0)).unwrap().percentile(50).is_some());
    }
}
