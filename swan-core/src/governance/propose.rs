use super::proposal::Open;
use super::{
    Effect, Governance, GovernanceError, Proposal, ProposalId, ProposalKind, ProposalState, Tally,
};
use crate::{
    AccountId, Amount, Day, Fact, Grounds, Policy, PolicyChange, PolicyDifference, Timestamp, ubi,
};

impl Governance {
    /// Opens a proposal for votes, with the stakes as they are now.
    ///
    /// What it would make is a valid policy already now, or it is refused.
    pub(super) fn propose(
        &mut self,
        by: AccountId,
        kind: &ProposalKind,
        now: Timestamp,
    ) -> Result<Effect, GovernanceError> {
        let stake = self.check_proposer(by)?;
        let rules = &self.rules;
        let voting_ends = now.after(rules.voting());
        let executable_at = voting_ends.after(rules.delay());
        let takes_effect = executable_at.day().plus(1);
        let (changes, grounds) = kind.changes(&self.policy, now.day(), takes_effect)?;
        let amended = self.policy.amended(self.next_version()?, &changes)?;
        let mut differences = self.policy.diff(&amended);
        differences.retain(|difference| difference.key != "version");
        if differences.is_empty() {
            return Err(GovernanceError::NothingChanges);
        }
        if let ProposalKind::Parameters { .. } = kind {
            self.check_protected(&differences)?;
        }
        let staked = Fact::new("stake of the proposer", format!("{stake} SWAN"))
            .needed(format!("at least {} SWAN", rules.propose_min()));
        let grounds = grounds.with(staked);
        let id = ProposalId::new(self.proposed.saturating_add(1));
        let total_stake = self.stake.total();
        let proposal = Proposal {
            id,
            by,
            kind: kind.clone(),
            state: ProposalState::Voting,
            grounds: grounds.clone(),
            differences,
            voting_ends,
            executable_at,
            expires: executable_at.after(rules.execution()),
            total_stake,
            tally: Tally::default(),
            open: Some(Open {
                base: self.policy.clone(),
                changes,
                power: self.stake.snapshot(),
                votes: std::collections::BTreeMap::new(),
            }),
        };
        self.proposed = id.get();
        self.proposals.insert(id, proposal);
        Ok(Effect::Opened {
            id,
            grounds,
            total_stake,
            voting_ends,
        })
    }

    fn check_proposer(&self, by: AccountId) -> Result<Amount, GovernanceError> {
        let (has, needed) = (self.stake.stake(by), self.rules.propose_min());
        if has < needed || has.is_zero() {
            return Err(GovernanceError::NotEnoughStake { has, needed });
        }
        let is_open = |proposal: &&Proposal| !proposal.state.is_final();
        let mut open = self.proposals.values().filter(is_open);
        if let Some(own) = open.clone().find(|proposal| proposal.by == by) {
            return Err(GovernanceError::HasProposal { id: own.id });
        }
        let most = self.rules.max_open_proposals();
        if open.nth(most.saturating_sub(1)).is_some() {
            return Err(GovernanceError::TooManyProposals { most });
        }
        Ok(has)
    }

    /// The keys come from comparing the policies, so no other spelling of a key gets past.
    fn check_protected(&self, differences: &[PolicyDifference]) -> Result<(), GovernanceError> {
        for PolicyDifference { key, .. } in differences {
            if let Some(protected) = self.rules.protects(key) {
                return Err(GovernanceError::Protected {
                    key: key.clone(),
                    protected: protected.to_owned(),
                });
            }
        }
        Ok(())
    }
}

impl ProposalKind {
    /// What it changes in `policy`, and by which rule it may.
    fn changes(
        &self,
        policy: &Policy,
        today: Day,
        takes_effect: Day,
    ) -> Result<(Vec<PolicyChange>, Grounds), GovernanceError> {
        match self {
            Self::Parameters { changes } => {
                let rule = "Seed 001, SWAN Token Utility: governance votes on protocol parameters";
                Ok((changes.clone(), Grounds::new(rule, policy.stamp().clone())))
            }
            Self::SplitPhase { revenue } => {
                let schedule = policy.split_schedule();
                let due = schedule.proposal_due(revenue, today, policy.stamp())?;
                let due = due.ok_or_else(|| GovernanceError::NoPhaseIndicated {
                    phase: schedule.in_force().name().to_owned(),
                })?;
                Ok((vec![PolicyChange::new("split.phase", due.to)], due.grounds))
            }
            Self::UbiExtension { revenue } => {
                let average = policy.split_schedule().average(revenue, today)?;
                // Days with more refunds than charges earn nothing.
                let extension = ubi::safety_valve(policy, average.max(Amount::ZERO), today)?;
                Ok((Self::extension(takes_effect), extension.grounds))
            }
        }
    }

    /// The basic income is paid again from this day on.
    pub(super) fn extension(from: Day) -> Vec<PolicyChange> {
        vec![PolicyChange::new(
            "ubi.safety_valve.extended_from",
            from.to_string(),
        )]
    }
}
