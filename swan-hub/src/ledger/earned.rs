//! What providers earn at a node, told to all: by entries that are durable, so that what was told is never taken back.

use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;
use swan_core::Amount;
use swan_core::ledger::{Account, AccountKey, Entry, Kind, Ledger};

use super::books::Shared;
use crate::store::{Pool, StoreError};

/// The most that one statement tells.
const AT_ONCE: usize = 1_000;

/// What providers have earned here since ever.
#[derive(Debug)]
pub(super) struct Earned(Mutex<Sums>);

#[derive(Debug, Default)]
struct Sums {
    all: HashMap<AccountKey, Amount>,
    /// Those that the others do not know yet.
    untold: BTreeMap<AccountKey, Amount>,
}

impl Earned {
    /// Of a ledger whose entries are durable, and told.
    pub(super) fn of(ledger: &Ledger) -> Self {
        let all = earnings(ledger).collect();
        Self(Mutex::new(Sums {
            all,
            untold: BTreeMap::new(),
        }))
    }

    /// Takes in what has become durable.
    pub(super) fn note(&self, entries: &[Entry]) {
        let mut sums = None;
        for transfer in entries.iter().flat_map(|entry| &entry.group.transfers) {
            let is_earned = matches!(transfer.credit.account, Account::ProviderEarnings(_));
            if !is_earned || transfer.kind != Kind::Posted {
                continue;
            }
            let sums: &mut Sums = sums.get_or_insert_with(|| self.0.lock());
            let all = sums.all.entry(transfer.credit).or_default();
            // The ledger has added the same, so the sum is an amount.
            *all = all.checked_add(transfer.amount).unwrap_or(*all);
            let all = *all;
            sums.untold.insert(transfer.credit, all);
        }
    }

    /// What a provider has earned here.
    pub(super) fn sum(&self, of: AccountKey) -> Amount {
        self.0.lock().all.get(&of).copied().unwrap_or_default()
    }

    /// Tells what the others do not know yet. Who gives up waiting for it leaves it untold.
    pub(super) async fn tell(&self, pool: &dyn Pool) -> Result<(), StoreError> {
        let untold = self.0.lock().untold.clone();
        tell(pool, untold.iter().map(|(of, sum)| (*of, *sum)).collect()).await?;
        let is_more = |of: &AccountKey, sum: &Amount| untold.get(of) != Some(sum);
        self.0.lock().untold.retain(|of, sum| is_more(of, sum));
        Ok(())
    }
}

/// Whatever providers have earned by a ledger. Nothing of it ever leaves a node.
fn earnings(ledger: &Ledger) -> impl Iterator<Item = (AccountKey, Amount)> {
    let accounts = ledger.accounts().into_iter();
    accounts
        .filter(|(of, _)| matches!(of.account, Account::ProviderEarnings(_)))
        .map(|(of, balance)| (of, balance.credits_posted))
}

/// Tells everything that a node has earned by its journal, all of which is durable.
pub(super) async fn tell_all(pool: &dyn Pool, ledger: &Ledger) -> Result<(), StoreError> {
    tell(pool, earnings(ledger).collect()).await
}

async fn tell(pool: &dyn Pool, earned: Vec<(AccountKey, Amount)>) -> Result<(), StoreError> {
    for some in earned.chunks(AT_ONCE) {
        pool.tell_earned(some).await?;
    }
    Ok(())
}

/// Tells what this node has earned since the last time.
pub(super) async fn tell_others(shared: &Shared) -> Result<(), StoreError> {
    match &shared.drawing {
        Some(drawing) => drawing.earned.tell(&*drawing.pool).await,
        None => Ok(()),
    }
}
