use serde::{Deserialize, Serialize};

use super::{Choice, Leaving, ProposalId, ProposalKind, ProposalState, Rewards, Tally};
use crate::{AccountId, Amount, Grounds, PolicyStamp, Timestamp};

/// One thing that is done to the governance of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "action", deny_unknown_fields)]
#[non_exhaustive]
pub enum Action {
    /// Tokens go to the stake; the shell has taken them from their owner.
    Stake {
        /// Whose.
        by: AccountId,
        /// How much SWAN.
        amount: Amount,
    },
    /// Tokens leave the stake and wait.
    Unstake {
        /// Whose.
        by: AccountId,
        /// How much SWAN.
        amount: Amount,
    },
    /// What has waited long enough goes back to its owner.
    Withdraw {
        /// Whose.
        by: AccountId,
    },
    /// A proposal is opened for votes.
    Propose {
        /// By whom.
        by: AccountId,
        /// What is proposed.
        proposal: ProposalKind,
    },
    /// A vote.
    Vote {
        /// By whom.
        by: AccountId,
        /// On which proposal.
        id: ProposalId,
        /// What the voter says.
        choice: Choice,
    },
    /// The votes are counted after the end of voting.
    Close {
        /// Of which proposal.
        id: ProposalId,
    },
    /// A passed proposal makes a new version of the policy.
    Execute {
        /// Which.
        id: ProposalId,
    },
    /// A passed proposal that was not executed in time ends.
    Expire {
        /// Which.
        id: ProposalId,
    },
    /// Who proposed it withdraws a proposal.
    Cancel {
        /// Who proposed it.
        by: AccountId,
        /// Which.
        id: ProposalId,
    },
    /// Those who voted since the last time are rewarded; the shell pays what the record says.
    Reward {
        /// What the treasury holds, in SWAN.
        treasury: Amount,
    },
}

/// What an action has brought about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "effect", deny_unknown_fields)]
#[non_exhaustive]
pub enum Effect {
    /// Tokens are at stake.
    Staked {
        /// All that the staker has at stake now.
        stake: Amount,
    },
    /// Tokens have left the stake and wait.
    Leaves {
        /// How much, and until when.
        leaving: Leaving,
    },
    /// Tokens are their owner's again.
    Withdrawn {
        /// How much SWAN.
        amount: Amount,
    },
    /// A proposal is open for votes.
    Opened {
        /// Its number.
        id: ProposalId,
        /// Why it may be voted on.
        grounds: Grounds,
        /// All that is at stake.
        total_stake: Amount,
        /// The first moment at which no vote is taken any more.
        voting_ends: Timestamp,
    },
    /// A vote counts.
    Voted {
        /// The stake behind it.
        power: Amount,
    },
    /// The votes are counted.
    Closed {
        /// The votes.
        tally: Tally,
        /// How it ended.
        state: ProposalState,
        /// By which rule, with the numbers.
        grounds: Grounds,
    },
    /// A new version of the policy is in force.
    Executed {
        /// The policy before.
        from: PolicyStamp,
        /// The policy now.
        to: PolicyStamp,
    },
    /// A proposal ended without a new policy.
    Ended {
        /// How.
        state: ProposalState,
    },
    /// Voters get their rewards.
    Rewarded {
        /// Who gets how much.
        rewards: Rewards,
    },
}
