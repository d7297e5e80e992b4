use super::{Choice, ProposalEvent, ProposalId, ProposalState, RewardError};
use crate::split::RevenueError;
use crate::ubi::WhyNot;
use crate::{Amount, InvalidTransition, MoneyError, PolicyError, Timestamp};

/// Why an action is refused; nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GovernanceError {
    /// The clock stepped back.
    #[error("the clock went backwards, from {latest} to {now}")]
    ClockBackwards {
        /// What it shows.
        now: Timestamp,
        /// The latest that it has shown.
        latest: Timestamp,
    },
    /// An amount of stake is not above zero.
    #[error("an amount of stake is above zero, not {amount}")]
    NotPositive {
        /// The amount.
        amount: Amount,
    },
    /// There are as many stakers as the policy lets in.
    #[error("there are {most} stakers, and the policy allows no more")]
    TooManyStakers {
        /// How many.
        most: usize,
    },
    /// More is asked of a stake than it has.
    #[error("the stake is {has} SWAN, and {needed} are needed")]
    NotEnoughStake {
        /// What is at stake.
        has: Amount,
        /// What is needed.
        needed: Amount,
    },
    /// One part of the stake is leaving already.
    #[error("tokens of this stake leave already, until {until}")]
    AlreadyLeaving {
        /// When they may be taken out.
        until: Timestamp,
    },
    /// Nothing is on its way out.
    #[error("nothing of this stake is leaving")]
    NothingLeaving,
    /// What is on its way out has not waited long enough.
    #[error("what leaves the stake can be taken out at {until}")]
    StillLeaving {
        /// When.
        until: Timestamp,
    },
    /// There is no such proposal, or it ended long ago.
    #[error("there is no {id}")]
    UnknownProposal {
        /// Its number.
        id: ProposalId,
    },
    /// As many proposals are open as the policy allows.
    #[error("{most} proposals are open, and the policy allows no more")]
    TooManyProposals {
        /// How many.
        most: usize,
    },
    /// The proposer has an open proposal.
    #[error("a staker has one open proposal at a time, and {id} is open")]
    HasProposal {
        /// Its number.
        id: ProposalId,
    },
    /// The policy does not allow the changes.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The changes leave the policy as it is.
    #[error("the proposal would change nothing")]
    NothingChanges,
    /// A value may not be changed in this way.
    #[error("{key} does not change by a vote on parameters: {protected} is protected")]
    Protected {
        /// The value that would change.
        key: String,
        /// The protected key that it belongs to.
        protected: String,
    },
    /// The revenue does not indicate another phase.
    #[error("revenue indicates the phase in force, {phase}")]
    NoPhaseIndicated {
        /// The phase in force.
        phase: String,
    },
    /// The revenue cannot be judged.
    #[error(transparent)]
    Revenue(#[from] RevenueError),
    /// The basic income may not be extended.
    #[error(transparent)]
    SafetyValve(Box<WhyNot>),
    /// The proposal is not open for votes.
    #[error("the proposal is {state:?} and takes no votes")]
    NotVoting {
        /// Where it stands.
        state: ProposalState,
    },
    /// The time of voting is over.
    #[error("voting ended at {ended}")]
    VotingOver {
        /// When.
        ended: Timestamp,
    },
    /// The voter had nothing at stake when the proposal was opened.
    #[error("who had nothing at stake when the proposal was opened has no vote")]
    NoPower,
    /// The voter has voted; a vote stands.
    #[error("a vote stands, and this voter said {earlier:?}")]
    AlreadyVoted {
        /// What the voter said.
        earlier: Choice,
    },
    /// Votes are still taken.
    #[error("votes are taken until {ends}")]
    VotingNotOver {
        /// Until when.
        ends: Timestamp,
    },
    /// The event cannot happen where the proposal stands.
    #[error(transparent)]
    Step(#[from] InvalidTransition<ProposalState, ProposalEvent>),
    /// The delay after the vote is not over.
    #[error("a passed proposal waits, this one until {until}")]
    Delayed {
        /// Until when.
        until: Timestamp,
    },
    /// It could have been executed, and the time for it is over.
    #[error("the proposal could be executed until {at}")]
    Expired {
        /// When it ended.
        at: Timestamp,
    },
    /// It can still be executed.
    #[error("the proposal does not expire before {at}")]
    NotExpired {
        /// When it does.
        at: Timestamp,
    },
    /// Somebody else proposed it.
    #[error("only who proposed it can withdraw a proposal")]
    NotProposer,
    /// What the voters saw is no longer so: another proposal changed it in the meantime.
    #[error("{key} has changed since the proposal was opened")]
    Overtaken {
        /// The value.
        key: String,
    },
    /// The period of rewards is not over.
    #[error("the next rewards are due at {due}")]
    RewardNotDue {
        /// When.
        due: Timestamp,
    },
    /// The rewards cannot be shared.
    #[error(transparent)]
    Reward(#[from] RewardError),
    /// An amount is out of range.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl From<WhyNot> for GovernanceError {
    fn from(why: WhyNot) -> Self {
        Self::SafetyValve(Box::new(why))
    }
}
