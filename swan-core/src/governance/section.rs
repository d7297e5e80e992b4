use serde::Deserialize;

use super::GovernanceRules;
use crate::BasisPoints;
use crate::policy::{PolicyError, check};

/// `[governance]` of a policy document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GovernanceSection {
    voting_days: u64,
    quorum_bps: u64,
    majority_above_bps: u64,
    delay_hours: u64,
    execution_days: u64,
    unstake_days: u64,
    propose_min_swan: String,
    max_stakers: u64,
    max_open_proposals: u64,
    reward_bps: u64,
    reward_days: u64,
    protected: Vec<String>,
}

/// What no vote may reach by a change of parameters, or the rules of voting would not hold.
const ALWAYS_PROTECTED: [&str; 3] = ["version", "governance", "split.phase"];

impl GovernanceSection {
    pub(crate) fn check(&self) -> Result<GovernanceRules, PolicyError> {
        let voting = check::days("governance.voting_days", self.voting_days, 1, 366)?;
        let delay = check::hours("governance.delay_hours", self.delay_hours, 0, 8_784)?;
        let unstake = check::days("governance.unstake_days", self.unstake_days, 0, 3_660)?;
        if unstake < voting + delay {
            let rule = "who votes stays at stake until the vote takes effect: voting_days and delay_hours together";
            return Err(PolicyError::invalid(
                "governance.unstake_days",
                self.unstake_days,
                rule,
            ));
        }
        let majority = check::points("governance.majority_above_bps", self.majority_above_bps)?;
        if majority.complement().get() == 0 {
            let rule = "a vote that is all yes passes, so it lies below 10000";
            let value = self.majority_above_bps;
            return Err(PolicyError::invalid(
                "governance.majority_above_bps",
                value,
                rule,
            ));
        }
        for key in ALWAYS_PROTECTED {
            if !self.protected.iter().any(|protected| protected == key) {
                let rule = format!("{key} is always protected");
                let listed = self.protected.join(", ");
                return Err(PolicyError::invalid("governance.protected", listed, rule));
            }
        }
        let count = |key, value, most| {
            check::within(key, value, 1, most)
                .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
        };
        let quorum = check::points("governance.quorum_bps", self.quorum_bps)?;
        if quorum == BasisPoints::ZERO {
            let rule = "without a quorum one vote decides";
            return Err(PolicyError::invalid("governance.quorum_bps", 0, rule));
        }
        Ok(GovernanceRules {
            voting,
            quorum,
            majority_above: majority,
            delay,
            execution: check::days("governance.execution_days", self.execution_days, 1, 366)?,
            unstake,
            propose_min: check::amount("governance.propose_min_swan", &self.propose_min_swan)?,
            max_stakers: count("governance.max_stakers", self.max_stakers, 10_000_000)?,
            max_open_proposals: count(
                "governance.max_open_proposals",
                self.max_open_proposals,
                1_000,
            )?,
            reward: check::points("governance.reward_bps", self.reward_bps)?,
            reward_period: check::days("governance.reward_days", self.reward_days, 1, 3_660)?,
            protected: self.protected.clone(),
        })
    }
}
