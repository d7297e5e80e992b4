use super::rules::overlap;
use super::{
    Effect, Governance, GovernanceError, Proposal, ProposalEvent, ProposalId, ProposalKind,
};
use crate::{Policy, PolicyVersion, Timestamp};

impl Proposal {
    /// The policy that this passed proposal makes of `policy`, as `version`; pure, and checked as a whole.
    ///
    /// Other proposals may have been executed since this one was opened. It still stands if what its voters saw is still
    /// so: the values that it changes, and for a phase or an extension the whole section. Otherwise it is refused, since
    /// nobody has voted on what would come out.
    ///
    /// # Errors
    ///
    /// [`GovernanceError`] when it has not passed, waits or has expired, when it was overtaken, and when what comes out is
    /// no valid policy.
    pub fn execute(
        &self,
        policy: &Policy,
        version: PolicyVersion,
        now: Timestamp,
    ) -> Result<Policy, GovernanceError> {
        self.check_executable(now)?;
        // A passed proposal is open, so the other branch is never taken.
        let Some(open) = &self.open else {
            return Err(GovernanceError::UnknownProposal { id: self.id });
        };
        for since in open.base.diff(policy) {
            if since.key != "version" && self.depends_on(&since.key) {
                return Err(GovernanceError::Overtaken { key: since.key });
            }
        }
        let amended = match self.kind {
            // The income begins on the day after, since nobody is paid for days that have passed.
            ProposalKind::UbiExtension { .. } => {
                policy.amended(version, &ProposalKind::extension(now.day().plus(1)))
            }
            ProposalKind::Parameters { .. } | ProposalKind::SplitPhase { .. } => {
                policy.amended(version, &open.changes)
            }
        };
        Ok(amended?)
    }

    fn depends_on(&self, key: &str) -> bool {
        match self.kind {
            ProposalKind::Parameters { .. } => {
                let mut changed = self.differences.iter();
                changed.any(|difference| overlap(&difference.key, key))
            }
            ProposalKind::SplitPhase { .. } => overlap("split", key),
            ProposalKind::UbiExtension { .. } => overlap("ubi", key),
        }
    }
}

impl Governance {
    /// Puts the policy of a passed proposal into force.
    pub(super) fn execute(
        &mut self,
        id: ProposalId,
        now: Timestamp,
    ) -> Result<Effect, GovernanceError> {
        let version = self.next_version()?;
        let unknown = GovernanceError::UnknownProposal { id };
        let proposal = self.proposals.get_mut(&id).ok_or(unknown)?;
        let amended = proposal.execute(&self.policy, version, now)?;
        let rules = amended.governance()?.clone();
        proposal.step(ProposalEvent::Execute)?;
        let from = self.policy.stamp().clone();
        let to = amended.stamp().clone();
        self.versions_made = self.versions_made.saturating_add(1);
        self.rules = rules;
        self.policy = amended;
        Ok(Effect::Executed { from, to })
    }
}
