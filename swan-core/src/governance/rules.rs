use std::time::Duration;

use crate::{Amount, BasisPoints};

/// The rules by which the rules change: `[governance]` of a policy, checked.
///
/// Sources: SIP-003 in public record 3.5 (quorum of 10 % of stake, more than 50 % yes, 7 days of voting, 48 hours of
/// delay), Seed 001 (the 7 days), Seed 003 (stake to take part, rewards such as 1 % of the treasury).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GovernanceRules {
    pub(super) voting: Duration,
    pub(super) quorum: BasisPoints,
    pub(super) majority_above: BasisPoints,
    pub(super) delay: Duration,
    pub(super) execution: Duration,
    pub(super) unstake: Duration,
    pub(super) propose_min: Amount,
    pub(super) max_stakers: usize,
    pub(super) max_open_proposals: usize,
    pub(super) reward: BasisPoints,
    pub(super) reward_period: Duration,
    pub(super) protected: Vec<String>,
}

impl GovernanceRules {
    /// How long a proposal is open for votes.
    #[must_use]
    pub const fn voting(&self) -> Duration {
        self.voting
    }

    /// The least share of all stake that must vote, on whatever side.
    #[must_use]
    pub const fn quorum(&self) -> BasisPoints {
        self.quorum
    }

    /// The share of yes among yes and no that a passed proposal must exceed.
    #[must_use]
    pub const fn majority_above(&self) -> BasisPoints {
        self.majority_above
    }

    /// How long a passed proposal waits before it may be executed.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        self.delay
    }

    /// How long after its delay a passed proposal may be executed.
    #[must_use]
    pub const fn execution(&self) -> Duration {
        self.execution
    }

    /// How long tokens stay after they left the stake; never shorter than voting and delay together.
    #[must_use]
    pub const fn unstake(&self) -> Duration {
        self.unstake
    }

    /// The stake in SWAN that a proposal needs from its proposer.
    #[must_use]
    pub const fn propose_min(&self) -> Amount {
        self.propose_min
    }

    /// The most stakers at a time.
    #[must_use]
    pub const fn max_stakers(&self) -> usize {
        self.max_stakers
    }

    /// The most proposals that are voted on or wait to be executed at a time.
    #[must_use]
    pub const fn max_open_proposals(&self) -> usize {
        self.max_open_proposals
    }

    /// The share of the treasury that voters get in one period.
    #[must_use]
    pub const fn reward(&self) -> BasisPoints {
        self.reward
    }

    /// How long a period of rewards is.
    #[must_use]
    pub const fn reward_period(&self) -> Duration {
        self.reward_period
    }

    /// The protected key that a change of `key` touches: the key itself, what it is part of, or a part of it.
    #[must_use]
    pub fn protects(&self, key: &str) -> Option<&str> {
        let touched = self
            .protected
            .iter()
            .find(|protected| overlap(protected, key));
        touched.map(String::as_str)
    }
}

/// Whether one of two dotted keys is the other or part of it.
pub(super) fn overlap(a: &str, b: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    within(a, b) || within(b, a)
}
