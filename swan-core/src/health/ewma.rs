use std::time::Duration;

use crate::Timestamp;

/// An average of latencies that jumps up at once and comes down slowly (peak-sensitive, after Finagle's Peak EWMA).
///
/// A new observation above the average becomes the average; one below pulls it down by half the difference for each half-life
/// that has passed since the last. Without observations it halves in each forgetting half-life, so that a provider which was
/// slow once and is therefore not chosen is some day tried again. In whole milliseconds and integers: between whole half-lives the
/// decay is interpolated linearly, which lies at most 6.1 % above the exact curve, and never rises with time.
///
/// ```
/// use std::time::Duration;
/// use swan_core::Timestamp;
/// use swan_core::health::{HalfLives, PeakEwma};
///
/// let lives = HalfLives { news: Duration::from_secs(10), silence: Duration::from_secs(300) };
/// let at = |secs: u64| Timestamp::from_millis(secs * 1_000);
/// let ewma = PeakEwma::first(200, at(0)).observe(1_000, at(1), &lives);
/// assert_eq!(ewma.at(at(1), &lives), 1_000, "a peak counts at once");
/// assert_eq!(ewma.observe(200, at(11), &lives).at(at(11), &lives), 600, "and half of it is gone after a half-life");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a shell keeps its two numbers in atomics of its own"
)]
pub struct PeakEwma {
    /// The average at the last observation, in milliseconds.
    pub ms: u64,
    /// When that was.
    pub observed: Timestamp,
}

/// How fast a [`PeakEwma`] comes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two spans")]
pub struct HalfLives {
    /// While lower latencies are observed.
    pub news: Duration,
    /// While nothing is.
    pub silence: Duration,
}

impl PeakEwma {
    /// The average of one observation.
    #[must_use]
    pub const fn first(ms: u64, now: Timestamp) -> Self {
        Self { ms, observed: now }
    }

    /// The average after one more observation. A clock that went back counts as no time passed.
    #[must_use]
    pub fn observe(self, ms: u64, now: Timestamp, lives: &HalfLives) -> Self {
        let elapsed = now.since(self.observed);
        let kept = decayed(self.ms.saturating_sub(ms), elapsed, lives.news);
        Self {
            ms: ms.saturating_add(kept),
            observed: now,
        }
    }

    /// The average as it counts now.
    #[must_use]
    pub fn at(self, now: Timestamp, lives: &HalfLives) -> u64 {
        decayed(self.ms, now.since(self.observed), lives.silence)
    }
}

/// What is left of `value` after `elapsed`; a half-life below a millisecond counts as one.
fn decayed(value: u64, elapsed: Duration, half_life: Duration) -> u64 {
    let half_life = half_life.as_millis().max(1);
    let elapsed = elapsed.as_millis();
    let Ok(halvings) = u32::try_from(elapsed / half_life) else {
        return 0;
    };
    // From one whole half-life to the next it falls linearly by half: value * (1 - rest / (2 * half_life)).
    let rest = elapsed % half_life;
    let left = u128::from(value) * (2 * half_life - rest) / (2 * half_life);
    u64::try_from(left.checked_shr(halvings).unwrap_or(0)).unwrap_or(u64::MAX)
}
