use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Choice, GovernanceError, GovernanceRules, ProposalEvent, ProposalState, Tally};
use crate::split::RevenueWindow;
use crate::{AccountId, Amount, Grounds, Policy, PolicyChange, PolicyDifference, Timestamp};

/// The number of a proposal; the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProposalId(u64);

impl ProposalId {
    /// The proposal with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ProposalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proposal {}", self.0)
    }
}

/// What is proposed (Seed 001, "SWAN Token Utility": protocol parameters, revenue splits and phase transitions).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
#[non_exhaustive]
pub enum ProposalKind {
    /// Values of the policy change, except those that it protects.
    Parameters {
        /// Which, and what they become.
        changes: Vec<PolicyChange>,
    },
    /// The revenue split goes one phase on or back, as the numbers indicate (Seed 001, "Dynamic Revenue Split Schedule").
    SplitPhase {
        /// The revenue of the last days.
        revenue: RevenueWindow,
    },
    /// The basic income is paid for some months more (Seed 001, "Safety Valve").
    UbiExtension {
        /// The revenue of the last days.
        revenue: RevenueWindow,
    },
}

/// A proposal, the stake that may vote on it, and its votes.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub(super) id: ProposalId,
    pub(super) by: AccountId,
    pub(super) kind: ProposalKind,
    pub(super) state: ProposalState,
    pub(super) grounds: Grounds,
    pub(super) differences: Vec<PolicyDifference>,
    pub(super) voting_ends: Timestamp,
    pub(super) executable_at: Timestamp,
    pub(super) expires: Timestamp,
    pub(super) total_stake: Amount,
    pub(super) tally: Tally,
    /// What is needed only while it is open: the policy that its voters see, and who may vote and did.
    pub(super) open: Option<Open>,
}

#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) base: Policy,
    pub(super) changes: Vec<PolicyChange>,
    pub(super) power: Arc<BTreeMap<AccountId, Amount>>,
    pub(super) votes: BTreeMap<AccountId, Choice>,
}

impl Proposal {
    /// Its number.
    #[must_use]
    pub const fn id(&self) -> ProposalId {
        self.id
    }

    /// Who proposed it.
    #[must_use]
    pub const fn by(&self) -> AccountId {
        self.by
    }

    /// What is proposed.
    #[must_use]
    pub const fn kind(&self) -> &ProposalKind {
        &self.kind
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> ProposalState {
        self.state
    }

    /// By which rule and on which numbers it may be voted on, and the policy that it would change.
    #[must_use]
    pub const fn grounds(&self) -> &Grounds {
        &self.grounds
    }

    /// What it changes in the policy that its voters see; without the version, which execution gives.
    #[must_use]
    pub fn differences(&self) -> &[PolicyDifference] {
        &self.differences
    }

    /// The first moment at which no vote is taken any more.
    #[must_use]
    pub const fn voting_ends(&self) -> Timestamp {
        self.voting_ends
    }

    /// The first moment at which it may be executed, if it passes.
    #[must_use]
    pub const fn executable_at(&self) -> Timestamp {
        self.executable_at
    }

    /// The first moment at which it may no longer be executed.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// All that was at stake when it was opened, in SWAN.
    #[must_use]
    pub const fn total_stake(&self) -> Amount {
        self.total_stake
    }

    /// The votes so far.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// What `voter` said; `None` too once the proposal has ended, when only records tell.
    #[must_use]
    pub fn vote_of(&self, voter: AccountId) -> Option<Choice> {
        self.open.as_ref()?.votes.get(&voter).copied()
    }

    /// The stake in SWAN with which `voter` may vote: what it was when the proposal was opened.
    #[must_use]
    pub fn power_of(&self, voter: AccountId) -> Amount {
        let power = self.open.as_ref().and_then(|open| open.power.get(&voter));
        power.copied().unwrap_or_default()
    }

    /// Takes one vote and answers its power. A vote stands: it can be neither changed nor repeated.
    pub(super) fn vote(
        &mut self,
        voter: AccountId,
        choice: Choice,
        now: Timestamp,
    ) -> Result<Amount, GovernanceError> {
        let (state, ended) = (self.state, self.voting_ends);
        if state != ProposalState::Voting {
            return Err(GovernanceError::NotVoting { state });
        }
        if now >= ended {
            return Err(GovernanceError::VotingOver { ended });
        }
        let power = self.power_of(voter);
        if power.is_zero() {
            return Err(GovernanceError::NoPower);
        }
        if let Some(earlier) = self.vote_of(voter) {
            return Err(GovernanceError::AlreadyVoted { earlier });
        }
        self.tally = self.tally.with(choice, power)?;
        if let Some(open) = &mut self.open {
            open.votes.insert(voter, choice);
        }
        Ok(power)
    }

    /// Counts the votes; what waits afterwards is only a proposal that has passed.
    pub(super) fn close(
        &mut self,
        now: Timestamp,
        rules: &GovernanceRules,
    ) -> Result<(), GovernanceError> {
        if self.state == ProposalState::Voting && now < self.voting_ends {
            let ends = self.voting_ends;
            return Err(GovernanceError::VotingNotOver { ends });
        }
        self.step(self.tally.outcome(self.total_stake, rules))
    }

    /// Whether it may be executed now, as far as its own state and times say.
    pub(super) fn check_executable(&self, now: Timestamp) -> Result<(), GovernanceError> {
        self.state.on(ProposalEvent::Execute)?;
        if now < self.executable_at {
            let until = self.executable_at;
            return Err(GovernanceError::Delayed { until });
        }
        if now >= self.expires {
            let at = self.expires;
            return Err(GovernanceError::Expired { at });
        }
        Ok(())
    }

    pub(super) fn expire(&mut self, now: Timestamp) -> Result<(), GovernanceError> {
        let next = self.state.on(ProposalEvent::Expire);
        if next.is_ok() && now < self.expires {
            let at = self.expires;
            return Err(GovernanceError::NotExpired { at });
        }
        self.step(ProposalEvent::Expire)
    }

    pub(super) fn step(&mut self, event: ProposalEvent) -> Result<(), GovernanceError> {
        self.state = self.state.on(event)?;
        if self.state.is_final() {
            self.open = None;
        }
        Ok(())
    }
}
