//! Payments by card and deposits on a chain in the books: once each, and what an account owes is taken as soon as it has something.

use std::collections::BTreeSet;

use swan_core::ledger::{
    Account, AccountKey, Applied, BonusTerms, DepositTerms, Group, Ledger, PaymentTerms, Rule,
    entries,
};
use swan_core::{AccountId, Amount, Currency, Timestamp, TransferId};

use super::books::Core;
use super::drawing::Drawing;
use super::together::Outside;
use super::{Books, LedgerError};

/// The accounts that owe something. Nearly always none.
#[derive(Debug, Default)]
pub(super) struct Owing(BTreeSet<AccountId>);

impl Owing {
    /// Those of a ledger.
    pub(super) fn of(ledger: &Ledger) -> Self {
        let accounts = ledger.accounts();
        let owing = accounts
            .iter()
            .filter(|(_, balance)| balance.given() > Amount::ZERO);
        Self(owing.filter_map(|(key, _)| debtor(key)).collect())
    }

    /// Whether a group may bring money to those who owe something, or make somebody owe.
    pub(super) fn concerns(&self, group: &Group) -> bool {
        let rule = group.cause.rule;
        rule.takes_back() || !self.0.is_empty() && rule != Rule::Collection
    }

    pub(super) fn has(&self, account: AccountId) -> bool {
        !self.0.is_empty() && self.0.contains(&account)
    }
}

const fn debtor(key: &AccountKey) -> Option<AccountId> {
    match key.account {
        Account::Shortfall(account) => Some(account),
        _ => None,
    }
}

impl Core {
    /// What this group has brought to accounts that owe something goes to what they owe. Called after it was applied.
    pub(super) fn collect(&mut self, group: &Group, now: Timestamp) {
        if group.cause.rule.takes_back() {
            let debtors = group.transfers.iter();
            self.owing
                .0
                .extend(debtors.filter_map(|transfer| debtor(&transfer.debit)));
        }
        let touched: BTreeSet<AccountId> = group
            .transfers
            .iter()
            .flat_map(|transfer| [transfer.debit.account, transfer.credit.account])
            .filter_map(|account| match account {
                Account::Consumer(id) | Account::Shortfall(id) => Some(id),
                _ => None,
            })
            .filter(|id| self.owing.0.contains(id))
            .collect();
        for account in touched {
            let mut owes = false;
            for currency in Currency::ALL {
                owes |= self.collect_from(account, currency, now);
            }
            if !owes {
                self.owing.0.remove(&account);
            }
        }
    }

    /// Answers whether something is still owed in this currency.
    fn collect_from(&mut self, account: AccountId, currency: Currency, now: Timestamp) -> bool {
        let owed = self.shortfall(account, currency);
        let funds = Account::Consumer(account).in_currency(currency);
        let amount = owed.min(self.ledger.available(&funds));
        if amount > Amount::ZERO {
            let group = entries::collection(self.next_seq, account, currency, amount);
            if let Err(rejected) = self.commit(group, now) {
                // Both balances were read under the same lock, so there is nothing that could refuse it.
                tracing::error!(%account, %rejected, "what an account owes was not collected");
            }
        }
        self.shortfall(account, currency) > Amount::ZERO
    }

    fn shortfall(&self, account: AccountId, currency: Currency) -> Amount {
        let key = Account::Shortfall(account).in_currency(currency);
        self.ledger.balance(&key).given()
    }
}

impl Books {
    /// Books what was paid by card, went back to it, or was taken back; answers when that survives a crash.
    ///
    /// The same `id` moves money once, however often it is told. What is taken back and not there is owed by the account, which
    /// can set nothing aside until that is made good: whatever it receives goes there first.
    ///
    /// # Errors
    /// [`LedgerError::InsufficientFunds`] for a refund of more than there is, [`LedgerError::Duplicate`] for an id that was
    /// used for something else, and [`LedgerError::Unavailable`] while nothing new is taken.
    pub async fn pay(&self, terms: &PaymentTerms) -> Result<Applied, LedgerError> {
        if let Some(drawing) = &self.shared.drawing {
            let moved = Outside::payment(terms);
            return self.shared.move_together(drawing, moved).await;
        }
        self.move_from_outside(entries::payment(terms), terms.amount)
            .await
    }

    /// Books what came in on a chain, or what a replaced chain took back; answers when that survives a crash.
    ///
    /// As [`Books::pay`]: the same `id` moves money once, and what is taken back and not there is owed by the account.
    ///
    /// # Errors
    /// [`LedgerError::Duplicate`] for an id that was used for something else, and [`LedgerError::Unavailable`] while nothing
    /// new is taken.
    pub async fn deposit(&self, terms: &DepositTerms) -> Result<Applied, LedgerError> {
        if let Some(drawing) = &self.shared.drawing {
            let moved = Outside::deposit(terms);
            return self.shared.move_together(drawing, moved).await;
        }
        self.move_from_outside(entries::deposit(terms), terms.amount)
            .await
    }

    /// Gives what a deposit brings on top, or takes it back with its deposit; answers when that survives a crash.
    ///
    /// # Errors
    /// As [`Books::deposit`].
    pub(crate) async fn deposit_bonus(&self, terms: &BonusTerms) -> Result<Applied, LedgerError> {
        if let Some(drawing) = &self.shared.drawing {
            let moved = Outside::bonus(terms);
            return self.shared.move_together(drawing, moved).await;
        }
        let amount = terms.record.amount();
        self.move_from_outside(entries::deposit_bonus(terms), amount)
            .await
    }

    async fn move_from_outside(
        &self,
        group: Group,
        amount: Amount,
    ) -> Result<Applied, LedgerError> {
        let now = self.shared.clock.now();
        let (applied, seq) = {
            let mut core = self.shared.core.lock();
            self.shared.check_open(&core, group.cause.rule)?;
            core.commit(group, now)
                .map_err(|rejected| LedgerError::refused(rejected, amount))?
        };
        self.settled(seq).durable().await?;
        Ok(applied)
    }

    /// Whether a movement by card or chain was booked; of several hubs by any of them, as far as that was read.
    #[must_use]
    pub fn knows(&self, id: TransferId) -> bool {
        let at_the_till = |drawing: &Drawing| drawing.till.look(|ledger| ledger.knows(id));
        self.shared.core.lock().ledger.knows(id)
            || self.shared.drawing.as_ref().is_some_and(at_the_till)
    }

    /// What an account owes because a card processor or a chain took back more than was there.
    #[must_use]
    pub fn shortfall(&self, account: AccountId, currency: Currency) -> Amount {
        if let Some(drawing) = &self.shared.drawing {
            return drawing.shortfall(account, currency);
        }
        self.shared.core.lock().shortfall(account, currency)
    }

    /// Whether an account owes something, and can set nothing aside until that is made good.
    #[must_use]
    pub fn is_frozen(&self, account: AccountId) -> bool {
        self.shared.owes(&self.shared.core.lock(), account)
    }
}
