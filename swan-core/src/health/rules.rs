use std::time::Duration;

use super::outlier::longer_each_time;
use super::{Backoff, BreakerConfig, HalfLives};
use crate::BasisPoints;

/// When providers are held off and how they come back: a policy's `[health]`, checked. Seed 001, "Health Monitoring", asks for
/// "configurable thresholds" and names none, so all numbers are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthRules {
    pub(super) breaker: BreakerConfig,
    pub(super) half_lives: HalfLives,
    pub(super) backoff: Backoff,
    pub(super) window: Duration,
    pub(super) outlier_deviations_permille: u32,
    pub(super) outlier_floor: BasisPoints,
    pub(super) outlier_volume: u64,
    pub(super) outlier_providers: usize,
    pub(super) outlier_share: BasisPoints,
    pub(super) outlier_base: Duration,
    pub(super) outlier_most: Duration,
    pub(super) warm_after: Duration,
    pub(super) warm_requests: u32,
    pub(super) cold_after: Duration,
    pub(super) cold_weight_permille: u16,
}

impl HealthRules {
    /// When a breaker opens, and how it tries again.
    #[must_use]
    pub const fn breaker(&self) -> BreakerConfig {
        self.breaker
    }

    /// How fast an average of latencies comes down.
    #[must_use]
    pub const fn half_lives(&self) -> HalfLives {
        self.half_lives
    }

    /// How long to wait before trying again.
    #[must_use]
    pub const fn backoff(&self) -> Backoff {
        self.backoff
    }

    /// The span over which success is counted.
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// Standard deviations below the mean beyond which a provider is an outlier, in thousandths.
    #[must_use]
    pub const fn outlier_deviations_permille(&self) -> u32 {
        self.outlier_deviations_permille
    }

    /// The success below which a provider is an outlier whatever the others do.
    #[must_use]
    pub const fn outlier_floor(&self) -> BasisPoints {
        self.outlier_floor
    }

    /// Requests in the window below which nobody is judged.
    #[must_use]
    pub const fn outlier_volume(&self) -> u64 {
        self.outlier_volume
    }

    /// Providers with enough requests below which nobody is compared with the mean.
    #[must_use]
    pub const fn outlier_providers(&self) -> usize {
        self.outlier_providers
    }

    /// How many of `providers` may be out at once: the policy's share, rounded down.
    #[must_use]
    pub fn outliers_at_most(&self, providers: usize) -> usize {
        let share = usize::from(self.outlier_share.get());
        // Whole thousands first, so that no number of providers overflows.
        (providers / 10_000).saturating_mul(share) + providers % 10_000 * share / 10_000
    }

    /// How long a provider is out the `times`-th time in a row.
    #[must_use]
    pub fn outlier_ejection(&self, times: u32) -> Duration {
        longer_each_time(self.outlier_base, times, self.outlier_most)
    }

    /// How long a warm-up takes at least.
    #[must_use]
    pub const fn warm_after(&self) -> Duration {
        self.warm_after
    }

    /// Requests that a warm-up takes at least.
    #[must_use]
    pub const fn warm_requests(&self) -> u32 {
        self.warm_requests
    }

    /// Time without use after which a model may have been unloaded.
    #[must_use]
    pub const fn cold_after(&self) -> Duration {
        self.cold_after
    }

    /// The part of a cold provider's capacity that counts, out of a thousand.
    #[must_use]
    pub const fn cold_weight_permille(&self) -> u16 {
        self.cold_weight_permille
    }
}
