//! The collateral of one provider: deposited when it comes, set aside and taken as penalties say, topped up by whoever stays.

use std::time::Duration;

use super::participant::Numbers;
use crate::collateral::{CollateralAccount, CollateralError, CollateralEvent, Requirement, Source};
use crate::standing::{Penalty, PenaltyState};
use crate::{Amount, MoneyError, Timestamp, TransferId};

#[derive(Debug)]
pub(super) struct Pledge {
    account: CollateralAccount,
    required: Amount,
    /// What earlier names of the same provider lost.
    lost_before: Amount,
}

impl Pledge {
    pub(super) fn new(requirement: &Requirement) -> Self {
        Self {
            account: CollateralAccount::new(requirement.currency),
            required: requirement.amount,
            lost_before: Amount::ZERO,
        }
    }

    /// A new name begins with nothing; what the old one has left comes back in time.
    pub(super) fn renew(&mut self) -> Result<(), MoneyError> {
        self.lost_before = self.lost()?;
        self.account = CollateralAccount::new(self.account.currency());
        Ok(())
    }

    /// All that was ever taken.
    pub(super) fn lost(&self) -> Result<Amount, MoneyError> {
        self.lost_before.checked_add(self.account.slashed())
    }

    /// Deposits what is missing.
    pub(super) fn fill(
        &mut self,
        now: Timestamp,
        wait: Duration,
        numbers: &mut Numbers,
    ) -> Result<(), CollateralError> {
        let missing = self.required.checked_sub(self.account.staked())?;
        if missing.is_negative() || missing.is_zero() {
            return Ok(());
        }
        let id = TransferId::from_u128(numbers.next());
        let deposit = CollateralEvent::Deposit {
            id,
            amount: missing,
            source: Source::Card,
        };
        self.account.apply(&deposit, now, wait)?;
        self.account
            .apply(&CollateralEvent::ConfirmDeposit { id }, now, wait)?;
        Ok(())
    }

    /// Carries out what a penalty says as it stands now.
    pub(super) fn suffer(
        &mut self,
        penalty: &Penalty,
        now: Timestamp,
        wait: Duration,
    ) -> Result<(), CollateralError> {
        let case = penalty.id;
        match penalty.state {
            PenaltyState::Held { .. } => {
                let amount = self.account.extent(penalty.slash)?;
                if amount.is_zero() {
                    return Ok(());
                }
                let conduct_at = penalty.decided_at;
                self.account.apply(
                    &CollateralEvent::Impound {
                        case,
                        amount,
                        conduct_at,
                    },
                    now,
                    wait,
                )?;
            }
            PenaltyState::Appealed { .. } => {}
            PenaltyState::CarriedOut { .. } if self.account.impounded_for(case).is_some() => {
                let to = penalty.destination;
                self.account
                    .apply(&CollateralEvent::Slash { case, to }, now, wait)?;
            }
            PenaltyState::Lifted { .. } if self.account.impounded_for(case).is_some() => {
                self.account
                    .apply(&CollateralEvent::Restore { case }, now, wait)?;
            }
            PenaltyState::CarriedOut { .. } | PenaltyState::Lifted { .. } => {}
        }
        Ok(())
    }
}
