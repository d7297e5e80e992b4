use super::{
    Choice, Effect, Governance, GovernanceError, GovernanceRules, Proposal, ProposalEvent,
    ProposalId, ProposalState, share_reward,
};
use crate::{AccountId, Amount, Fact, Grounds, PolicyStamp, Timestamp};

impl Governance {
    pub(super) fn vote(
        &mut self,
        by: AccountId,
        id: ProposalId,
        choice: Choice,
        now: Timestamp,
    ) -> Result<Effect, GovernanceError> {
        let power = self.find(id)?.vote(by, choice, now)?;
        Ok(Effect::Voted { power })
    }

    /// Counts the votes. Votes earn rewards only here, and only where the quorum was there: proposals that are withdrawn,
    /// or that hardly anybody heeds, make nobody's reward larger.
    pub(super) fn close(
        &mut self,
        id: ProposalId,
        now: Timestamp,
    ) -> Result<Effect, GovernanceError> {
        let stamp = self.policy.stamp().clone();
        let unknown = GovernanceError::UnknownProposal { id };
        let proposal = self.proposals.get_mut(&id).ok_or(unknown)?;
        let voters: Vec<AccountId> = proposal
            .open
            .iter()
            .flat_map(|open| open.votes.keys().copied())
            .collect();
        let powers: Vec<(AccountId, Amount)> = voters
            .into_iter()
            .map(|voter| (voter, proposal.power_of(voter)))
            .collect();
        let grounds = counted(proposal, &self.rules, stamp)?;
        proposal.close(now, &self.rules)?;
        let (tally, state) = (proposal.tally, proposal.state);
        if state != ProposalState::QuorumMissed {
            for (voter, power) in powers {
                let weight = self.participation.entry(voter).or_default();
                *weight = weight.saturating_add(power.pico().unsigned_abs());
            }
        }
        Ok(Effect::Closed {
            tally,
            state,
            grounds,
        })
    }

    pub(super) fn expire(
        &mut self,
        id: ProposalId,
        now: Timestamp,
    ) -> Result<Effect, GovernanceError> {
        let proposal = self.find(id)?;
        proposal.expire(now)?;
        let state = proposal.state;
        Ok(Effect::Ended { state })
    }

    pub(super) fn cancel(
        &mut self,
        by: AccountId,
        id: ProposalId,
    ) -> Result<Effect, GovernanceError> {
        let proposal = self.find(id)?;
        if proposal.by != by {
            return Err(GovernanceError::NotProposer);
        }
        proposal.step(ProposalEvent::Cancel)?;
        let state = proposal.state;
        Ok(Effect::Ended { state })
    }

    /// Shares the reward of a period among those who voted in it; a new period begins.
    pub(super) fn reward(
        &mut self,
        treasury: Amount,
        now: Timestamp,
    ) -> Result<Effect, GovernanceError> {
        let due = self
            .rewards_due
            .unwrap_or_else(|| now.after(self.rules.reward_period()));
        if now < due {
            return Err(GovernanceError::RewardNotDue { due });
        }
        let rewards = share_reward(treasury, self.rules.reward(), &self.participation)?;
        self.participation.clear();
        self.rewards_due = Some(now.after(self.rules.reward_period()));
        Ok(Effect::Rewarded { rewards })
    }
}

fn counted(
    proposal: &Proposal,
    rules: &GovernanceRules,
    policy: PolicyStamp,
) -> Result<Grounds, GovernanceError> {
    let (tally, total) = (proposal.tally, proposal.total_stake);
    let decided = tally.yes.checked_add(tally.no)?;
    let voted = decided.checked_add(tally.abstain)?;
    let (quorum, majority) = (rules.quorum(), rules.majority_above());
    Ok(
        Grounds::new("public record 3.5, SIP-003: quorum and majority", policy)
            .with(
                Fact::new("stake that voted", format!("{voted} of {total} SWAN"))
                    .needed(format!("at least {quorum}")),
            )
            .with(
                Fact::new("stake for it", format!("{} of {decided} SWAN", tally.yes))
                    .needed(format!("more than {majority}")),
            ),
    )
}
