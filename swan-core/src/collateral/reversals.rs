//! What card processors take back by themselves: it is gone whether or not the account still has it.

use super::CollateralError;
use super::account::{CollateralAccount, Taken, sum};
use super::apply::{Outcome, conflict, moved, positive, room, unknown};
use super::movement::{CollateralMovement, Effect, Pocket};
use crate::{Amount, Timestamp, TransferId};

impl CollateralAccount {
    /// Takes what is there, as a penalty does, and of the deposit itself first; the rest is owed.
    pub(super) fn take_back(
        &mut self,
        id: TransferId,
        deposit: TransferId,
        amount: Amount,
        now: Timestamp,
    ) -> Outcome {
        positive(amount)?;
        if let Some(known) = self.taken.get(&id) {
            return match (known.deposit == deposit, known.asked == amount) {
                (true, true) => Ok(Effect::Exists),
                (false, _) => Err(conflict(id, "deposit")),
                (true, false) => Err(conflict(id, "amount")),
            };
        }
        let left = self.out_there(deposit)?;
        if amount > left {
            return Err(CollateralError::Beyond {
                deposit,
                amount,
                left,
            });
        }
        room(self.taken.len(), Self::DEPOSITS_MAX, "reversals")?;
        let there = amount.min(self.balance());
        let owed = amount.checked_sub(there)?;
        // Whatever is owed in all must stay an amount.
        Amount::checked_sum([self.owed(), owed])?;
        let to = Pocket::Origin(deposit);
        let (mut movements, _, _) = self.set_aside(to, there)?;
        let parts = self.use_up(Some(deposit), there)?;
        if !owed.is_zero() {
            let (from, amount) = (Pocket::Owed, owed);
            movements.push(CollateralMovement { from, to, amount });
        }
        let taken = Taken {
            deposit,
            asked: amount,
            parts,
            owed,
            is_over: false,
        };
        self.taken.insert(id, taken);
        self.reduced_at = Some(now);
        Ok(Effect::Moved(movements))
    }

    /// What of a payment is with us: it did not go back to its card, nor was it taken back. No card gets more than it paid, so
    /// a dispute of what is on its way to the card waits until that has failed.
    fn out_there(&self, deposit: TransferId) -> Result<Amount, CollateralError> {
        let paid = self.deposits.get(&deposit);
        let paid = paid.filter(|one| one.arrived == Some(true));
        let paid = paid.ok_or_else(|| unknown(deposit))?;
        let parts = self.parts.iter().filter(|part| part.deposit == deposit);
        let sent = parts.filter(|part| part.to_card && !part.failed);
        let taken = self.taken.values().filter(|one| one.deposit == deposit);
        let taken = taken.filter(|one| !one.is_over).map(|one| one.asked);
        let gone = sum(sent.map(|part| part.amount).chain(taken));
        Ok(paid.amount.checked_sub(gone)?)
    }

    /// Everything goes back to the deposits that it was taken from, and nothing is owed for it.
    pub(super) fn give_back(&mut self, id: TransferId) -> Outcome {
        let Some(taken) = self.taken.get(&id) else {
            return Err(unknown(id));
        };
        if taken.is_over {
            return Ok(Effect::Exists);
        }
        let (from, owed) = (Pocket::Origin(taken.deposit), taken.owed);
        let back = sum(taken.parts.iter().map(|(_, amount)| *amount));
        let free = self.free.checked_add(back)?;
        for (deposit, amount) in &taken.parts {
            if let Some(deposit) = self.deposits.get_mut(deposit) {
                deposit.left = deposit.left.checked_add(*amount)?;
            }
        }
        if let Some(taken) = self.taken.get_mut(&id) {
            (taken.parts, taken.owed, taken.is_over) = (Vec::new(), Amount::ZERO, true);
        }
        self.free = free;
        self.open();
        Ok(moved([
            (from, Pocket::Free, back),
            (from, Pocket::Owed, owed),
        ]))
    }

    /// What is free goes to what is owed, the oldest identifier first. Called after everything that happened.
    pub(super) fn make_good(
        &mut self,
        movements: &mut Vec<CollateralMovement>,
    ) -> Result<(), CollateralError> {
        if self.taken.is_empty() {
            return Ok(());
        }
        let owing = self.taken.iter().filter(|(_, one)| !one.owed.is_zero());
        let owing: Vec<_> = owing
            .map(|(id, one)| (*id, one.deposit, one.owed))
            .collect();
        for (id, deposit, owed) in owing {
            let amount = owed.min(self.free);
            if amount.is_zero() {
                continue;
            }
            let parts = self.use_up(Some(deposit), amount)?;
            self.free = self.free.checked_sub(amount)?;
            if let Some(taken) = self.taken.get_mut(&id) {
                taken.parts.extend(parts);
                taken.owed = taken.owed.checked_sub(amount)?;
            }
            let (from, to) = (Pocket::Free, Pocket::Owed);
            movements.push(CollateralMovement { from, to, amount });
        }
        Ok(())
    }

    /// The deposit that was taken back under this identifier.
    #[must_use]
    pub fn taken_of(&self, id: TransferId) -> Option<TransferId> {
        self.taken.get(&id).map(|taken| taken.deposit)
    }
}
