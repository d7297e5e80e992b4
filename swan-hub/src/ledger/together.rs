//! Payments by card and deposits on a chain at one of several hubs: booked in the till once, and what they bring or take is of the funds
//! that all hubs share.

use std::time::Duration;

use swan_core::ledger::{
    Account, AccountKey, Applied, BonusTerms, DepositKind, DepositTerms, Group, PaymentKind,
    PaymentTerms, entries,
};
use swan_core::{AccountId, Amount, Currency, TransferId};
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

/// What a movement from outside, or back there, does to the shared funds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Brings,
    /// It goes back, of what is free.
    GoesBack,
    /// It is gone whether or not it is there: it is owed first, and then collected.
    IsTaken,
}

/// A movement from outside, or back there.
#[derive(Debug)]
pub(super) struct Outside {
    id: TransferId,
    account: AccountId,
    currency: Currency,
    amount: Amount,
    effect: Effect,
    group: Group,
    note: String,
}

impl Outside {
    pub(super) fn payment(terms: &PaymentTerms) -> Self {
        Self {
            id: terms.id,
            account: terms.account,
            currency: terms.currency,
            amount: terms.amount,
            effect: match terms.kind {
                PaymentKind::Refund => Effect::GoesBack,
                PaymentKind::Reversal => Effect::IsTaken,
                _ => Effect::Brings,
            },
            group: entries::at_the_till(entries::payment(terms)),
            note: format!("{} of {}", terms.kind.rule().as_str(), terms.record.topup),
        }
    }

    pub(super) fn deposit(terms: &DepositTerms) -> Self {
        Self {
            id: terms.id,
            account: terms.account,
            currency: terms.currency,
            amount: terms.amount,
            effect: by_chain(terms.kind),
            group: entries::at_the_till(entries::deposit(terms)),
            note: terms.record.deposit.to_string(),
        }
    }

    pub(super) fn bonus(terms: &BonusTerms) -> Self {
        Self {
            id: terms.id,
            account: terms.account,
            currency: terms.currency,
            amount: terms.record.amount(),
            effect: by_chain(terms.kind),
            group: entries::at_the_till(entries::deposit_bonus(terms)),
            note: format!("bonus of {}", terms.record.deposit),
        }
    }

    const fn of(&self) -> AccountKey {
        Account::Consumer(self.account).in_currency(self.currency)
    }

    /// What of it the shared funds get or give.
    fn grant(&self) -> Option<PoolGrant> {
        let change = match self.effect {
            Effect::Brings => self.amount,
            Effect::GoesBack => below_zero(self.amount),
            Effect::IsTaken => return None,
        };
        let whose = (self.account, self.currency);
        Some(PoolGrant::new(self.id, whose, change, &self.note))
    }
}

const fn by_chain(kind: DepositKind) -> Effect {
    match kind {
        DepositKind::Reversed => Effect::IsTaken,
        _ => Effect::Brings,
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
fn check_paid_in(drawing: &Drawing, terms: &Outside) -> Result<(), LedgerError> {
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
    /// Books it once, at whichever hub it is told.
    pub(super) async fn move_together(
        &self,
        drawing: &Drawing,
        moved: Outside,
    ) -> Result<Applied, LedgerError> {
        self.check_serving(&self.core.lock())?;
        let (of, grant) = (moved.of(), moved.grant());
        let patience = Instant::now() + self.options.idle + PATIENCE;
        let mut applied = None;
        for _ in 0..TRIES {
            let mut mark = drawing.till.read_on().await?;
            let is_new = !drawing.till.look(|ledger| ledger.knows(moved.id));
            if is_new && moved.effect != Effect::Brings {
                self.leave(drawing, of).await?;
                let is_there = match moved.effect {
                    Effect::GoesBack => wait_for(drawing, of, moved.amount, patience).await,
                    _ => Ok(()),
                };
                mark = drawing.till.read_on().await?;
                // What is no longer there may have been taken by another hub for the same.
                if !drawing.till.look(|ledger| ledger.knows(moved.id)) {
                    is_there?;
                    check_paid_in(drawing, &moved)?;
                }
            }
            let group = moved.group.clone();
            applied = drawing.till.book(mark, group, grant.as_ref()).await?;
            if applied.is_some() {
                break;
            }
        }
        let applied = applied.ok_or_else(overtaken)?;
        drawing.expect_more(of);
        if drawing.till.owes(moved.account)
            && let Err(error) = self.collect_together(drawing, moved.account).await
        {
            // The next look goes on with it.
            tracing::warn!(%error, account = %moved.account, "what an account owes is not collected yet");
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
