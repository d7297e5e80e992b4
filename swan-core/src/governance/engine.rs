use std::collections::BTreeMap;

use super::{
    Action, Effect, GovernanceError, GovernanceRecord, GovernanceRules, Proposal, ProposalId,
    ProposalState, RecordHash, StakeLedger,
};
use crate::{AccountId, Policy, PolicyError, PolicyVersion, Timestamp};

/// Ended proposals that can still be looked up; the records keep all.
const KEPT: usize = 100;

/// The governance of one network: its stake, its proposals, and the policy in force.
///
/// Time goes on only by the actions that are performed: a shell calls [`Governance::advance`] now and then to close votes
/// that have ended. Each action is refused without any effect or answers with one record.
///
/// ```
/// use swan_core::governance::{Action, Governance};
/// use swan_core::{AccountId, Policy, Timestamp};
///
/// let mut governance = Governance::new(Policy::swan_2_0())?;
/// let alice = AccountId::from_u128(1);
/// let stake = Action::Stake { by: alice, amount: "5000".parse()? };
/// let record = governance.perform(Timestamp::from_millis(1_000), stake)?;
/// assert_eq!(governance.stake().stake(alice), "5000".parse()?);
/// assert_eq!(Governance::replay(Policy::swan_2_0(), &[record], governance.head())?.head(), governance.head());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Governance {
    pub(super) policy: Policy,
    pub(super) rules: GovernanceRules,
    genesis: PolicyVersion,
    pub(super) versions_made: u64,
    pub(super) stake: StakeLedger,
    pub(super) proposals: BTreeMap<ProposalId, Proposal>,
    pub(super) proposed: u64,
    pub(super) participation: BTreeMap<AccountId, u128>,
    pub(super) rewards_due: Option<Timestamp>,
    latest: Timestamp,
    records: u64,
    head: RecordHash,
}

impl Governance {
    /// Governance that begins with this policy, without any stake.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] when the policy has no `[governance]`, or a version so long that no version of an amendment fits.
    pub fn new(policy: Policy) -> Result<Self, PolicyError> {
        let genesis = policy.version().clone();
        if amendment(&genesis, u64::MAX).is_none() {
            let rule =
                "a governed policy leaves 21 of the 40 places of a version to its amendments";
            return Err(PolicyError::invalid("version", genesis, rule));
        }
        Ok(Self {
            rules: policy.governance()?.clone(),
            head: RecordHash::genesis(policy.stamp()),
            genesis,
            policy,
            versions_made: 0,
            stake: StakeLedger::default(),
            proposals: BTreeMap::new(),
            proposed: 0,
            participation: BTreeMap::new(),
            rewards_due: None,
            latest: Timestamp::EPOCH,
            records: 0,
        })
    }

    /// The policy in force.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Who has how much at stake.
    #[must_use]
    pub const fn stake(&self) -> &StakeLedger {
        &self.stake
    }

    /// The open proposals and the last that ended, in the order of their numbers.
    pub fn proposals(&self) -> impl Iterator<Item = &Proposal> {
        self.proposals.values()
    }

    /// The proposal with this number, unless it ended long ago.
    #[must_use]
    pub fn proposal(&self, id: ProposalId) -> Option<&Proposal> {
        self.proposals.get(&id)
    }

    /// The hash of the last record; it vouches for all before.
    #[must_use]
    pub const fn head(&self) -> RecordHash {
        self.head
    }

    /// How many records there are.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// When the next rewards may be shared; none before the first action.
    #[must_use]
    pub const fn rewards_due(&self) -> Option<Timestamp> {
        self.rewards_due
    }

    /// The version that the next amendment gets: that of the policy in the beginning and the number of the amendment, so
    /// that no version comes twice. `swan-2.0` becomes `swan-2.0.1`, then `swan-2.0.2`.
    pub(super) fn next_version(&self) -> Result<PolicyVersion, GovernanceError> {
        let number = self.versions_made.saturating_add(1);
        amendment(&self.genesis, number).ok_or_else(|| {
            PolicyError::invalid("version", &self.genesis, "it is too long to be amended").into()
        })
    }

    /// Performs one action.
    ///
    /// # Errors
    ///
    /// [`GovernanceError`] says why not; nothing has changed then.
    pub fn perform(
        &mut self,
        now: Timestamp,
        action: Action,
    ) -> Result<GovernanceRecord, GovernanceError> {
        let latest = self.latest;
        if now < latest {
            return Err(GovernanceError::ClockBackwards { now, latest });
        }
        let policy = self.policy.stamp().clone();
        let effect = self.carry_out(now, &action)?;
        self.latest = now;
        let period = self.rules.reward_period();
        self.rewards_due.get_or_insert_with(|| now.after(period));
        self.records = self.records.saturating_add(1);
        let record = GovernanceRecord::seal(self.records, now, policy, action, effect, self.head);
        self.head = record.hash;
        self.forget_old();
        Ok(record)
    }

    /// What time alone has made due: votes to be counted, and passed proposals that nobody executed in time.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<Action> {
        let due = |proposal: &Proposal| {
            let id = proposal.id;
            match proposal.state {
                ProposalState::Voting => {
                    (now >= proposal.voting_ends).then_some(Action::Close { id })
                }
                ProposalState::Passed => (now >= proposal.expires).then_some(Action::Expire { id }),
                ProposalState::Rejected
                | ProposalState::QuorumMissed
                | ProposalState::Executed
                | ProposalState::Expired
                | ProposalState::Cancelled => None,
            }
        };
        self.proposals.values().filter_map(due).collect()
    }

    /// Performs all that time has made due, and answers with the records.
    ///
    /// # Errors
    ///
    /// [`GovernanceError::ClockBackwards`]; nothing has changed then.
    pub fn advance(&mut self, now: Timestamp) -> Result<Vec<GovernanceRecord>, GovernanceError> {
        let latest = self.latest;
        if now < latest {
            return Err(GovernanceError::ClockBackwards { now, latest });
        }
        let mut records = Vec::new();
        // A vote that is counted very late has expired too, so a second round may be due.
        for _ in 0..2 {
            for action in self.due(now) {
                records.push(self.perform(now, action)?);
            }
        }
        Ok(records)
    }

    fn carry_out(&mut self, now: Timestamp, action: &Action) -> Result<Effect, GovernanceError> {
        match action {
            Action::Stake { by, amount } => {
                let stake = self.stake.add(*by, *amount, &self.rules)?;
                Ok(Effect::Staked { stake })
            }
            Action::Unstake { by, amount } => {
                let leaving = self.stake.leave(*by, *amount, now, &self.rules)?;
                Ok(Effect::Leaves { leaving })
            }
            Action::Withdraw { by } => {
                let amount = self.stake.withdraw(*by, now)?;
                Ok(Effect::Withdrawn { amount })
            }
            Action::Propose { by, proposal } => self.propose(*by, proposal, now),
            Action::Vote { by, id, choice } => self.vote(*by, *id, *choice, now),
            Action::Close { id } => self.close(*id, now),
            Action::Execute { id } => self.execute(*id, now),
            Action::Expire { id } => self.expire(*id, now),
            Action::Cancel { by, id } => self.cancel(*by, *id),
            Action::Reward { treasury } => self.reward(*treasury, now),
        }
    }

    pub(super) fn find(&mut self, id: ProposalId) -> Result<&mut Proposal, GovernanceError> {
        let unknown = GovernanceError::UnknownProposal { id };
        self.proposals.get_mut(&id).ok_or(unknown)
    }

    fn forget_old(&mut self) {
        let most = self.rules.max_open_proposals().saturating_add(KEPT);
        if self.proposals.len() <= most {
            return;
        }
        let ended = self
            .proposals
            .values()
            .find(|proposal| proposal.state.is_final());
        if let Some(id) = ended.map(Proposal::id) {
            self.proposals.remove(&id);
        }
    }
}

fn amendment(genesis: &PolicyVersion, number: u64) -> Option<PolicyVersion> {
    PolicyVersion::new(&format!("{genesis}.{number}"))
}
