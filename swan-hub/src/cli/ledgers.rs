//! What the journals on a store come to: one, or those of several hubs that share its funds. It may be a moment behind those that
//! run.

use std::collections::BTreeMap;

use swan_core::ledger::{Account, AccountKey, Balance, Entry, Ledger};
use swan_core::{Amount, TransferId};

use super::admin::AdminError;
use crate::ledger::read_journal;
use crate::store::Store;

/// The ledgers, and what was granted beside them.
#[derive(Debug)]
pub(super) struct Ledgers {
    all: Vec<Ledger>,
    granted: BTreeMap<AccountKey, Amount>,
}

impl Ledgers {
    /// Reads every journal, and hands on the entries that can be applied.
    pub(super) async fn replay(
        store: &dyn Store,
        mut each: impl FnMut(Entry) + Send,
    ) -> Result<Self, AdminError> {
        let mut all = vec![replay(store, &mut each).await?];
        for other in store.others().await? {
            all.push(replay(&*other, &mut each).await?);
        }
        let granted = store.shared_grants().await?.into_iter().collect();
        Ok(Self { all, granted })
    }

    /// The counters of an account at all hubs together; what a hub draws and gives back, and what the till takes over, moves nothing here.
    pub(super) fn balance(&self, of: &AccountKey) -> Balance {
        let mut sum = Balance::default();
        let add =
            |all: &mut Amount, more: Amount| *all = all.checked_add(more).unwrap_or(Amount::MAX);
        for ledger in &self.all {
            let own = ledger.balance(of);
            let within = match of.account {
                Account::Consumer(id) => Some(Account::Slice(id)),
                Account::ProviderEarnings(id) => Some(Account::Earned(id)),
                _ => None,
            };
            let slice = within.map(|other| ledger.balance(&other.in_currency(of.currency)));
            let slice = slice.unwrap_or_default();
            let less = |all: Amount, inner: Amount| all.checked_sub(inner).unwrap_or(all);
            add(&mut sum.debits_pending, own.debits_pending);
            add(&mut sum.credits_pending, own.credits_pending);
            add(
                &mut sum.debits_posted,
                less(own.debits_posted, slice.credits_posted),
            );
            add(
                &mut sum.credits_posted,
                less(own.credits_posted, slice.debits_posted),
            );
        }
        if let Some(granted) = self.granted.get(of) {
            add(&mut sum.credits_posted, *granted);
        }
        sum
    }

    /// Between whom a transfer has moved how much, at whichever hub it was.
    pub(super) fn moved(&self, id: TransferId) -> Option<(AccountKey, AccountKey, Amount)> {
        self.all.iter().find_map(|ledger| ledger.moved(id))
    }
}

async fn replay(
    store: &dyn Store,
    each: &mut (impl FnMut(Entry) + Send),
) -> Result<Ledger, AdminError> {
    let mut ledger = Ledger::new();
    read_journal(store, 1, |entry| {
        // What cannot be applied is for `audit` to name; here it counts for nothing, as it does in a hub.
        if ledger.apply(&entry.group, entry.at).is_ok() {
            each(entry);
        }
    })
    .await?;
    Ok(ledger)
}
