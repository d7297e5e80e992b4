use std::fmt;

use serde::{Deserialize, Serialize};

/// How a provider behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Behaviour {
    /// Serves the model that it declares.
    Honest,
    /// Serves a smaller model under the name of the declared one.
    Lazy,
    /// Serves the model and claims three times the tokens.
    Overclaiming,
    /// Serves what it takes for a benchmark and answers the rest with whatever costs nothing.
    BenchmarkOnly,
    /// Serves the model when it is there, and is often not there or fails.
    Flaky,
    /// Answers with whatever costs nothing, and comes back under a new name with new collateral whenever it is removed.
    Sybil,
}

impl Behaviour {
    /// All of them, the honest first.
    pub const ALL: [Self; 6] = [
        Self::Honest,
        Self::Lazy,
        Self::Overclaiming,
        Self::BenchmarkOnly,
        Self::Flaky,
        Self::Sybil,
    ];

    /// Its name as tables show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Lazy => "lazy",
            Self::Overclaiming => "overclaiming",
            Self::BenchmarkOnly => "benchmark-only",
            Self::Flaky => "flaky",
            Self::Sybil => "sybil",
        }
    }

    /// What it does, in numbers. They are assumptions: no seed and no measurement stands behind them.
    #[must_use]
    pub const fn conduct(self) -> Conduct {
        let honest = Conduct {
            right_bps: 7_500,
            recognises_bps: 0,
            right_when_recognised_bps: 7_500,
            served_bps: 9_950,
            online_bps: 9_900,
            outage_hours: 3,
            claims_permille: 1_000,
            cost_bps: 10_000,
            first_content_ms: 600,
            returns: false,
        };
        match self {
            Self::Honest => honest,
            Self::Lazy => Conduct {
                right_bps: 6_000,
                cost_bps: 3_000,
                first_content_ms: 300,
                ..honest
            },
            Self::Overclaiming => Conduct {
                claims_permille: 3_000,
                ..honest
            },
            Self::BenchmarkOnly => Conduct {
                right_bps: 500,
                recognises_bps: 2_000,
                cost_bps: 300,
                first_content_ms: 200,
                ..honest
            },
            Self::Flaky => Conduct {
                served_bps: 7_000,
                online_bps: 7_000,
                outage_hours: 12,
                ..honest
            },
            Self::Sybil => Conduct {
                right_bps: 500,
                cost_bps: 300,
                first_content_ms: 200,
                returns: true,
                ..honest
            },
        }
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a kind of provider does, in numbers; shares in basis points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "assumptions that whoever runs a simulation writes down"
)]
pub struct Conduct {
    /// Benchmark items that it answers rightly when it takes them for traffic.
    pub right_bps: u16,
    /// Benchmark items that it takes for what they are among its traffic. While it gets no traffic it takes all of them so.
    pub recognises_bps: u16,
    /// Of those, the share that it answers rightly.
    pub right_when_recognised_bps: u16,
    /// Requests that it answers at all.
    pub served_bps: u16,
    /// Hours that it is there.
    pub online_bps: u16,
    /// Hours that it is away at a time, on average.
    pub outage_hours: u32,
    /// Tokens that it claims, for a thousand that it writes.
    pub claims_permille: u32,
    /// What an answer costs it, against an honest provider's cost.
    pub cost_bps: u16,
    /// Its time to the first content, in milliseconds.
    pub first_content_ms: u64,
    /// Whether it comes back under a new name after a removal.
    pub returns: bool,
}
