use swan_core::TransferId;
use swan_core::ledger::{AccountKey, Applied, Group, Rule};
use swan_core::{Amount, Currency, ProviderId};

use super::{Books, LedgerError};

impl Books {
    /// Applies a group that moves money at once; with the same ids it happens once. Answers when it survives a crash.
    ///
    /// # Errors
    /// When nothing new is taken, the hub shares its funds with others, or the ledger refuses it.
    pub(crate) async fn post(&self, group: Group) -> Result<Applied, LedgerError> {
        let amounts = group.transfers.iter().map(|transfer| transfer.amount);
        let amount = amounts.fold(Amount::ZERO, Amount::max);
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

    /// Whether a group of this rule would be taken now, for those who write something down before.
    ///
    /// # Errors
    /// As [`Books::post`].
    pub(crate) fn takes(&self, rule: Rule) -> Result<(), LedgerError> {
        self.shared.check_open(&self.shared.core.lock(), rule)
    }

    /// The sides and the amount of a transfer that moved money at once, if it is remembered.
    pub(crate) fn moved(&self, id: TransferId) -> Option<(AccountKey, AccountKey, Amount)> {
        self.read(|ledger| ledger.moved(id))
    }

    /// What a provider could be paid now.
    pub(crate) fn owed(&self, provider: ProviderId, currency: Currency) -> Amount {
        self.earnings(provider, currency).available()
    }
}
