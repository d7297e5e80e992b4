//! Which deposit each unit belongs to, so that no card or wallet gets back more than it gave.

use super::CollateralError;
use super::account::{CollateralAccount, sum};
use super::apply::{Outcome, moved, unknown};
use super::movement::{CollateralMovement, Effect, Part, Pocket, payable};
use crate::{Amount, TransferId};

impl CollateralAccount {
    /// The deposits that arrived and of which something is left, in the order in which they came.
    fn oldest_first(&self) -> Vec<TransferId> {
        let there = self.deposits.iter();
        let mut there: Vec<_> = there
            .filter(|(_, deposit)| !deposit.left.is_zero())
            .map(|(id, deposit)| (deposit.nth, *id))
            .collect();
        there.sort_unstable();
        there.into_iter().map(|(_, id)| id).collect()
    }

    /// Takes `amount` from what deposits have left: from `first`, then from the oldest on. Answers from which how much.
    ///
    /// What the account holds is what its deposits have left, so there is as much as it holds.
    pub(super) fn use_up(
        &mut self,
        first: Option<TransferId>,
        amount: Amount,
    ) -> Result<Vec<(TransferId, Amount)>, CollateralError> {
        let mut wanted = amount;
        let mut parts = Vec::new();
        for id in first.into_iter().chain(self.oldest_first()) {
            let Some(deposit) = self.deposits.get_mut(&id) else {
                continue;
            };
            let part = wanted.min(deposit.left);
            if !part.is_zero() {
                (deposit.left, wanted) =
                    (deposit.left.checked_sub(part)?, wanted.checked_sub(part)?);
                parts.push((id, part));
            }
        }
        Ok(parts)
    }

    /// How a withdrawal of `amount` is paid: to the youngest deposits first, to cards in whole cents. Changes nothing.
    pub(super) fn parts_for(
        &self,
        withdrawal: TransferId,
        amount: Amount,
    ) -> Result<Vec<Part>, CollateralError> {
        let mut wanted = amount;
        let mut parts = Vec::new();
        for deposit_id in self.oldest_first().into_iter().rev() {
            let Some(deposit) = self.deposits.get(&deposit_id) else {
                continue;
            };
            let to_card = deposit.source == super::Source::Card && !deposit.is_deaf;
            let amount = payable(wanted.min(deposit.left), deposit.source, to_card)?;
            if amount.is_zero() {
                continue;
            }
            wanted = wanted.checked_sub(amount)?;
            parts.push(Part {
                withdrawal,
                deposit: deposit_id,
                source: deposit.source,
                to_card,
                amount,
                failed: false,
            });
        }
        Ok(parts)
    }

    /// Pays these parts, which were found just now.
    pub(super) fn pay(
        &mut self,
        parts: Vec<Part>,
    ) -> Result<Vec<CollateralMovement>, CollateralError> {
        let mut movements = Vec::with_capacity(parts.len());
        for part in parts {
            if let Some(deposit) = self.deposits.get_mut(&part.deposit) {
                deposit.left = deposit.left.checked_sub(part.amount)?;
            }
            movements.push(CollateralMovement {
                from: Pocket::Withdrawing,
                to: Pocket::Origin(part.deposit),
                amount: part.amount,
            });
            while self.parts.len() >= Self::DEPOSITS_MAX {
                self.parts.pop_front();
            }
            self.parts.push_back(part);
        }
        Ok(movements)
    }

    /// What withdrawals paid to which deposit, the last [`DEPOSITS_MAX`](Self::DEPOSITS_MAX) of it, the oldest first.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter()
    }

    /// What of a deposit was not paid back, slashed or taken back; `None` of one that is not known.
    #[must_use]
    pub fn left_of(&self, deposit: TransferId) -> Option<Amount> {
        self.deposits.get(&deposit).map(|deposit| deposit.left)
    }

    /// All deposits that arrived, the oldest first: identifier, amount, source, and what is left of it.
    #[must_use]
    pub fn arrived(&self) -> Vec<(TransferId, Amount, super::Source, Amount)> {
        let there = self.deposits.iter().filter(|(_, one)| one.nth > 0);
        let mut there: Vec<_> = there.collect();
        there.sort_unstable_by_key(|(_, one)| one.nth);
        let shown = |(id, one): (&TransferId, &super::account::Deposit)| {
            (*id, one.amount, one.source, one.left)
        };
        there.into_iter().map(shown).collect()
    }

    /// What did not arrive is collateral again, and is paid by hand the next time.
    pub(super) fn fail_return(&mut self, withdrawal: TransferId, deposit: TransferId) -> Outcome {
        let mut parts = self.parts.iter_mut();
        let part = parts.find(|part| part.withdrawal == withdrawal && part.deposit == deposit);
        let Some(part) = part else {
            return Err(unknown(withdrawal));
        };
        if part.failed {
            return Ok(Effect::Exists);
        }
        let amount = part.amount;
        let Some(of) = self.deposits.get_mut(&deposit) else {
            return Err(unknown(deposit));
        };
        let left = of.left.checked_add(amount)?;
        let (free, paid_out) = (
            self.free.checked_add(amount)?,
            self.paid_out.checked_sub(amount)?,
        );
        (of.left, of.is_deaf) = (left, true);
        part.failed = true;
        (self.free, self.paid_out) = (free, paid_out);
        self.open();
        Ok(moved([(Pocket::Origin(deposit), Pocket::Free, amount)]))
    }

    /// What deposits have left, which is what the account holds.
    #[must_use]
    pub fn left(&self) -> Amount {
        sum(self.deposits.values().map(|deposit| deposit.left))
    }
}
