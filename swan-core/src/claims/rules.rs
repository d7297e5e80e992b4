use crate::BasisPoints;

/// The checked rules of `[claims]`, all of which are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimRules {
    pub(super) tolerance: BasisPoints,
    pub(super) answers_least: u64,
    pub(super) peers_least: u64,
}

impl ClaimRules {
    /// How far above the median a provider's tokens a byte may lie.
    #[must_use]
    pub const fn tolerance(&self) -> BasisPoints {
        self.tolerance
    }

    /// Answers of a provider before it is compared at all, or counts for the median.
    #[must_use]
    pub const fn answers_least(&self) -> u64 {
        self.answers_least
    }

    /// Providers of the model with so many answers, before anybody is judged.
    #[must_use]
    pub const fn peers_least(&self) -> u64 {
        self.peers_least
    }
}
