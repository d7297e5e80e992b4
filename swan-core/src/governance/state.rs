use serde::{Deserialize, Serialize};

use crate::InvalidTransition;

/// Where a proposal stands, from its opening to its end.
///
/// ```text
/// Voting -> Passed (waits out its delay) -> Executed
///   |         |----> Expired
///   |         '----> Cancelled
///   '-> Rejected, QuorumMissed, Cancelled
/// ```
///
/// A draft is not on the record: a proposal begins with its vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever drives the machine handles every state"
)]
pub enum ProposalState {
    /// Open for votes.
    Voting,
    /// Passed: it may be executed after its delay, and before it expires.
    Passed,
    /// The end: enough voted, and not enough of them for it.
    Rejected,
    /// The end: not enough of the stake voted.
    QuorumMissed,
    /// The end: it made a new version of the policy.
    Executed,
    /// The end: it passed, and nobody executed it in time.
    Expired,
    /// The end: withdrawn by who proposed it.
    Cancelled,
}

/// What happens to a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever drives the machine knows every event"
)]
pub enum ProposalEvent {
    /// Counted at the end of voting: quorum and majority were there.
    Pass,
    /// Counted at the end of voting: the majority was not there.
    Reject,
    /// Counted at the end of voting: the quorum was not there.
    MissQuorum,
    /// Its changes make a new version of the policy.
    Execute,
    /// The time in which it could be executed is over.
    Expire,
    /// The proposer withdraws it.
    Cancel,
}

impl ProposalState {
    /// The state after `event`.
    ///
    /// # Errors
    ///
    /// [`InvalidTransition`] when the event cannot happen in this state.
    pub const fn on(
        self,
        event: ProposalEvent,
    ) -> Result<Self, InvalidTransition<Self, ProposalEvent>> {
        use ProposalEvent as E;
        use ProposalState as S;
        match (self, event) {
            (S::Voting, E::Pass) => Ok(S::Passed),
            (S::Voting, E::Reject) => Ok(S::Rejected),
            (S::Voting, E::MissQuorum) => Ok(S::QuorumMissed),
            (S::Voting | S::Passed, E::Cancel) => Ok(S::Cancelled),
            (S::Passed, E::Execute) => Ok(S::Executed),
            (S::Passed, E::Expire) => Ok(S::Expired),
            (S::Voting, E::Execute | E::Expire)
            | (S::Passed, E::Pass | E::Reject | E::MissQuorum)
            | (
                S::Rejected | S::QuorumMissed | S::Executed | S::Expired | S::Cancelled,
                E::Pass | E::Reject | E::MissQuorum | E::Execute | E::Expire | E::Cancel,
            ) => Err(InvalidTransition { state: self, event }),
        }
    }

    /// Whether nothing more can happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Voting | Self::Passed => false,
            Self::Rejected
            | Self::QuorumMissed
            | Self::Executed
            | Self::Expired
            | Self::Cancelled => true,
        }
    }
}
