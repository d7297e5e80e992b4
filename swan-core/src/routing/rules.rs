use std::sync::Arc;

use super::{
    LeastConnections, PrefixAffinity, Ranked, RoundRobin, RoutingStrategy, SortBy, TwoChoices,
};
use crate::BasisPoints;

/// The strategies that a policy can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StrategyName {
    /// [`TwoChoices`].
    HealthAware,
    /// [`RoundRobin`].
    RoundRobin,
    /// [`LeastConnections`].
    LeastConnections,
    /// [`Ranked::by_price`].
    #[serde(alias = "lowest-price")]
    Price,
    /// [`Ranked`] by [`SortBy::Latency`].
    #[serde(alias = "lowest-latency")]
    Latency,
    /// [`Ranked`] by [`SortBy::Throughput`].
    #[serde(alias = "highest-throughput")]
    Throughput,
    /// [`PrefixAffinity`].
    PrefixAffinity,
}

/// How requests are routed: a policy's `[routing]`, checked. Strategies: Seed 001, "Health Monitoring", and public record 3.9; all
/// numbers are ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoutingRules {
    pub(super) strategy: StrategyName,
    pub(super) probe_share: BasisPoints,
    pub(super) affinity_load_permille: u32,
    pub(super) first_token_ceiling_ms: u64,
    pub(super) success_floor_permille: u16,
}

impl Default for RoutingRules {
    /// Those of Swan 2.0, for who has no policy at hand.
    fn default() -> Self {
        Self {
            strategy: StrategyName::HealthAware,
            probe_share: BasisPoints::new(200).unwrap_or(BasisPoints::ZERO),
            affinity_load_permille: 1_250,
            first_token_ceiling_ms: 600_000,
            success_floor_permille: 20,
        }
    }
}

impl RoutingRules {
    /// The strategy of the policy, with the policy's numbers.
    #[must_use]
    pub fn strategy(&self) -> Arc<dyn RoutingStrategy> {
        self.strategy_of(self.strategy)
    }

    /// Another strategy, with the policy's numbers.
    #[must_use]
    pub fn strategy_of(&self, name: StrategyName) -> Arc<dyn RoutingStrategy> {
        match name {
            StrategyName::HealthAware => Arc::new(TwoChoices::with_rules(self)),
            StrategyName::RoundRobin => Arc::new(RoundRobin::new()),
            StrategyName::LeastConnections => Arc::new(LeastConnections::new()),
            StrategyName::Price => Arc::new(Ranked::by_price(self)),
            StrategyName::Latency => Arc::new(Ranked::new(SortBy::Latency, self)),
            StrategyName::Throughput => Arc::new(Ranked::new(SortBy::Throughput, self)),
            StrategyName::PrefixAffinity => Arc::new(PrefixAffinity::new(self)),
        }
    }

    /// Which strategy that is.
    #[must_use]
    pub const fn strategy_name(&self) -> StrategyName {
        self.strategy
    }

    /// The share of requests that goes to cold and de-prioritised providers, to see how they do.
    #[must_use]
    pub const fn probe_share(&self) -> BasisPoints {
        self.probe_share
    }

    /// How far above its share of the load a provider may go for the sake of its cache, out of a thousand; 1,000 or more.
    #[must_use]
    pub const fn affinity_load_permille(&self) -> u32 {
        self.affinity_load_permille
    }

    /// The longest time to a first content that still counts, in milliseconds.
    #[must_use]
    pub const fn first_token_ceiling_ms(&self) -> u64 {
        self.first_token_ceiling_ms
    }

    /// The least success that is reckoned with, out of a thousand, so that who always fails is tried again some day.
    #[must_use]
    pub const fn success_floor_permille(&self) -> u16 {
        self.success_floor_permille
    }
}
