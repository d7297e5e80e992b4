use serde::{Deserialize, Serialize};

use super::LeaderboardRules;
use crate::benchmark::Interval;
use crate::standing::Rate;
use crate::{BasisPoints, Fact, Grounds, PolicyStamp, ProviderId};

/// What is known of a provider, over the windows of its standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the hub measures and builds it")]
pub struct Performance {
    /// Who it is.
    pub provider: ProviderId,
    /// Milliseconds present of those that it could have been; `None` when too little is known.
    pub uptime: Option<Rate>,
    /// Attempts that went well of those that count.
    pub success: Option<Rate>,
    /// Its usual latency in milliseconds (the median, say) and of how many requests.
    pub latency: Option<Latency>,
}

/// A latency, and what it is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the hub measures and builds it")]
pub struct Latency {
    /// Milliseconds.
    pub millis: u64,
    /// The number of requests.
    pub samples: u64,
}

/// One part of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Part {
    /// How good it is as far as we can be sure.
    pub sure: BasisPoints,
    /// Its weight.
    pub weight: BasisPoints,
}

impl Part {
    /// What it adds to the score: the product, in units of 10^-8.
    #[must_use]
    pub fn points(self) -> u64 {
        u64::from(self.sure.get()) * u64::from(self.weight.get())
    }
}

/// A score with its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Score {
    /// Being there.
    pub availability: Part,
    /// Answering well.
    pub success: Part,
    /// Answering fast.
    pub latency: Part,
}

impl Score {
    /// The sum of the parts, 0 to 10^8.
    #[must_use]
    pub fn points(self) -> u64 {
        self.availability.points() + self.success.points() + self.latency.points()
    }

    /// Why the score is what it is.
    #[must_use]
    pub fn explain(self, policy: &PolicyStamp) -> Grounds {
        let fact = |name: &'static str, part: Part| {
            let Part { sure, weight } = part;
            Fact::new(name, format!("at least {sure} (weight {weight})"))
        };
        Grounds::new("Seed 001, Provider Leaderboard", policy.clone())
            .with(fact("availability", self.availability))
            .with(fact("success", self.success))
            .with(fact("latency", self.latency))
    }
}

impl LeaderboardRules {
    /// The score of a provider: availability, success and latency, each as far as one can be sure of it.
    ///
    /// Availability counts whole hours, since a machine that was there this second is no news about the next one. Success and
    /// availability count by the lower end of their Wilson interval. Latency counts `1 - latency / zero`, times the lower end of
    /// the interval of a share of which all samples are good. What is not known counts nothing.
    #[must_use]
    pub fn score(&self, performance: &Performance) -> Score {
        let sure = |good, of| Interval::wilson(good, of, self.z_permille).low;
        let hours = |millis: u64| millis / 3_600_000;
        let availability = performance.uptime.map_or(BasisPoints::ZERO, |rate| {
            sure(hours(rate.good()), hours(rate.of()))
        });
        let success = performance
            .success
            .map_or(BasisPoints::ZERO, |rate| sure(rate.good(), rate.of()));
        let latency = performance.latency.map_or(BasisPoints::ZERO, |latency| {
            let saved = u128::from(self.latency_zero_ms.saturating_sub(latency.millis));
            let known = u128::from(sure(latency.samples, latency.samples).get());
            let points = saved * known / u128::from(self.latency_zero_ms.max(1));
            u16::try_from(points).map_or(BasisPoints::WHOLE, BasisPoints::at_most_whole)
        });
        let part = |sure, weight| Part { sure, weight };
        Score {
            availability: part(availability, self.availability),
            success: part(success, self.success),
            latency: part(latency, self.latency),
        }
    }
}
