//! Payments by card at one of several hubs: booked in the till once, and what they bring or take is of the funds that all hubs share.

use std::time::Duration;

use swan_core::ledger::{Account, AccountKey, Applied, PaymentKind, PaymentTerms, entries};
use swan_core::{AccountId, Amount, Currency};
use tokio::time::{self, Instant};

use super::LedgerError;
use super::books::Shared;
use super::drawing::Drawing;
use super::till::{Mark, TRIES, overtaken};
use crate::store::PoolGrant;

/// How much longer than it takes others to give back what lies idle there a refund waits for that.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

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

/// Waits until so much of an account is free, if the account has it: what lies idle at other hubs they give back.
async fn wait_for(
    drawing: &Drawing,
    of: AccountKey,
    wanted: Amount,
    until: Instant,
) -> Result<(), LedgerError> {
    loop {
        let available = drawing.pool.free(of).await?;
        if available >= wanted {
            return Ok(());
        }
        let [everywhere, _] = drawing.pool.balance(of).await?;
        if everywhere < wanted || Instant::now() >= until {
            return Err(LedgerError::InsufficientFunds { available, wanted });
        }
        time::sleep(LOOK_AGAIN).await;
    }
}

/// Never more goes back than was paid in: what is taken back can be collected, then, once it is there.
fn check_paid_in(drawing: &Drawing, terms: &PaymentTerms) -> Result<(), LedgerError> {
    let shared = Account::Shared(terms.account).in_currency(terms.currency);
    let paid_in = drawing.till.look(|ledger| ledger.available(&shared));
    let owed = drawing.shortfall(terms.account, terms.currency);
    let available = paid_in.checked_sub(owed).unwrap_or_default();
    let wanted = terms.amount;
    match available < wanted {
        true => Err(LedgerError::InsufficientFunds { available, wanted }),
        false => Ok(()),
    }
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
        let group = entries::at_the_till(entries::payment(terms));
        let note = format!("{} of {}", terms.kind.rule().as_str(), terms.record.topup);
        let credit = PoolGrant::new(terms.id, (terms.account, terms.currency), change, &note);
        let credit = Some(&credit).filter(|credit| !credit.amount.is_zero());
        let takes = matches!(terms.kind, PaymentKind::Refund | PaymentKind::Reversal);
        let patience = Instant::now() + self.options.idle + PATIENCE;
        let mut applied = None;
        for _ in 0..TRIES {
            let mut mark = drawing.till.read_on().await?;
            let is_new = !drawing.till.look(|ledger| ledger.knows(terms.id));
            if is_new && takes {
                self.leave(drawing, of).await?;
                let is_there = match change < Amount::ZERO {
                    true => wait_for(drawing, of, terms.amount, patience).await,
                    false => Ok(()),
                };
                mark = drawing.till.read_on().await?;
                // What is no longer there may have been taken by another hub for the same.
                if !drawing.till.look(|ledger| ledger.knows(terms.id)) {
                    is_there?;
                    check_paid_in(drawing, terms)?;
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
