//! What penalties do to collateral: set aside while they can be appealed, then slashed or restored.

use super::CollateralError;
use super::account::{CollateralAccount, CollateralState, End, Impounded, sum};
use super::apply::{Outcome, conflict, ended, moved, over, positive, remember, room, unknown};
use super::movement::{CollateralMovement, Effect, Pocket};
use crate::standing::Destination;
use crate::{Amount, CaseId, Timestamp};

impl CollateralAccount {
    pub(super) fn impound(
        &mut self,
        case: CaseId,
        amount: Amount,
        conduct_at: Timestamp,
        now: Timestamp,
    ) -> Outcome {
        positive(amount)?;
        if let Some(known) = self.impounded.get(&case) {
            return if known.asked == amount {
                Ok(Effect::Exists)
            } else {
                Err(conflict(case, "amount"))
            };
        }
        if let Some(end) = ended(&self.cases, &case) {
            return Err(over(case, end.as_str()));
        }
        let exited = match self.state {
            CollateralState::Exiting { since } => Some(since),
            CollateralState::Withdrawing { exited } => exited,
            CollateralState::Empty | CollateralState::Open | CollateralState::Refunded => None,
        };
        if let Some(since) = exited
            && conduct_at > since
        {
            return Err(CollateralError::Exited { since });
        }
        room(self.impounded.len(), Self::REMEMBERED, "cases at once")?;
        let (balance, shortfall) = (self.balance(), self.shortfall);
        let missing = amount.checked_sub(amount.min(balance))?;
        // A shortfall beyond every amount must not let a penalty fail, so it stops at the largest.
        let missing = missing.min(Amount::MAX.checked_sub(shortfall)?);
        self.shortfall = shortfall.checked_add(missing)?;
        let (movements, from_funds, from_withdrawal) =
            self.set_aside(Pocket::Impounded(case), amount)?;
        let part = Impounded {
            asked: amount,
            missing,
            from_funds,
            from_withdrawal,
        };
        self.impounded.insert(case, part);
        self.reduced_at = Some(now);
        Ok(Effect::Moved(movements))
    }

    /// Locked collateral first, then what is free (public record 3.8), then what waits to be paid out.
    pub(super) fn set_aside(
        &mut self,
        to: Pocket,
        asked: Amount,
    ) -> Result<(Vec<CollateralMovement>, Amount, Amount), CollateralError> {
        let mut left = asked;
        let mut movements = Vec::new();
        let mut take = |from: Pocket, there: &mut Amount| -> Result<Amount, CollateralError> {
            let part = left.min(*there);
            let (rest, still) = (there.checked_sub(part)?, left.checked_sub(part)?);
            (*there, left) = (rest, still);
            if !part.is_zero() {
                let amount = part;
                movements.push(CollateralMovement { from, to, amount });
            }
            Ok(part)
        };
        let mut parts = Vec::new();
        for (job, lock) in &mut self.locks {
            parts.push(take(Pocket::Locked(*job), &mut lock.left)?);
        }
        parts.push(take(Pocket::Free, &mut self.free)?);
        let from_withdrawal = match &mut self.withdrawal {
            Some(waiting) => take(Pocket::Withdrawing, &mut waiting.amount)?,
            None => Amount::ZERO,
        };
        Ok((movements, sum(parts), from_withdrawal))
    }

    pub(super) fn slash(&mut self, case: CaseId, to: Destination) -> Outcome {
        let Some(part) = self.impounded.get(&case) else {
            return match ended(&self.cases, &case) {
                Some(End::Slashed) => Ok(Effect::Exists),
                Some(end) => Err(over(case, end.as_str())),
                None => Err(unknown(case)),
            };
        };
        let amount = sum([part.from_funds, part.from_withdrawal]);
        self.slashed = self.slashed.checked_add(amount)?;
        let _of = self.use_up(None, amount)?;
        self.impounded.remove(&case);
        remember(&mut self.cases, (case, End::Slashed));
        // Nothing is left to ask back, so no withdrawal could end the exit.
        if matches!(self.state, CollateralState::Exiting { .. }) && self.holds_nothing() {
            self.state = CollateralState::Refunded;
        }
        Ok(moved([(Pocket::Impounded(case), to.into(), amount)]))
    }

    /// What a withdrawal lost goes back to it while it still waits; everything else is free again.
    pub(super) fn restore(&mut self, case: CaseId) -> Outcome {
        let Some(part) = self.impounded.get(&case) else {
            return match ended(&self.cases, &case) {
                Some(End::Restored) => Ok(Effect::Exists),
                Some(end) => Err(over(case, end.as_str())),
                None => Err(unknown(case)),
            };
        };
        let all = sum([part.from_funds, part.from_withdrawal]);
        let missing = part.missing;
        let (to_free, to_withdrawal) = match &mut self.withdrawal {
            Some(waiting) => {
                let back = part
                    .from_withdrawal
                    .min(waiting.requested.checked_sub(waiting.amount)?);
                waiting.amount = waiting.amount.checked_add(back)?;
                (all.checked_sub(back)?, back)
            }
            None => (all, Amount::ZERO),
        };
        self.free = self.free.checked_add(to_free)?;
        self.shortfall = self.shortfall.checked_sub(missing)?;
        self.impounded.remove(&case);
        remember(&mut self.cases, (case, End::Restored));
        let from = Pocket::Impounded(case);
        Ok(moved([
            (from, Pocket::Free, to_free),
            (from, Pocket::Withdrawing, to_withdrawal),
        ]))
    }

    /// Whether nothing is free, bound, or set aside.
    pub(super) fn holds_nothing(&self) -> bool {
        sum([self.staked(), self.impounded()]).is_zero()
    }
}
