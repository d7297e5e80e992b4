use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::money::BasisPoints;

/// Which time of an answer counts as its latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LatencyOf {
    /// From the dispatch to the first byte of content, of streamed answers; others give no sample of latency.
    FirstContent,
    /// From the dispatch to the end, of every answer.
    WholeAnswer,
}

/// The checked rules of `[benchmark]` (Seed 001, Quality Assurance; public record 3.5 and 3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchmarkRules {
    pub(super) math_least: BasisPoints,
    pub(super) code_least: BasisPoints,
    pub(super) latency_most_ms: u64,
    pub(super) latency_of: LatencyOf,
    pub(super) latency_share_least: BasisPoints,
    pub(super) z_permille: u64,
    pub(super) samples_least: u64,
    pub(super) samples_most: u64,
    pub(super) ungradable_most: u64,
    pub(super) window: Duration,
    pub(super) rounds_least: u64,
    pub(super) rounds_most: u64,
    pub(super) items_a_round: u64,
    pub(super) first_within: Duration,
    pub(super) expires: Duration,
}

impl BenchmarkRules {
    /// The share of mathematics items that must be right (Seed 001: 50 %).
    #[must_use]
    pub const fn math_least(&self) -> BasisPoints {
        self.math_least
    }

    /// The share of code items that must be right (Seed 001: 50 %).
    #[must_use]
    pub const fn code_least(&self) -> BasisPoints {
        self.code_least
    }

    /// The latency that answers may have, in milliseconds (Seed 001: 5,000).
    #[must_use]
    pub const fn latency_most_ms(&self) -> u64 {
        self.latency_most_ms
    }

    /// Which time of an answer is its latency.
    #[must_use]
    pub const fn latency_of(&self) -> LatencyOf {
        self.latency_of
    }

    /// The share of answers that must come within the latency: 5,000 basis points make it the median, 9,500 the 95th percentile.
    #[must_use]
    pub const fn latency_share_least(&self) -> BasisPoints {
        self.latency_share_least
    }

    /// Standard deviations of the confidence interval in thousandths: 1,960 for 95 %; 0 judges by the plain share.
    #[must_use]
    pub const fn z_permille(&self) -> u64 {
        self.z_permille
    }

    /// Samples of a test before it is judged at all.
    #[must_use]
    pub const fn samples_least(&self) -> u64 {
        self.samples_least
    }

    /// Samples of a test after which the plain share decides.
    #[must_use]
    pub const fn samples_most(&self) -> u64 {
        self.samples_most
    }

    /// Answers of one judgement that may be beyond the grader before more of them count as wrong.
    #[must_use]
    pub const fn ungradable_most(&self) -> u64 {
        self.ungradable_most
    }

    /// The span over which the items of the rounds are spread (Seed 001: 24 hours).
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// The fewest and the most rounds of a window (Seed 001: one; SIP-003: two to four).
    #[must_use]
    pub const fn rounds(&self) -> (u64, u64) {
        (self.rounds_least, self.rounds_most)
    }

    /// Items of one round.
    #[must_use]
    pub const fn items_a_round(&self) -> u64 {
        self.items_a_round
    }

    /// The span over which the first items of a new provider are spread.
    #[must_use]
    pub const fn first_within(&self) -> Duration {
        self.first_within
    }

    /// How long a pass is good for (Seed 001: 30 days).
    #[must_use]
    pub const fn expires(&self) -> Duration {
        self.expires
    }
}
