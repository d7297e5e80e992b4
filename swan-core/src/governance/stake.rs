use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{GovernanceError, GovernanceRules};
use crate::{AccountId, Amount, Timestamp};

/// Tokens on their way out of the stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Leaving {
    /// How much, in SWAN.
    pub amount: Amount,
    /// When it may be taken out.
    pub until: Timestamp,
}

/// Who has how much SWAN at stake (Seed 003, "Staking Requirement").
///
/// Stake gives power in the proposals that are opened while it stands. What leaves the stake gives none any more, and can
/// be taken out only after a delay that outlasts every vote it had a part in: tokens cannot vote, move and vote again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StakeLedger {
    /// Shared with the snapshots of open proposals, and copied only when it changes after one.
    stakes: Arc<BTreeMap<AccountId, Amount>>,
    leaving: BTreeMap<AccountId, Leaving>,
    total: Amount,
    /// Who has stake or tokens that are leaving, counted so that a newcomer costs no search through all of them.
    stakers: usize,
}

impl StakeLedger {
    /// What `staker` has at stake; zero if nothing.
    #[must_use]
    pub fn stake(&self, staker: AccountId) -> Amount {
        self.stakes.get(&staker).copied().unwrap_or_default()
    }

    /// All that is at stake.
    #[must_use]
    pub const fn total(&self) -> Amount {
        self.total
    }

    /// How many have something at stake or on its way out.
    #[must_use]
    pub const fn stakers(&self) -> usize {
        self.stakers
    }

    /// What `staker` has on its way out.
    #[must_use]
    pub fn leaving(&self, staker: AccountId) -> Option<Leaving> {
        self.leaving.get(&staker).copied()
    }

    /// The stakes as they are now.
    pub(super) fn snapshot(&self) -> Arc<BTreeMap<AccountId, Amount>> {
        Arc::clone(&self.stakes)
    }

    /// Adds to what `staker` has at stake, and answers what it is then.
    pub(super) fn add(
        &mut self,
        staker: AccountId,
        amount: Amount,
        rules: &GovernanceRules,
    ) -> Result<Amount, GovernanceError> {
        positive(amount)?;
        let is_new = !self.stakes.contains_key(&staker) && !self.leaving.contains_key(&staker);
        if is_new && self.stakers() >= rules.max_stakers() {
            let most = rules.max_stakers();
            return Err(GovernanceError::TooManyStakers { most });
        }
        let total = self.total.checked_add(amount)?;
        let stake = self.stake(staker).checked_add(amount)?;
        Arc::make_mut(&mut self.stakes).insert(staker, stake);
        self.total = total;
        self.stakers += usize::from(is_new);
        Ok(stake)
    }

    /// Takes from what `staker` has at stake; it can be taken out after the delay.
    pub(super) fn leave(
        &mut self,
        staker: AccountId,
        amount: Amount,
        now: Timestamp,
        rules: &GovernanceRules,
    ) -> Result<Leaving, GovernanceError> {
        positive(amount)?;
        if let Some(Leaving { until, .. }) = self.leaving(staker) {
            return Err(GovernanceError::AlreadyLeaving { until });
        }
        let has = self.stake(staker);
        if has < amount {
            return Err(GovernanceError::NotEnoughStake {
                has,
                needed: amount,
            });
        }
        let (rest, total) = (has.checked_sub(amount)?, self.total.checked_sub(amount)?);
        let stakes = Arc::make_mut(&mut self.stakes);
        if rest.is_zero() {
            stakes.remove(&staker);
        } else {
            stakes.insert(staker, rest);
        }
        self.total = total;
        let until = now.after(rules.unstake());
        let leaving = Leaving { amount, until };
        self.leaving.insert(staker, leaving);
        Ok(leaving)
    }

    /// Takes out what has waited long enough.
    pub(super) fn withdraw(
        &mut self,
        staker: AccountId,
        now: Timestamp,
    ) -> Result<Amount, GovernanceError> {
        match self.leaving(staker) {
            None => Err(GovernanceError::NothingLeaving),
            Some(Leaving { until, .. }) if now < until => {
                Err(GovernanceError::StillLeaving { until })
            }
            Some(Leaving { amount, .. }) => {
                self.leaving.remove(&staker);
                if !self.stakes.contains_key(&staker) {
                    self.stakers = self.stakers.saturating_sub(1);
                }
                Ok(amount)
            }
        }
    }
}

fn positive(amount: Amount) -> Result<(), GovernanceError> {
    if amount > Amount::ZERO {
        Ok(())
    } else {
        Err(GovernanceError::NotPositive { amount })
    }
}
