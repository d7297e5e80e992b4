//! Payments by card at one of several hubs: booked in the till once, and what they bring or take is of the funds that all hubs share.

use swan_core::ledger::{Account, AccountKey, Applied, PaymentKind, PaymentTerms, entries};
use swan_core::{AccountId, Amount, Currency};

use super::LedgerError;
use super::books::Shared;
use super::drawing::Drawing;
use super::till::{Mark, TRIES, overtaken};
use crate::store::PoolGrant;

/// What a payment adds to the shared funds. What the processor takes back is owed first, and then collected.
fn change(terms: &PaymentTerms) -> Amount {
    match terms.kind {
        PaymentKind::Topup | PaymentKind::RefundReturned | PaymentKind::ReversalReturned => {
            terms.amount
        }
        PaymentKind::Refund => below_zero(terms.amount),
        _ => Amount::ZERO,
    }
}

fn below_zero(amount: Amount) -> Amount {
    Amount::ZERO.checked_sub(amount).unwrap_or(Amount::ZERO)
}

impl Shared {
    /// Books a payment once, at whichever hub it is told.
    pub(super) async fn pay_together(
        &self,
        drawing: &Drawing,
        terms: &PaymentTerms,
    ) -> Result<Applied, LedgerError> {
        self.check_serving(&self.core.lock())?;
        let of = Account::Consumer(terms.account).in_currency(terms.currency);
        let change = change(terms);
        if change <= Amount::ZERO {
            self.leave(drawing, of).await?;
        }
        let group = entries::at_the_till(entries::payment(terms));
        let note = format!("{} of {}", terms.kind.rule().as_str(), terms.record.topup);
        let credit = PoolGrant::new(terms.id, (terms.account, terms.currency), change, &note);
        let credit = Some(&credit).filter(|credit| !credit.amount.is_zero());
        let mut applied = None;
        for _ in 0..TRIES {
            let mark = drawing.till.read_on().await?;
            let is_new = !drawing.till.look(|ledger| ledger.knows(terms.id));
            if is_new && change < Amount::ZERO {
                let (available, wanted) = (drawing.pool.free(of).await?, terms.amount);
                if available < wanted {
                    return Err(LedgerError::InsufficientFunds { available, wanted });
                }
            }
            applied = drawing.till.book(mark, group.clone(), credit).await?;
            if applied.is_some() {
                break;
            }
        }
        let applied = applied.ok_or_else(overtaken)?;
        drawing.expect_more(of);
        if drawing.till.owes(terms.account)
            && let Err(error) = self.collect_together(drawing, terms.account).await
        {
            // The next look goes on with it.
            tracing::warn!(%error, account = %terms.account, "what an account owes is not collected yet");
        }
        Ok(applied)
    }

    /// Reads what was booked, and takes from those who owe something what is there.
    pub(super) async fn collect_from_all(&self) -> Result<(), LedgerError> {
        let Some(drawing) = &self.drawing else {
            return Ok(());
        };
        drawing.till.read_on().await?;
        for account in drawing.till.owing() {
            self.collect_together(drawing, account).await?;
        }
        Ok(())
    }

    async fn collect_together(
        &self,
        drawing: &Drawing,
        account: AccountId,
    ) -> Result<(), LedgerError> {
        for currency in Currency::ALL {
            let of = Account::Consumer(account).in_currency(currency);
            if !drawing.shortfall(account, currency).is_zero() {
                self.leave(drawing, of).await?;
                self.collect_of(drawing, account, currency).await?;
            }
        }
        Ok(())
    }

    async fn collect_of(
        &self,
        drawing: &Drawing,
        account: AccountId,
        currency: Currency,
    ) -> Result<(), LedgerError> {
        let of = Account::Consumer(account).in_currency(currency);
        for _ in 0..TRIES {
            let mark = drawing.till.read_on().await?;
            let owed = drawing.shortfall(account, currency);
            let shared = Account::Shared(account).in_currency(currency);
            let paid_in = drawing.till.look(|ledger| ledger.available(&shared));
            let amount = owed.min(paid_in).min(drawing.pool.free(of).await?);
            if amount <= Amount::ZERO {
                return Ok(());
            }
            let Mark(seq) = mark;
            let group = entries::collection(seq, account, currency, amount);
            let Some(id) = group.transfers.first().map(|one| one.id) else {
                return Ok(());
            };
            let note = "what it owed";
            let taken = PoolGrant::new(id, (account, currency), below_zero(amount), note);
            let group = entries::at_the_till(group);
            if drawing
                .till
                .book(mark, group, Some(&taken))
                .await?
                .is_some()
            {
                return Ok(());
            }
        }
        Err(overtaken())
    }

    /// Gives back what this node has at hand of an account.
    async fn leave(&self, drawing: &Drawing, of: AccountKey) -> Result<(), LedgerError> {
        let turn = drawing.turns.lock().get(&of).cloned();
        match turn {
            Some(turn) => Ok(self.tell(drawing, of, &turn, true).await?),
            None => Ok(()),
        }
    }
}

impl Drawing {
    /// What an account owes, as far as the till was read.
    pub(super) fn shortfall(&self, account: AccountId, currency: Currency) -> Amount {
        let key = Account::Shortfall(account).in_currency(currency);
        self.till.look(|ledger| ledger.balance(&key).given())
    }
}
