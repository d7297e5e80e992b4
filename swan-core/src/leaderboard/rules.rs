use super::ReputationRules;
use crate::BasisPoints;
use crate::policy::PolicyError;

/// The checked `[leaderboard]` of a policy: Seed 001 names availability, success and latency; all numbers are ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderboardRules {
    pub(super) availability: BasisPoints,
    pub(super) success: BasisPoints,
    pub(super) latency: BasisPoints,
    pub(super) z_permille: u64,
    pub(super) latency_zero_ms: u64,
    pub(super) reputation: Option<ReputationRules>,
}

impl LeaderboardRules {
    /// The weight of availability in the score.
    #[must_use]
    pub const fn availability(&self) -> BasisPoints {
        self.availability
    }

    /// The weight of success in the score.
    #[must_use]
    pub const fn success(&self) -> BasisPoints {
        self.success
    }

    /// The weight of latency in the score.
    #[must_use]
    pub const fn latency(&self) -> BasisPoints {
        self.latency
    }

    /// How sure the ranking is, in thousandths of a standard deviation; 1,960 is 95 %.
    #[must_use]
    pub const fn z_permille(&self) -> u64 {
        self.z_permille
    }

    /// A latency from which on the part for latency is nothing, in milliseconds.
    #[must_use]
    pub const fn latency_zero_ms(&self) -> u64 {
        self.latency_zero_ms
    }

    /// The reputation of Swan 1.0.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Missing`] when the policy has no `[leaderboard.reputation]`.
    pub fn reputation(&self) -> Result<&ReputationRules, PolicyError> {
        self.reputation
            .as_ref()
            .ok_or_else(|| PolicyError::missing("leaderboard.reputation"))
    }
}
