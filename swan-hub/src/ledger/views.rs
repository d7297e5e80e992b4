//! What the books show, without moving anything.

use std::sync::Arc;

use swan_core::ledger::{Account, AccountKey, Balance, Breach, Ledger, TrialRow};
use swan_core::{AccountId, Amount, Clock, Currency, ProviderId};

use super::Books;
use super::journal::Journal;

impl Books {
    /// The counters of a consumer's funds.
    #[must_use]
    pub fn balance(&self, account: AccountId, currency: Currency) -> Balance {
        self.read(|ledger| ledger.balance(&Account::Consumer(account).in_currency(currency)))
    }

    /// What a consumer could spend now.
    #[must_use]
    pub fn available(&self, account: AccountId, currency: Currency) -> Amount {
        self.balance(account, currency).available()
    }

    /// The counters of what a provider has earned.
    #[must_use]
    pub fn earnings(&self, provider: ProviderId, currency: Currency) -> Balance {
        self.read(|ledger| {
            ledger.balance(&Account::ProviderEarnings(provider).in_currency(currency))
        })
    }

    /// The counters of any account; what is set apart to be paid out stands in the till where several hubs keep one.
    pub(crate) fn balance_of(&self, account: &AccountKey) -> Balance {
        match (&self.shared.drawing, account.account) {
            (Some(drawing), Account::PayingOut(_)) => {
                drawing.till.look(|ledger| ledger.balance(account))
            }
            _ => self.read(|ledger| ledger.balance(account)),
        }
    }

    /// Both sides of every currency.
    #[must_use]
    pub fn trial_balance(&self) -> Vec<TrialRow> {
        self.read(Ledger::trial_balance)
    }

    /// By which clock entries are dated.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// Entries that wait to be written.
    pub(crate) fn queued(&self) -> usize {
        self.shared.core.lock().batch.len()
    }

    /// Entries that are on the disk, those of earlier hubs included.
    pub(crate) fn written(&self) -> u64 {
        self.shared.progress.durable()
    }

    /// What was written since the books were opened.
    pub(crate) fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// How many holds have not ended.
    #[must_use]
    pub fn pending_count(&self) -> usize {
        self.read(Ledger::pending_count)
    }

    /// Checks the state in memory. `swan-hub audit` checks the journal too.
    #[must_use]
    pub fn audit(&self) -> Vec<Breach> {
        self.read(Ledger::audit)
    }

    /// Whether new holds are taken; false while the store does not answer.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.shared.check_serving(&self.shared.core.lock()).is_ok()
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.shared.core.lock().ledger)
    }
}
