use std::time::Duration;

use serde::Deserialize;

use super::rules::{BenchmarkRules, LatencyOf};
use crate::PolicyError;
use crate::policy::check::{days, hours, points, within};

/// `[benchmark]` of a policy document, before it is believed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    math_least_bps: u64,
    code_least_bps: u64,
    latency_most_ms: u64,
    latency_of: LatencyOf,
    latency_share_least_bps: u64,
    confidence_z_permille: u64,
    samples_least: u64,
    samples_most: u64,
    ungradable_most: u64,
    window_hours: u64,
    rounds_least: u64,
    rounds_most: u64,
    items_a_round: u64,
    first_within_minutes: u64,
    expires_days: u64,
}

impl Section {
    pub(crate) fn check(&self) -> Result<BenchmarkRules, PolicyError> {
        let least = within("benchmark.samples_least", self.samples_least, 1, 1_000)?;
        let rounds_least = within("benchmark.rounds_least", self.rounds_least, 1, 24)?;
        Ok(BenchmarkRules {
            math_least: points("benchmark.math_least_bps", self.math_least_bps)?,
            code_least: points("benchmark.code_least_bps", self.code_least_bps)?,
            latency_most_ms: within(
                "benchmark.latency_most_ms",
                self.latency_most_ms,
                1,
                600_000,
            )?,
            latency_of: self.latency_of,
            latency_share_least: points(
                "benchmark.latency_share_least_bps",
                self.latency_share_least_bps,
            )?,
            z_permille: within(
                "benchmark.confidence_z_permille",
                self.confidence_z_permille,
                0,
                10_000,
            )?,
            samples_least: least,
            samples_most: within("benchmark.samples_most", self.samples_most, least, 10_000)?,
            ungradable_most: within("benchmark.ungradable_most", self.ungradable_most, 0, 1_000)?,
            window: hours("benchmark.window_hours", self.window_hours, 1, 24 * 30)?,
            rounds_least,
            rounds_most: within("benchmark.rounds_most", self.rounds_most, rounds_least, 24)?,
            items_a_round: within("benchmark.items_a_round", self.items_a_round, 2, 1_000)?,
            first_within: Duration::from_secs(
                60 * within(
                    "benchmark.first_within_minutes",
                    self.first_within_minutes,
                    1,
                    43_200,
                )?,
            ),
            expires: days("benchmark.expires_days", self.expires_days, 1, 3_650)?,
        })
    }
}
