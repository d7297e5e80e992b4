use std::time::Duration;

use crate::Rng;

/// How long to wait before trying again: exponential with full jitter, so that many who failed together do not come back
/// together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two spans")]
pub struct Backoff {
    /// The longest wait before the first further try.
    pub base: Duration,
    /// The longest wait ever.
    pub cap: Duration,
}

impl Backoff {
    /// The longest wait after `failures` failures in a row: the base, doubled for each after the first, the cap at most.
    #[must_use]
    pub fn ceiling(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1);
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// A wait between nothing and [`ceiling`](Self::ceiling), each whole millisecond equally likely; none without a failure.
    pub fn wait(&self, failures: u32, rng: &mut dyn Rng) -> Duration {
        if failures == 0 {
            return Duration::ZERO;
        }
        let ceiling = u64::try_from(self.ceiling(failures).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(rng.below(ceiling.saturating_add(1)))
    }
}
