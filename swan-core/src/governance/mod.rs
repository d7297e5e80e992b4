//! How the market's rules change: stake, proposals, votes, and policies that take effect as new versions.
//!
//! Sources: Seed 001 ("Dynamic Revenue Split Schedule", "Safety Valve", "SWAN Token Utility"), Seed 003 ("Governance and
//! Incentives") and SIP-003 in public record 3.5. Everything here is a pure function of the actions and their times:
//! [`Governance::perform`] checks one action and answers with a [`GovernanceRecord`], and the records alone make the same
//! state again ([`Governance::replay`]).

mod action;
mod ballot;
mod engine;
mod error;
mod execution;
mod proposal;
mod propose;
mod record;
mod replay;
mod reward;
mod rules;
mod section;
mod stake;
mod state;
mod voting;

pub use action::{Action, Effect};
pub use ballot::{Choice, Tally};
pub use engine::Governance;
pub use error::GovernanceError;
pub use proposal::{Proposal, ProposalId, ProposalKind};
pub use record::{GovernanceRecord, RecordHash};
pub use replay::ReplayError;
pub use reward::{RewardError, Rewards, share_reward};
pub use rules::GovernanceRules;
pub(crate) use section::GovernanceSection;
pub use stake::{Leaving, StakeLedger};
pub use state::{ProposalEvent, ProposalState};
