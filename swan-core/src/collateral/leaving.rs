//! How a provider leaves: exit, request, wait, and confirmation (Seed 002, Exit Mechanism; public record 3.7).

use super::CollateralError;
use super::account::{CollateralAccount, CollateralState, End, sum};
use super::apply::{Outcome, conflict, ended, moved, over, positive, remember, unknown};
use super::movement::{CollateralMovement, Effect, Pocket, Withdrawal};
use crate::{Timestamp, TransferId};

impl CollateralAccount {
    pub(super) fn exit(&mut self, now: Timestamp) -> Outcome {
        self.state = match self.state {
            CollateralState::Open => CollateralState::Exiting { since: now },
            CollateralState::Withdrawing { exited: None } => {
                CollateralState::Withdrawing { exited: Some(now) }
            }
            CollateralState::Exiting { .. } | CollateralState::Withdrawing { exited: Some(_) } => {
                return Ok(Effect::Exists);
            }
            CollateralState::Empty | CollateralState::Refunded => return Err(self.wrong("an exit")),
        };
        Ok(moved([]))
    }

    pub(super) fn request(&mut self, withdrawal: Withdrawal) -> Outcome {
        let (id, amount) = (withdrawal.id, withdrawal.amount);
        positive(amount)?;
        if let Some(waiting) = &self.withdrawal
            && waiting.id == id
        {
            return if waiting.requested == amount {
                Ok(Effect::Exists)
            } else {
                Err(conflict(id, "amount"))
            };
        }
        if let Some(end) = ended(&self.withdrawals, &id) {
            return Err(over(id, end.as_str()));
        }
        let exited = match self.state {
            CollateralState::Open => None,
            CollateralState::Exiting { since } => Some(since),
            CollateralState::Empty
            | CollateralState::Withdrawing { .. }
            | CollateralState::Refunded => return Err(self.wrong("a request to withdraw")),
        };
        self.free = self.taken_from_free(amount)?;
        self.withdrawal = Some(withdrawal);
        self.state = CollateralState::Withdrawing { exited };
        Ok(moved([(Pocket::Free, Pocket::Withdrawing, amount)]))
    }

    pub(super) fn cancel(&mut self, id: TransferId) -> Outcome {
        let Some(waiting) = self.waiting(id, End::Cancelled)? else {
            return Ok(Effect::Exists);
        };
        self.free = self.free.checked_add(waiting.amount)?;
        self.withdrawal = None;
        self.state = self.back();
        remember(&mut self.withdrawals, (id, End::Cancelled));
        Ok(moved([(Pocket::Withdrawing, Pocket::Free, waiting.amount)]))
    }

    pub(super) fn confirm(
        &mut self,
        id: TransferId,
        payout_pending: bool,
        now: Timestamp,
    ) -> Outcome {
        let Some(waiting) = self.waiting(id, End::Paid)? else {
            return Ok(Effect::Exists);
        };
        if now < waiting.ready_at {
            let ready = waiting.ready_at;
            return Err(CollateralError::TooEarly { ready });
        }
        if payout_pending {
            return Err(CollateralError::PayoutPending);
        }
        let parts = self.parts_for(id, waiting.amount)?;
        let paid = sum(parts.iter().map(|part| part.amount));
        let change = waiting.amount.checked_sub(paid)?;
        self.paid_out = self.paid_out.checked_add(paid)?;
        self.free = self.free.checked_add(change)?;
        self.withdrawal = None;
        self.state = if self.holds_nothing() {
            CollateralState::Refunded
        } else {
            self.back()
        };
        self.reduced_at = Some(now);
        remember(&mut self.withdrawals, (id, End::Paid));
        let mut movements = self.pay(parts)?;
        if !change.is_zero() {
            let (from, to, amount) = (Pocket::Withdrawing, Pocket::Free, change);
            movements.push(CollateralMovement { from, to, amount });
        }
        Ok(Effect::Moved(movements))
    }

    /// The withdrawal of this identifier while it waits; `None` when it ended this way already.
    fn waiting(&self, id: TransferId, end: End) -> Result<Option<Withdrawal>, CollateralError> {
        match self.withdrawal {
            Some(waiting) if waiting.id == id => Ok(Some(waiting)),
            _ => match ended(&self.withdrawals, &id) {
                Some(known) if known == end => Ok(None),
                Some(other) => Err(over(id, other.as_str())),
                None => Err(unknown(id)),
            },
        }
    }

    /// The state after a withdrawal that ended.
    const fn back(&self) -> CollateralState {
        match self.state {
            CollateralState::Withdrawing {
                exited: Some(since),
            } => CollateralState::Exiting { since },
            CollateralState::Withdrawing { exited: None } => CollateralState::Open,
            other => other,
        }
    }
}
